import { type BenchResult, makeResults } from './BenchResult.ts'
import { runProcess } from './RunProcess.ts'
import type { Measurement, Workload } from './Workload.ts'

/** Told what is going on, for a person who waits. */
export type OnRun = (what: {
  readonly workload: string
  readonly side: string
  readonly round: number
  readonly rounds: number
}) => void

/** Runs a workload: in every round all sides one after the other, so that a busy machine is busy for all. **Fails with** `RunFailed`, `ChecksumMismatch`. */
export const runWorkload = async (
  workload: Workload,
  rounds: number,
  onRun: OnRun,
): Promise<ReadonlyArray<BenchResult>> => {
  const bySide = new Map<string, Array<Measurement>>(workload.sides.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const { name } of workload.sides) {
      onRun({ workload: workload.name, side: name, round, rounds })
      bySide.get(name)!.push(await runProcess({ workload: workload.name, side: name }))
    }
  }
  return makeResults(workload, bySide)
}
