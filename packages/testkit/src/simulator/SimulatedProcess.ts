import type { Environment } from '@headwater/core/adapter'
import * as Clock from 'effect/Clock'
import * as Context from 'effect/Context'
import * as Duration from 'effect/Duration'
import * as Effect from 'effect/Effect'
import * as Random from 'effect/Random'
import * as Scheduler from 'effect/Scheduler'
import type { Dice } from './Dice.ts'
import type { World } from './World.ts'

/** Thrown where a process dies. Nothing that it does afterwards reaches anybody. */
export class Crash extends Error {}

export interface SimulatedProcessOptions {
  readonly world: World
  readonly dice: Dice
  readonly log: Environment['log']
  /** Called once, when it dies before its time. */
  readonly onDeath?: () => void
}

/** What a process can be made to die of: before it has run that many more of them. */
export type Mortal = 'tasks' | 'disk operations'

/**
 * A process of the simulation: its tasks, timers and fibers run on the world's clock. It can die between any two tasks
 * and at any operation on its disk, and it can be frozen: its tasks wait, in order, until it thaws.
 */
export class SimulatedProcess {
  readonly environment: Environment
  readonly #options: SimulatedProcessOptions
  readonly #left: Record<Mortal, number> = {
    tasks: Number.POSITIVE_INFINITY,
    'disk operations': Number.POSITIVE_INFINITY,
  }
  /** What came due while it was frozen. */
  #waiting: Array<() => void> | null = null
  #isAlive = true

  constructor(options: SimulatedProcessOptions) {
    this.#options = options
    this.environment = this.#makeEnvironment(options)
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isFrozen(): boolean {
    return this.#waiting !== null
  }

  /** Dies before it has run that many more. */
  dieWithin(count: number, mortal: Mortal): void {
    this.#left[mortal] = count
  }

  /** Nothing kills it any more but `kill`. */
  spare(): void {
    this.#left.tasks = this.#left['disk operations'] = Number.POSITIVE_INFINITY
  }

  /** Dies now. */
  kill(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    this.#options.onDeath?.()
  }

  /** Ends in peace. */
  end(): void {
    this.#isAlive = false
  }

  freeze(): void {
    if (this.#isAlive) this.#waiting ??= []
  }

  thaw(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const task of waiting) this.#schedule(0, task)
  }

  /** Counts one; false if the process did not live to do it. */
  outlives(mortal: Mortal): boolean {
    if (this.#isAlive && --this.#left[mortal] < 0) this.kill()
    return this.#isAlive
  }

  /** **Fails with** `Crash` when it is dead. */
  mustLive(): void {
    if (!this.#isAlive) throw new Crash('a dead process goes on')
  }

  #schedule(delayMs: number, task: () => void): () => void {
    let isCancelled = false
    const run = (): void => {
      if (!isCancelled) task()
    }
    const cancel = this.#options.world.schedule(delayMs, () => this.#run(run))
    return () => {
      // It may have come due already, and wait for the thaw.
      isCancelled = true
      cancel()
    }
  }

  #run(task: () => void): void {
    if (this.#waiting !== null) return void this.#waiting.push(task)
    if (!this.outlives('tasks')) return
    try {
      task()
    } catch (error) {
      // A crash ends the task that it happens in.
      if (!(error instanceof Crash)) throw error
    }
  }

  #makeEnvironment({ world, dice, log }: SimulatedProcessOptions): Environment {
    const schedule = (delayMs: number, task: () => void) => this.#schedule(delayMs, task)
    const services = Context.make(Clock.Clock, makeClock(world)).pipe(
      Context.add(Scheduler.Scheduler, new Scheduler.MixedScheduler('async', (task) => schedule(0, task))),
      Context.add(Random.Random, { nextIntUnsafe: () => dice.integer(2 ** 31), nextDoubleUnsafe: dice.random }),
    )
    return {
      now: () => Math.floor(world.now),
      random: dice.random,
      randomBytes: (length) => Uint8Array.from({ length }, () => dice.integer(256)),
      defer: (task) => void schedule(dice.random() * 0.5, task),
      microtask: (task) => void schedule(0, task),
      setTimer: (task, delayMs) => schedule(delayMs, task),
      runFork: (effect) => Effect.runForkWith(services)(effect as Effect.Effect<never>) as never,
      log,
    }
  }
}

const makeClock = (world: World): Clock.Clock => ({
  currentTimeMillisUnsafe: () => Math.floor(world.now),
  currentTimeMillis: Effect.sync(() => Math.floor(world.now)),
  currentTimeNanosUnsafe: () => BigInt(Math.floor(world.now)) * 1_000_000n,
  currentTimeNanos: Effect.sync(() => BigInt(Math.floor(world.now)) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => BigInt(Math.floor(world.now * 1_000_000)),
  monotonicTimeNanos: Effect.sync(() => BigInt(Math.floor(world.now * 1_000_000))),
  sleep: (duration) =>
    Effect.callback<void>((resume) => {
      const cancel = world.schedule(Duration.toMillis(duration), () => resume(Effect.void))
      return Effect.sync(cancel)
    }),
})
