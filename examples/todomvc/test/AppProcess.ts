import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../dev/main.ts', import.meta.url))

/** `pnpm dev` as a process: server and app. */
export class AppProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /** `data` is the folder of the server's log. **Fails with** what it printed, if it ends before it prints its address. */
  static async start(data: string, port = 0): Promise<AppProcess> {
    const child = spawn(process.execPath, [main, '--port', String(port), '--data', data], { stdio: 'pipe' })
    let said = ''
    const url = await new Promise<string>((resolve, reject) => {
      const take = (text: string): void => {
        said += text
        const found = /TodoMVC is at (\S+)/.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      }
      child.stdout.setEncoding('utf8').on('data', take)
      child.stderr.setEncoding('utf8').on('data', take)
      child.once('exit', (code) => reject(new Error(`the app ended with code ${code}: ${said}`)))
    })
    return new AppProcess(url, child)
  }

  /** As Ctrl-C does it. */
  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await ended
  }
}
