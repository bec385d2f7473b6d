import { seededRandom } from '../SeededRandom.ts'

/**
 * A seeded source of randomness. Everybody in a simulation throws dice of their own, so that leaving a step out of a
 * schedule changes as little as possible for the rest.
 */
export class Dice {
  /** Uniform in [0, 1). */
  readonly random: () => number

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  /** An integer in [0, below). */
  integer(below: number): number {
    return Math.floor(this.random() * below)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** One of them; `undefined` if there are none. */
  pick<A>(values: ReadonlyArray<A>): A | undefined {
    return values[this.integer(values.length)]
  }

  /** Other dice, which depend on these and on what was thrown before. */
  fork(): Dice {
    return new Dice(this.integer(2 ** 32))
  }
}
