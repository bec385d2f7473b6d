import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { CommandFailed } from './Command.ts'

/** A program that goes on until it is told to end. */
export interface Background {
  /** What `ready` matched in what it said. */
  readonly match: RegExpExecArray
  /** SIGTERM, and a wait until it is gone. **Shape**  its exit code. */
  readonly end: () => Promise<number | null>
}

/** After this long without a sign a program will not get ready: a first start bundles dependencies. */
const readyMsMax = 120_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a Node program and waits for what it says when it is ready. **Fails with** `CommandFailed` if it ends before. */
export const startNode = async (
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly ready: RegExp },
): Promise<Background> => {
  const { cwd, env = {}, ready } = options
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let said = ''
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    const fail = (): void => reject(new CommandFailed(args.join(' '), said))
    const timer = setTimeout(fail, readyMsMax)
    child.once('exit', fail)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const found = ready.exec(said)
        if (found === null) return
        clearTimeout(timer)
        resolve(found)
      })
    }
  })
  return {
    match,
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
      return child.exitCode
    },
  }
}
