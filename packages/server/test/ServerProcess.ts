import { freePort } from '@headwater/testkit/postgres'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The command line's server in a process of its own, that comes back on the same port. */
export interface ServerProcess {
  readonly url: string
  /** SIGKILL. */
  readonly kill: () => Promise<void>
  /** SIGTERM, and its end. */
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** Starts one; its options come from the environment. **Fails with** an error that has its last words. */
export const startServerProcess = async (environment: Readonly<Record<string, string>>): Promise<ServerProcess> => {
  const port = await freePort()
  let child: ChildProcess | undefined
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = once(running, 'close')
    running.kill(signal)
    await ended
  }
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, [main, '--port', String(port), '--quiet'], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    await listening(started)
  }
  await start()
  return { url: `http://127.0.0.1:${port}`, kill: () => end('SIGKILL'), stop: () => end('SIGTERM'), start }
}

const listening = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('"event":"listening"')) resolve()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('close', () => reject(new Error(`the server ended: ${said}`)))
  })
