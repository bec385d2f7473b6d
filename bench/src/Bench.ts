import { type BenchResult, makeResults } from './BenchResult.ts'
import { RunFailed, runProcess } from './RunProcess.ts'
import type { Measurement, Peer, Side, Workload } from './Workload.ts'

/** Told what is going on, for a person who waits. */
export type OnRun = (what: {
  readonly workload: string
  readonly side: string
  readonly round: number
  readonly rounds: number
}) => void

/** What is to be run of every workload. */
export interface BenchPlan {
  readonly rounds: number
  readonly isFull: boolean
  /** Those that are installed and wanted. */
  readonly peers: ReadonlySet<Peer>
}

export interface BenchOutcome {
  readonly results: ReadonlyArray<BenchResult>
  /** One line for each peer that ended without a measurement; its rows are left out. */
  readonly failures: ReadonlyArray<string>
}

/** The sides of a workload that run: none where no row would come of them, with only one of two that are compared. */
export const plannedSides = (workload: Workload, { isFull, peers }: BenchPlan): ReadonlyArray<Side> => {
  const sides = workload.sides.filter(
    (side) => (side.peer === undefined || peers.has(side.peer)) && (isFull || side.isSlow !== true),
  )
  const runs = (name: string | undefined): boolean => sides.some((side) => side.name === name)
  const hasRow = workload.figures.some(({ comparisons }) =>
    comparisons.some(
      ({ side = workload.sides[0]?.name, against }) => runs(side) && (against === null || runs(against)),
    ),
  )
  return hasRow ? sides : []
}

/**
 * Runs a workload: in every round all sides one after the other, so that a busy machine is busy for all. Slow sides run
 * in the first round only.
 *
 * **Fails with**  `RunFailed` for a side that is no peer's, `ChecksumMismatch`.
 */
export const runWorkload = async (workload: Workload, plan: BenchPlan, onRun: OnRun): Promise<BenchOutcome> => {
  const bySide = new Map<string, Array<Measurement>>()
  const failed = new Map<string, string>()
  for (let round = 1; round <= plan.rounds; round++) {
    for (const side of plannedSides(workload, plan)) {
      if (failed.has(side.name) || (side.isSlow === true && round > 1)) continue
      onRun({ workload: workload.name, side: side.name, round, rounds: side.isSlow === true ? 1 : plan.rounds })
      const run = await runSide(workload, side)
      if (run instanceof RunFailed) failed.set(side.name, run.message)
      else bySide.set(side.name, [...(bySide.get(side.name) ?? []), run])
    }
  }
  for (const name of failed.keys()) bySide.delete(name)
  return { results: bySide.size === 0 ? [] : makeResults(workload, bySide), failures: [...failed.values()] }
}

/** A run that takes longer hangs. */
const slowTimeoutMs = 900_000

const runSide = async (workload: Workload, side: Side): Promise<Measurement | RunFailed> => {
  const timeout = side.isSlow === true ? { timeoutMs: slowTimeoutMs } : {}
  try {
    return await runProcess({ workload: workload.name, side: side.name, ...timeout })
  } catch (error) {
    // A peer's trouble is no reason to lose our own figures.
    if (error instanceof RunFailed && side.peer !== undefined) return error
    throw error
  }
}
