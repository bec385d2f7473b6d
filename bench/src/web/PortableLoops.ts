import type { Adapter } from '@headwater/core'
import { commitsPerTurn, measureBatches, measureCommits } from '../CommitLoop.ts'
import { measureDurable } from '../DurableLoop.ts'
import { measureFollow } from '../FollowLoop.ts'
import { measureReactiveLoop } from '../ReactiveLoop.ts'
import { measureRebase } from '../RebaseLoop.ts'
import { reopenedPlace } from '../ReopenedPlace.ts'
import { measureSortedRows } from '../SortedRowsLoop.ts'
import type { Measurement } from '../Workload.ts'
import { openHeadwaterDurable } from '../workload/HeadwaterDurable.ts'
import { type FollowerLine, openHeadwaterFollow } from '../workload/HeadwaterFollow.ts'
import { openHeadwater } from '../workload/HeadwaterLoop.ts'
import { openHeadwaterReactive } from '../workload/HeadwaterReactive.ts'
import { openHeadwaterRebase } from '../workload/HeadwaterRebase.ts'
import { openHeadwaterSortedRows } from '../workload/HeadwaterSortedRows.ts'

/** Where a loop runs. */
export interface LoopHost {
  /** An adapter whose store at that place is empty in the beginning; the same place, the same store. */
  readonly adapterAt: (place: string) => Adapter
  /** Opens a second session of the store at that place in a thread or tab of its own. */
  readonly openFollower: (place: string) => Promise<FollowerLine>
}

/** What runs in a page and on Node alike, leader in a worker, files on the disk. */
export const portableLoops = {
  commit: async ({ adapterAt }: LoopHost): Promise<Measurement> => {
    let stores = 0
    const open = openHeadwater(() => adapterAt(`commit-${stores++}`))
    // Chromium's clock is too coarse for one.
    const singles = await measureCommits(open, commitsPerTurn)
    const batches = await measureBatches(open)
    const { median, tight, growth } = singles.figures
    return {
      figures: { median, tight, growth, batch: batches.figures.mean },
      checksum: `${singles.checksum}-${batches.checksum}`,
    }
  },
  durable: ({ adapterAt }: LoopHost) => measureDurable(openHeadwaterDurable(reopenedPlace(adapterAt('durable')))),
  sortedRows: ({ adapterAt }: LoopHost) => measureSortedRows(openHeadwaterSortedRows(adapterAt('sorted-rows'))),
  reactive: ({ adapterAt }: LoopHost) => measureReactiveLoop(openHeadwaterReactive(adapterAt('reactive'))),
  rebase: ({ adapterAt }: LoopHost) => measureRebase(openHeadwaterRebase(reopenedPlace(adapterAt('rebase')))),
  follow: ({ adapterAt, openFollower }: LoopHost) =>
    measureFollow(openHeadwaterFollow(reopenedPlace(adapterAt('follow')), () => openFollower('follow'))),
} satisfies Readonly<Record<string, (host: LoopHost) => Promise<Measurement>>>

export type LoopName = keyof typeof portableLoops
