import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { runCli } from '../src/Cli.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

const children = new Set<ChildProcess>()

/** Ends what a test has started and left. */
export const endAll = (): void => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command line that runs. */
export interface Started {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly ended: Promise<Ended>
}

/** Starts `headwater-server` with these arguments. */
export const start = (...args: ReadonlyArray<string>): Started => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text.stdout += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text.stderr += part))
  const ended = once(child, 'close').then(([code]: Array<unknown>) => ({
    code: typeof code === 'number' ? code : null,
    ...text,
  }))
  return { child, stdout: () => text.stdout, ended }
}

/** Waits for the line that says where it listens. */
export const listening = (started: Started): Promise<string> =>
  new Promise((resolve, reject) => {
    const look = (): void => {
      const url = /"event":"listening","url":"([^"]+)"/.exec(started.stdout())?.[1]
      if (url !== undefined) resolve(url)
    }
    started.child.stdout?.on('data', look)
    void started.ended.then(({ stderr }) => reject(new Error(stderr)))
  })

/** Runs a command in this process, which spares the start of another; one at a time. */
export const runHere = async (...args: ReadonlyArray<string>): Promise<Ended> => {
  const text = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((part) => {
      text[name] += String(part)
      return true
    }),
  )
  try {
    return { code: await runCli(args), ...text }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
