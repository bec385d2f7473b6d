import type * as Effect from 'effect/Effect'
import type * as Fiber from 'effect/Fiber'

/**
 * What core takes from the machine it runs on. Everything else in core is a function of its inputs, so that the whole
 * engine runs on virtual time and from a seed by replacing this one record.
 */
export interface Environment {
  /** Wall clock, ms since 1970. Stamped on events and statuses; nothing is decided by it. */
  readonly now: () => number
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number
  readonly randomBytes: (length: number) => Uint8Array
  /** Runs `task` soon, in a task of its own: what arrives until then is handled together. */
  readonly defer: (task: () => void) => void
  /** Runs `task` after the present task, before anything else. */
  readonly microtask: (task: () => void) => void
  /** Runs `task` after `delayMs`; the answer cancels it. Never keeps a process alive. */
  readonly setTimer: (task: () => void, delayMs: number) => () => void
  /** Starts an effect in the background: the backend loops of a leader, the backend that a session runs for it. */
  readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly log: (entry: LogEntry) => void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line for people or machines. `fields` never holds event args unless the app asked for it. */
export interface LogEntry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}
