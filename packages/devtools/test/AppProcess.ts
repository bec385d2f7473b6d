import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { FromApp, ToApp } from './RunningApp.ts'

/** A process of `RunningApp.ts`. */
export interface AppProcess {
  readonly pid: number
  readonly opened: Extract<FromApp, { readonly is: 'open' }>
  /** Resolves when it has done so. */
  readonly tell: (message: ToApp) => Promise<void>
  readonly kill: () => Promise<void>
}

const main = fileURLToPath(new URL('./RunningApp.ts', import.meta.url))

/** Starts it on a directory; it ends with the test. */
export const startApp = async (
  directory: string,
  leader: 'worker' | 'same-thread' = 'same-thread',
): Promise<AppProcess> => {
  const child = fork(main, [directory, leader], { execArgv: [] })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  onTestFinished(kill)
  const opened = await answerOf(child)
  if (opened.is !== 'open') throw new Error('the app did not open its store')
  return {
    pid: child.pid!,
    opened,
    tell: async (message) => {
      const answered = message.is === 'close' ? once(child, 'exit') : answerOf(child)
      child.send(message)
      await answered
    },
    kill,
  }
}

const answerOf = (child: ChildProcess): Promise<FromApp> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the app ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as FromApp)
    })
  })
