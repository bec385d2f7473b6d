import type { FromBroker, ToBroker } from './PortBroker.ts'
import { takeLock } from './StoreLock.ts'

/**
 * How long the broker may take to pass a port on: it answers within a millisecond, unless the process it lives in is
 * stopped or gone. Then the relay is there. **Units** ms.
 */
const answerMs = 200

/** A page's end of the port broker (`PortBroker.ts`). */
export class TabBroker {
  #worker: SharedWorker | null = null
  #isBroken = false
  readonly #waiting = new Map<string, (isPassed: boolean) => void>()

  /** Makes a worker's leader known to other tabs. */
  register(store: string, leader: string, port: MessagePort): void {
    this.#post({ is: 'lead', store, leader, port })
  }

  /** Passes a port on; resolves with whether it has gone to that leader. */
  async connect(store: string, leader: string, connection: string, port: MessagePort): Promise<boolean> {
    const answered = new Promise<boolean>((resolve) => {
      this.#waiting.set(connection, resolve)
      if (!this.#post({ is: 'connect', store, leader, connection, port })) resolve(false)
    })
    const timer = setTimeout(() => {
      // The next one to ask finds a new broker, where this one is gone.
      this.#worker = null
      this.#waiting.get(connection)?.(false)
    }, answerMs)
    const isPassed = await answered
    clearTimeout(timer)
    this.#waiting.delete(connection)
    return isPassed
  }

  #post(message: ToBroker): boolean {
    const worker = this.#started()
    worker?.port.postMessage(message, [message.port])
    return worker !== null
  }

  /** `null` where there are no SharedWorkers, or none that can be loaded. */
  #started(): SharedWorker | null {
    if (this.#isBroken || typeof SharedWorker === 'undefined') return null
    if (this.#worker !== null) return this.#worker
    try {
      const worker = new SharedWorker(new URL('./BrokerWorker.js', import.meta.url), {
        type: 'module',
        name: 'headwater',
      })
      worker.addEventListener('error', () => this.#broken())
      worker.port.addEventListener('message', ({ data }: MessageEvent<FromBroker>) => {
        if (data.is === 'ready') void this.#watch(worker, data.lock)
        else this.#waiting.get(data.connection)?.(data.is === 'passed')
      })
      worker.port.start()
      this.#worker = worker
      return worker
    } catch {
      this.#broken()
      return null
    }
  }

  /** It goes with the process of the tab that it lives in, and its lock tells: another one is started at once. */
  async #watch(worker: SharedWorker, lockName: string): Promise<void> {
    const lock = await takeLock(lockName)
    await lock?.release()
    if (this.#worker !== worker) return
    this.#worker = null
    for (const answer of this.#waiting.values()) answer(false)
    this.#started()
  }

  /** A policy refuses it, or its file is missing: the relay does as well. */
  #broken(): void {
    this.#isBroken = true
    this.#worker = null
    for (const answer of this.#waiting.values()) answer(false)
  }
}
