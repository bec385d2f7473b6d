import { peerSide } from '../PeerProject.ts'
import { measureSortedRows } from '../SortedRowsLoop.ts'
import type { Figure, Workload } from '../Workload.ts'
import { forBoth, oursOnBoth } from './BothEngines.ts'

const figure = (name: string, about: string, targetMs: number): Figure => ({
  name,
  unit: 'ms',
  about,
  comparisons: forBoth(
    { against: null, target: { of: 'median', is: '<=', value: targetMs } },
    { against: 'tanstack', target: { of: 'gain', is: '>=', value: 1 } },
  ),
})

const changesTargetMs = 0.3
const arrayTargetMs = 1.5

export const sortedRowsWorkload: Workload = {
  name: 'sorted-rows',
  about: 'B1: update one row of a sorted live query over 100,000 rows until the subscriber has the result',
  sides: [
    ...oursOnBoth(async (adapter) => {
      const { openHeadwaterSortedRows } = await import('./HeadwaterSortedRows.ts')
      return measureSortedRows(openHeadwaterSortedRows(adapter))
    }),
    peerSide('tanstack', 'sorted-rows', { engine: 'none' }),
  ],
  figures: [
    figure('renameChanges', 'changes and the first 100 rows, the row keeps its place', changesTargetMs),
    figure('moveChanges', 'changes and the first 100 rows, the row moves to another place', changesTargetMs),
    figure('renameArray', 'the whole result as an array, the row keeps its place', arrayTargetMs),
    figure('moveArray', 'the whole result as an array, the row moves to another place', arrayTargetMs),
  ],
}
