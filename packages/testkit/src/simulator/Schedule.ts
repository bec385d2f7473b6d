/**
 * A seed's schedule as data: which steps, when, and with which dice. A failing one is made shorter by leaving steps out.
 */
import { Dice } from './Dice.ts'
import { type StepName, stepWeights } from './Steps.ts'

export interface ScheduledStep {
  /** Place in the whole schedule; what `--steps` names. */
  readonly index: number
  readonly name: StepName
  /** Seed of the step's own dice. */
  readonly seed: number
  /** Virtual time until the next step. **Units** ms. */
  readonly waitMs: number
}

/** How long steps go on, on average. **Units** virtual ms. */
const busyMs = 2000

export const makeSchedule = (seed: number): ReadonlyArray<ScheduledStep> => {
  const dice = new Dice(seed ^ 0x5eed)
  // Swarm: every seed has its own weights, so that rare faults meet often in some of them.
  const weighted = (Object.entries(stepWeights) as Array<[StepName, number]>).map(
    ([name, weight]) => [name, name === 'commit' ? weight : weight * dice.pick([0, 0, 0.3, 1, 1, 5])!] as const,
  )
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0)
  const schedule: Array<ScheduledStep> = []
  const end = busyMs * (0.2 + dice.random() * 1.6)
  for (let atMs = 0, index = 0; atMs < end; index++) {
    let left = dice.random() * total
    const [name] = weighted.find(([, weight]) => (left -= weight) < 0) ?? weighted[0]!
    const waitMs = dice.random() * 60
    schedule.push({ index, name, seed: dice.integer(2 ** 32), waitMs })
    atMs += waitMs
  }
  return schedule
}
