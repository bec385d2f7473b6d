import { measureReactiveLoop } from '../ReactiveLoop.ts'
import type { Workload } from '../Workload.ts'
import type { Engine } from './CommitWorkload.ts'
import { engineSuffix, memoryAdapterOn, onEngine } from './EngineAdapter.ts'

const makeReactiveWorkload = (engine: Engine): Workload => ({
  name: `reactive${engineSuffix(engine)}`,
  about: `B2: write five rows in one commit until the five dirty ones of 100 subscriptions of 10 kB each have theirs${onEngine(engine)}`,
  sides: [
    {
      name: 'headwater',
      engine,
      run: async () => {
        const { openHeadwaterReactive } = await import('./HeadwaterReactive.ts')
        return measureReactiveLoop(openHeadwaterReactive(await memoryAdapterOn(engine)))
      },
    },
    {
      name: 'raw+capture',
      engine: 'better-sqlite3',
      run: async () => measureReactiveLoop((await import('./RawReactive.ts')).openRawReactive),
    },
  ],
  figures: [
    { name: 'p50', unit: 'ms', about: 'median of 1,000 writes', comparisons: [{ against: 'raw+capture' }] },
    {
      name: 'p95',
      unit: 'ms',
      about: '95th percentile of the same',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 1 } }, { against: 'raw+capture' }],
    },
  ],
})

export const reactiveWorkload: Workload = makeReactiveWorkload('better-sqlite3')
export const reactiveWasmWorkload: Workload = makeReactiveWorkload('wa-sqlite')
