import { measureReads } from '../ReadLoop.ts'
import type { Figure, Workload } from '../Workload.ts'
import type { Engine } from './CommitWorkload.ts'
import { engineSuffix, memoryAdapterOn, onEngine } from './EngineAdapter.ts'

const figure = (name: string, about: string): Figure => ({ name, unit: 'µs', about, comparisons: [{ against: 'raw' }] })

const makeReadWorkload = (engine: Engine): Workload => ({
  name: `reads${engineSuffix(engine)}`,
  about: `queries of a table of 10,000 rows that nobody subscribes to, built for each call${onEngine(engine)}`,
  sides: [
    {
      name: 'headwater',
      engine,
      run: async () => {
        const { openHeadwaterReads } = await import('./HeadwaterReads.ts')
        return measureReads(openHeadwaterReads(await memoryAdapterOn(engine)))
      },
    },
    {
      name: 'raw',
      engine: 'better-sqlite3',
      run: async () => measureReads((await import('./RawReads.ts')).openRawReads),
    },
  ],
  figures: [
    figure('point', 'one row by its id'),
    figure('list', 'a list of 1,000 rows, sorted'),
    figure('count', 'how many rows of a list there are from a position on'),
  ],
})

export const readWorkload: Workload = makeReadWorkload('better-sqlite3')
export const readWasmWorkload: Workload = makeReadWorkload('wa-sqlite')
