import { peerSide } from '../PeerProject.ts'
import { measureSortedRows } from '../SortedRowsLoop.ts'
import type { Figure, Workload } from '../Workload.ts'
import type { Engine } from './CommitWorkload.ts'
import { engineSuffix, memoryAdapterOn, onEngine } from './EngineAdapter.ts'

const figure = (name: string, about: string, targetMs: number): Figure => ({
  name,
  unit: 'ms',
  about,
  comparisons: [
    { against: null, target: { of: 'median', is: '<=', value: targetMs } },
    { against: 'tanstack', target: { of: 'gain', is: '>=', value: 1 } },
  ],
})

const changesTargetMs = 0.3
const arrayTargetMs = 1.5

const makeSortedRowsWorkload = (engine: Engine): Workload => ({
  name: `sorted-rows${engineSuffix(engine)}`,
  about: `B1: update one row of a sorted live query over 100,000 rows until the subscriber has the result${onEngine(engine)}`,
  sides: [
    {
      name: 'headwater',
      engine,
      run: async () => {
        const { openHeadwaterSortedRows } = await import('./HeadwaterSortedRows.ts')
        return measureSortedRows(openHeadwaterSortedRows(await memoryAdapterOn(engine)))
      },
    },
    peerSide('tanstack', 'sorted-rows', { engine: 'none' }),
  ],
  figures: [
    figure('renameChanges', 'changes and the first 100 rows, the row keeps its place', changesTargetMs),
    figure('moveChanges', 'changes and the first 100 rows, the row moves to another place', changesTargetMs),
    figure('renameArray', 'the whole result as an array, the row keeps its place', arrayTargetMs),
    figure('moveArray', 'the whole result as an array, the row moves to another place', arrayTargetMs),
  ],
})

export const sortedRowsWorkload: Workload = makeSortedRowsWorkload('better-sqlite3')
export const sortedRowsWasmWorkload: Workload = makeSortedRowsWorkload('wa-sqlite')
