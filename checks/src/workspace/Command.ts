import { execFile } from 'node:child_process'

/** A command that did not end with 0, with all that it said. */
export class CommandFailed extends Error {
  readonly output: string
  constructor(command: string, output: string) {
    super(`${command} failed:\n${output.trim().slice(-4000)}`)
    this.output = output
  }
}

export interface CommandOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** After this long it is ended, and has failed. Default ten minutes: an install over a slow line. */
  readonly timeoutMs?: number
}

/** Runs a program to its end. **Shape**  standard output, and standard error behind it. **Fails with** `CommandFailed`. */
export const run = (program: string, args: ReadonlyArray<string>, options: CommandOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    const { cwd, env = {}, timeoutMs = 600_000 } = options
    execFile(
      program,
      args,
      { cwd, env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout + stderr)
        else reject(new CommandFailed([program, ...args].join(' '), `${stdout}${stderr}${error.message}`))
      },
    ).stdin?.end()
  })

/** Runs a Node program with the Node of this process. */
export const runNode = (args: ReadonlyArray<string>, options: CommandOptions): Promise<string> =>
  run(process.execPath, args, options)
