import type { Environment } from '@headwater/core/adapter'
import * as Clock from 'effect/Clock'
import * as Context from 'effect/Context'
import * as Duration from 'effect/Duration'
import * as Effect from 'effect/Effect'
import * as Random from 'effect/Random'
import * as Scheduler from 'effect/Scheduler'
import { Crash } from './CrashableConnection.ts'
import type { World } from './World.ts'

/**
 * The environment of one process of the simulation: its tasks, timers and fibers run on the world's clock, and none of
 * them runs any more once it is dead.
 */
export interface SimulatedProcess {
  readonly environment: Environment
  readonly isAlive: () => boolean
  readonly kill: () => void
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

/** A crash ends the task that it happens in; the process is dead already. */
const survive = (task: () => void): void => {
  try {
    task()
  } catch (error) {
    if (!(error instanceof Crash)) throw error
  }
}

export const startProcess = (world: World, log: Environment['log']): SimulatedProcess => {
  let isAlive = true
  const schedule = (delayMs: number, task: () => void) =>
    world.schedule(delayMs, () => {
      if (isAlive) survive(task)
    })
  const scheduler = new Scheduler.MixedScheduler('async', (task) => schedule(0, task))
  const services = Context.make(Clock.Clock, makeClock(world)).pipe(
    Context.add(Scheduler.Scheduler, scheduler),
    Context.add(Random.Random, { nextIntUnsafe: () => world.integer(2 ** 31), nextDoubleUnsafe: () => world.random() }),
  )
  const environment: Environment = {
    now: () => Math.floor(world.now),
    random: () => world.random(),
    randomBytes: (length) => Uint8Array.from({ length }, () => world.integer(256)),
    defer: (task) => void schedule(world.random() * 0.5, task),
    microtask: (task) => void schedule(0, task),
    setTimer: (task, delayMs) => schedule(delayMs, task),
    runFork: (effect) => Effect.runForkWith(services)(effect as Effect.Effect<never>) as never,
    log,
  }
  return {
    environment,
    isAlive: () => isAlive,
    kill: () => {
      isAlive = false
    },
  }
}
