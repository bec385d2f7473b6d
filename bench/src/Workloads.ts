import type { Workload } from './Workload.ts'
import { batchWorkload, commitWorkload } from './workload/CommitWorkload.ts'
import { durableWorkload } from './workload/DurableWorkload.ts'
import { httpWorkload } from './workload/HttpWorkload.ts'

/** Every workload, in the order in which they run. */
export const workloads: ReadonlyArray<Workload> = [commitWorkload, batchWorkload, durableWorkload, httpWorkload]

export const workloadNamed = (name: string): Workload | undefined =>
  workloads.find((workload) => workload.name === name)
