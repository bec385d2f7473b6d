import * as Effect from 'effect/Effect'
import type { Environment, LogEntry, LogLevel } from './Environment.ts'

/** The few globals of browsers, workers and Node that tell time, draw randomness and wait: declared here, used nowhere else. */
interface SystemGlobals {
  readonly Date: { readonly now: () => number }
  readonly Math: { readonly random: () => number }
  readonly crypto: { readonly getRandomValues: (bytes: Uint8Array) => Uint8Array }
  readonly setTimeout: (task: () => void, delayMs: number) => unknown
  readonly clearTimeout: (timer: unknown) => void
  readonly setImmediate?: (task: () => void) => unknown
  readonly queueMicrotask: (task: () => void) => void
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null }
    readonly port2: { readonly postMessage: (message: null) => void }
  }
  readonly console: Readonly<Record<LogLevel, (...args: ReadonlyArray<unknown>) => void>>
}

const system = globalThis as unknown as SystemGlobals

/** setImmediate on Node; a message to ourselves in browsers, where timers are clamped to 4 ms. */
const makeDefer = (): ((task: () => void) => void) => {
  const { setImmediate, MessageChannel } = system
  if (setImmediate !== undefined) return (task) => void setImmediate(task)
  if (MessageChannel === undefined) return (task) => void system.setTimeout(task, 0)
  const tasks: Array<() => void> = []
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => tasks.shift()?.()
  return (task) => {
    tasks.push(task)
    port2.postMessage(null)
  }
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Writes entries of at least `level` to the console. */
export const consoleLog =
  (level: LogLevel) =>
  ({ level: entryLevel, message, fields }: LogEntry): void => {
    if (severity[entryLevel] >= severity[level]) system.console[entryLevel](`headwater: ${message}`, fields)
  }

/** The machine itself. Logs warnings and errors to the console unless another `log` is given. */
export const systemEnvironment = (options: { readonly log?: (entry: LogEntry) => void } = {}): Environment => ({
  now: () => system.Date.now(),
  random: () => system.Math.random(),
  randomBytes: (length) => system.crypto.getRandomValues(new Uint8Array(length)),
  defer: makeDefer(),
  microtask: (task) => system.queueMicrotask(task),
  setTimer: (task, delayMs) => {
    const timer = system.setTimeout(task, delayMs)
    if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
      timer.unref()
    return () => system.clearTimeout(timer)
  },
  runFork: (effect) => Effect.runFork(effect),
  log: options.log ?? consoleLog('warn'),
})
