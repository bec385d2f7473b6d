import { FormatUnsupported, SqliteError } from '@headwater/core/adapter'
import { type FromWorker, storeName, type ToWorker, type WorkerFailure } from './LeaderWire.ts'
import { takeLock } from './StoreLock.ts'
import { OpfsUnavailable, StoreExists, StoreFilesHeld } from './WebAdapterError.ts'
import { LeaderNotStarted } from './WebLeaderError.ts'

/** Loading takes 100 ms; a machine that is very busy gets a hundred times that. **Units** ms. */
const startMs = 15_000

/**
 * Opening takes milliseconds, unless the log has to be salvaged or copied: on a slow device that is a minute for a large
 * one, and whoever ended it would end the next one too. **Units** ms.
 */
const openMs = 180_000

/** A worker that says it has ended has let go of its lock before. **Units** ms. */
const freedMs = 200

/** Starts the leader's worker. */
export type StartWorker = () => Worker

/** Bundlers know the literal expression, and emit the worker as a file of its own. */
export const startLeaderWorker: StartWorker = () =>
  new Worker(new URL('./LeaderWorker.js', import.meta.url), { type: 'module', name: 'headwater leader' })

/** The leader's worker of this tab: it gets ready, leads once, and ends. */
export class TabWorker {
  /** It has let go of everything, or is gone. */
  readonly ended: Promise<void>
  readonly #worker: Worker
  readonly #watch = new AbortController()
  #gone: () => void = () => undefined

  /** Starts it, to lead soon. */
  constructor(startScript: StartWorker) {
    this.ended = new Promise((resolve) => (this.#gone = resolve))
    this.#worker = startScript()
    void failureOf(this.#worker)
    this.post({ is: 'prepare' })
  }

  /**
   * Resolves with whether it leads; it may have ended before. **Fails with** `LeaderNotStarted`, and whatever keeps the
   * files from being opened.
   */
  async lead(lead: Extract<ToWorker, { readonly is: 'lead' }>): Promise<boolean> {
    const { storeId, directory } = lead
    try {
      const answers = answersOf(this.#worker, lead)
      const first = await this.#within(startMs, answers.next(), storeId)
      const answer = first?.is === 'opening' ? await this.#within(openMs, answers.next(), storeId) : first
      if (answer === undefined || answer.is === 'ended' || answer.is === 'locked') return false
      if (answer.is === 'failed') throw revive(storeId, answer)
      this.#listen()
      void this.#watchLock(storeName(directory, storeId))
      return true
    } catch (error) {
      this.terminate()
      throw error
    }
  }

  /** The answer; `undefined` if the worker has ended before. **Fails with** `LeaderNotStarted`, and ends it: that takes too long. */
  async #within<A>(ms: number, answer: Promise<A>, storeId: string): Promise<A | undefined> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.terminate()
    }, ms)
    const said = await Promise.race([answer, this.ended])
    clearTimeout(timer)
    if (isLate) throw new LeaderNotStarted({ storeId, detail: `its worker has said nothing for ${ms / 1000} s` })
    return said ?? undefined
  }

  /** Connects a session of this tab, or the port broker. */
  post(message: ToWorker, transfer: ReadonlyArray<MessagePort> = []): void {
    this.#worker.postMessage(message, transfer as Array<MessagePort>)
  }

  /** Ends it, whatever it is doing: handles and lock are free soon. */
  terminate(): void {
    this.#worker.terminate()
    this.#watch.abort()
    this.#gone()
  }

  #listen(): void {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      // The lock comes to this page next, and then nobody has it; unless it was stolen.
      if (data.is === 'ended') setTimeout(() => this.terminate(), freedMs)
    })
    // A leader that has thrown is not to be trusted with the next message.
    this.#worker.addEventListener('error', () => this.terminate())
  }

  /** Nobody tells a page that its worker has crashed: but then its lock is free, and comes to whoever waits for it. */
  async #watchLock(store: string): Promise<void> {
    const lock = await takeLock(store, { signal: this.#watch.signal })
    if (lock === null) return
    await lock.release()
    this.terminate()
  }
}

/** Runs an import or a wipe in a worker of its own; resolves with whether nobody had the store's lock. **Fails with** the job's error. */
export const runInWorker = async (
  startScript: StartWorker,
  job: Extract<ToWorker, { readonly is: 'import' | 'wipe' }>,
): Promise<boolean> => {
  const worker = startScript()
  try {
    const answer = await answersOf(worker, job).next()
    if (answer.is === 'failed') throw revive(job.storeId, answer)
    return answer.is === 'done'
  } finally {
    worker.terminate()
  }
}

/** What the worker says to that, one after the other; its failure is the last of it. */
const answersOf = (worker: Worker, message: ToWorker): { readonly next: () => Promise<FromWorker> } => {
  const said: Array<FromWorker> = []
  let take: ((answer: FromWorker) => void) | null = null
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    if (take === null) said.push(data)
    else take(data)
    take = null
  })
  worker.postMessage(message)
  const next = (): Promise<FromWorker> => {
    const answer = said.shift()
    return answer === undefined ? new Promise((resolve) => (take = resolve)) : Promise.resolve(answer)
  }
  return { next: () => Promise.race([next(), failureOf(worker)]) }
}

const failures = new WeakMap<Worker, Promise<WorkerFailure>>()

/** A script may fail to load long before the worker is needed: it is listened to from the start. */
const failureOf = (worker: Worker): Promise<WorkerFailure> => {
  const known = failures.get(worker)
  if (known !== undefined) return known
  const failure = new Promise<WorkerFailure>((resolve) =>
    worker.addEventListener('error', (event) => {
      // An event without a message: the script itself could not be loaded.
      const message = event.message || 'its script could not be loaded: is LeaderWorker.js deployed beside the app?'
      resolve({ is: 'failed', tag: 'LeaderNotStarted', message, fields: {} })
    }),
  )
  failures.set(worker, failure)
  return failure
}

/** The worker's error as the type it had there. */
const revive = (storeId: string, { tag, message, fields }: WorkerFailure): Error => {
  const given = fields as never
  switch (tag) {
    case 'FormatUnsupported':
      return new FormatUnsupported(given)
    case 'SqliteError':
      return new SqliteError(given)
    case 'OpfsUnavailable':
      return new OpfsUnavailable(given)
    case 'StoreFilesHeld':
      return new StoreFilesHeld(given)
    case 'StoreExists':
      return new StoreExists(given)
    default:
      return new LeaderNotStarted({ storeId, detail: message })
  }
}
