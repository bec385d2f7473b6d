import type { Workload } from './Workload.ts'
import { batchWasmWorkload, batchWorkload, commitWasmWorkload, commitWorkload } from './workload/CommitWorkload.ts'
import { durableWorkload } from './workload/DurableWorkload.ts'
import { followWorkload, secondSessionWorkload } from './workload/FollowWorkload.ts'
import { httpWorkload } from './workload/HttpWorkload.ts'
import { installWorkload } from './workload/InstallWorkload.ts'
import {
  peerBatchWorkload,
  peerCommitWorkload,
  peerLiveWorkload,
  peerMemoryWorkload,
  peerTightLongWorkload,
  peerTightWorkload,
} from './workload/PeerWorkload.ts'
import { liveQueriesWorkload } from './workload/LiveQueriesWorkload.ts'
import { reactiveWorkload } from './workload/ReactiveWorkload.ts'
import { readWorkload } from './workload/ReadWorkload.ts'
import { peerReopenLongWorkload, peerReopenWorkload } from './workload/PeerReopenWorkload.ts'
import { rebaseWorkload } from './workload/RebaseWorkload.ts'
import { reopenUnsyncedWorkload, reopenWorkload } from './workload/ReopenWorkload.ts'
import { sortedRowsWorkload } from './workload/SortedRowsWorkload.ts'
import { lagWorkload, liveWorkload, loadWorkload, storesWorkload, visibleWorkload } from './workload/LoadWorkload.ts'
import {
  webCommitWorkload,
  webDurableWorkload,
  webFollowWorkload,
  webReactiveWorkload,
  webRebaseWorkload,
  webReopenWorkload,
  webSortedRowsWorkload,
} from './workload/WebWorkload.ts'
import { wireWorkload } from './workload/WireWorkload.ts'

/** Every workload, in the order in which they run. */
export const workloads: ReadonlyArray<Workload> = [
  commitWorkload,
  commitWasmWorkload,
  batchWorkload,
  batchWasmWorkload,
  liveQueriesWorkload,
  sortedRowsWorkload,
  reactiveWorkload,
  readWorkload,
  durableWorkload,
  httpWorkload,
  followWorkload,
  secondSessionWorkload,
  rebaseWorkload,
  reopenWorkload,
  reopenUnsyncedWorkload,
  wireWorkload,
  loadWorkload,
  lagWorkload,
  storesWorkload,
  liveWorkload,
  visibleWorkload,
  webCommitWorkload,
  webDurableWorkload,
  webSortedRowsWorkload,
  webReactiveWorkload,
  webRebaseWorkload,
  webReopenWorkload,
  webFollowWorkload,
  peerCommitWorkload,
  peerLiveWorkload,
  peerTightWorkload,
  peerTightLongWorkload,
  peerBatchWorkload,
  peerMemoryWorkload,
  peerReopenWorkload,
  peerReopenLongWorkload,
  installWorkload,
]

export const workloadNamed = (name: string): Workload | undefined =>
  workloads.find((workload) => workload.name === name)
