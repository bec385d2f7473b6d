import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CDPSession, Page } from 'playwright-core'

/** **Units** µs between two samples. */
const intervalUs = 500

/**
 * CPU profiles of pages and of the workers that they start, as Node writes them with `--cpu-prof`. Workers stay until
 * then: what ends one takes its profile with it.
 */
export class PageProfiles {
  readonly #folder: string
  readonly #threads: Array<ProfiledThread> = []

  constructor(folder: string) {
    this.#folder = folder
  }

  /** From before the page loads. */
  async add(page: Page): Promise<void> {
    await page.addInitScript(() => {
      Worker.prototype.terminate = () => undefined
    })
    const session = await page.context().newCDPSession(page)
    await this.#start('page', (method, params) => session.send(method as 'Profiler.start', params as never))
    const ask = askWorkers(session)
    session.on('Target.attachedToTarget', ({ sessionId }) => void this.#addWorker(ask(sessionId)))
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: false })
  }

  /** Ends all of them, and writes a file for each thread. */
  async save(): Promise<void> {
    for (const [n, { name, ask }] of this.#threads.entries()) {
      const { profile } = (await ask('Profiler.stop')) as { readonly profile: unknown }
      writeFileSync(path.join(this.#folder, `${name}-${n}.cpuprofile`), JSON.stringify(profile))
    }
  }

  async #addWorker(ask: Ask): Promise<void> {
    await ask('Runtime.evaluate', { expression: 'self.close = () => undefined' })
    await this.#start('worker', ask)
    await ask('Runtime.runIfWaitingForDebugger')
  }

  async #start(name: string, ask: Ask): Promise<void> {
    await ask('Profiler.enable')
    await ask('Profiler.setSamplingInterval', { interval: intervalUs })
    await ask('Profiler.start')
    this.#threads.push({ name, ask })
  }
}

/** Calls a method of the DevTools protocol in one thread. */
type Ask = (method: string, params?: object) => Promise<unknown>

interface ProfiledThread {
  readonly name: string
  readonly ask: Ask
}

/** Playwright does not show the sessions of workers: what is asked of one goes through that of its page. */
const askWorkers = (session: CDPSession): ((sessionId: string) => Ask) => {
  const waiting = new Map<number, (result: unknown) => void>()
  let last = 0
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { readonly id?: number; readonly result?: unknown }
    waiting.get(id ?? 0)?.(result)
  })
  return (sessionId) => async (method, params) => {
    const id = ++last
    const answered = new Promise<unknown>((resolve) => waiting.set(id, resolve))
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
    return await answered
  }
}
