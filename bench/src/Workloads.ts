import type { Workload } from './Workload.ts'
import { batchWasmWorkload, batchWorkload, commitWasmWorkload, commitWorkload } from './workload/CommitWorkload.ts'
import { durableWorkload } from './workload/DurableWorkload.ts'
import { httpWorkload } from './workload/HttpWorkload.ts'
import { rebaseWorkload } from './workload/RebaseWorkload.ts'
import { reopenUnsyncedWorkload, reopenWorkload } from './workload/ReopenWorkload.ts'

/** Every workload, in the order in which they run. */
export const workloads: ReadonlyArray<Workload> = [
  commitWorkload,
  commitWasmWorkload,
  batchWorkload,
  batchWasmWorkload,
  durableWorkload,
  httpWorkload,
  rebaseWorkload,
  reopenWorkload,
  reopenUnsyncedWorkload,
]

export const workloadNamed = (name: string): Workload | undefined =>
  workloads.find((workload) => workload.name === name)
