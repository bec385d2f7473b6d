/**
 * A session's way to its store's leader on Node: an existing leader in any thread of this process, or one that this
 * thread starts. When the leader is lost (its thread ended) the search starts again.
 *
 * | `lock.db` is held by             | Then                                                                     |
 * | -------------------------------- | ------------------------------------------------------------------------ |
 * | nobody                           | start a leader: a worker thread, or in this thread                       |
 * | this thread                      | connect directly                                                         |
 * | another thread of this process   | post one end of a MessageChannel to it                                   |
 * | another process                  | `StoreLocked`, or wait and look again                                    |
 */
import { MessageChannel, type MessagePort, postMessageToThread, Worker } from 'node:worker_threads'
import {
  type Environment, FormatUnsupported, type LeaderClient, type LeaderClientHandlers, type LeaderMessage, type SessionMessage, SqliteError,
} from '@headwater/core/adapter'
import type { Durability } from './FileLeaderStorage.ts'
import { type ConnectRequest, lead, leaderHere, thisThread } from './LeaderThread.ts'
import type { LeaderWorkerAnswer, LeaderWorkerData } from './LeaderWorker.ts'
import { LeaderNotStarted, StoreLocked } from './NodeAdapterError.ts'
import type { StoreFiles } from './StoreFiles.ts'
import { currentHolder, isThisProcess } from './StoreLock.ts'

export interface NodeLeaderClientOptions {
  readonly files: StoreFiles
  readonly leader: 'worker' | 'same-thread'
  readonly durability: Durability
  readonly waitForLock: boolean
  readonly environment: Environment
}

/** How long to wait before looking again: for a leader that is ending, or for another process. */
const lookAgainMs = 25
/** A leader of this process that ends or starts holds the lock for a moment without answering; after this it hangs. */
const looksMax = 400

const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './LeaderWorker.ts' : './LeaderWorker.js', import.meta.url)

export class NodeLeaderClient implements LeaderClient {
  readonly #options: NodeLeaderClientOptions
  #handlers: LeaderClientHandlers | null = null
  #port: MessagePort | null = null
  #worker: Worker | null = null
  #isClosed = false

  constructor(options: NodeLeaderClientOptions) {
    this.#options = options
  }

  /** Finds or starts a leader. **Fails with** `StoreLocked`, `LeaderNotStarted`, `FormatUnsupported`, `SqliteError`, the signal's reason. */
  async connect(signal?: AbortSignal): Promise<void> {
    const { files, waitForLock } = this.#options
    for (let look = 0; !this.#isClosed; look++) {
      signal?.throwIfAborted()
      const port = await this.#tryOnce()
      if (port !== null) return this.#use(port)
      const holder = currentHolder(files)
      const isForeign = holder !== null && !isThisProcess(holder)
      if (isForeign && !waitForLock) throw new StoreLocked({ folder: files.folder, holder })
      if (!isForeign && look > looksMax) throw new LeaderNotStarted({ folder: files.folder, detail: 'the thread that leads it does not answer' })
      await new Promise<void>((resolve) => void setTimeout(resolve, lookAgainMs))
    }
  }

  listen(handlers: LeaderClientHandlers): void {
    this.#handlers = handlers
    if (this.#port !== null) this.#listenTo(this.#port)
  }

  send(message: SessionMessage, transfer: ReadonlyArray<ArrayBufferLike> = []): void {
    this.#port?.postMessage(message, transfer as ReadonlyArray<ArrayBuffer>)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#handlers = null
    this.#port?.close()
    this.#port = null
    const here = leaderHere(this.#options.files.folder)
    // A leader that this thread runs or started may still lead for others; then it does not end with this session.
    if (here !== undefined) await Promise.race([here.ended, this.#othersRemain()])
    else if (this.#worker !== null) await Promise.race([workerEnd(this.#worker), this.#othersRemain()])
  }

  /** A leader ends within a task or two of its last session's goodbye; one that goes on serves somebody else. */
  #othersRemain(): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, 100).unref())
  }

  async #tryOnce(): Promise<MessagePort | null> {
    const { files } = this.#options
    const here = leaderHere(files.folder)
    if (here !== undefined) return connectHere(here.accept)
    const holder = currentHolder(files)
    if (holder !== null) return isThisProcess(holder) ? await connectToThread(holder.threadId, files.folder) : null
    return this.#options.leader === 'same-thread' ? this.#leadHere() : await this.#startWorker()
  }

  #leadHere(): MessagePort | null {
    const { files, durability, environment } = this.#options
    try {
      return connectHere(lead({ files, durability, environment }).accept)
    } catch (error) {
      if (error instanceof StoreLocked) return null
      throw error
    }
  }

  async #startWorker(): Promise<MessagePort | null> {
    const { files, durability } = this.#options
    const data: LeaderWorkerData = { files, durability }
    const worker = new Worker(workerUrl, { workerData: data, name: `headwater ${files.folder}` })
    const answer = await workerAnswer(worker)
    if (answer.is === 'locked') {
      void worker.terminate()
      return null
    }
    if (answer.is === 'failed') {
      void worker.terminate()
      throw revive(files.folder, answer)
    }
    this.#worker = worker
    return await connectToThread(worker.threadId, files.folder)
  }

  #use(port: MessagePort): void {
    this.#port = port
    // Before `listen` the messages wait in the port, which a listener would start.
    if (this.#handlers !== null) this.#listenTo(port)
    port.on('close', () => {
      if (this.#isClosed || this.#port !== port) return
      this.#port = null
      this.#handlers?.onLost(new LeaderNotStarted({ folder: this.#options.files.folder, detail: 'the thread that led it has ended' }))
      void this.#reconnect()
    })
  }

  #listenTo(port: MessagePort): void {
    port.on('message', (message: LeaderMessage) => this.#handlers?.onMessage(message))
  }

  async #reconnect(): Promise<void> {
    try {
      await this.connect()
    } catch (error) {
      if (this.#isClosed) return
      this.#handlers?.onLost(error instanceof Error ? error : new Error(String(error)))
      // Another process may have taken the store meanwhile; when it lets go this session goes on.
      setTimeout(() => void this.#reconnect(), 10 * lookAgainMs)
    }
  }
}

const connectHere = (accept: (port: MessagePort) => void): MessagePort => {
  const { port1, port2 } = new MessageChannel()
  accept(port2)
  return port1
}

/** `null` if that thread leads nothing (any more). */
const connectToThread = async (target: number, folder: string): Promise<MessagePort | null> => {
  if (target === thisThread) return null
  const { port1, port2 } = new MessageChannel()
  const request: ConnectRequest = { headwater: 'connect', folder, port: port2 }
  try {
    await postMessageToThread(target, request, [port2])
    return port1
  } catch {
    port1.close()
    return null
  }
}

const workerAnswer = (worker: Worker): Promise<LeaderWorkerAnswer> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the leader's thread ended with code ${code}`)))
  })

const workerEnd = (worker: Worker): Promise<void> => new Promise((resolve) => void worker.once('exit', () => resolve()))

/** The worker's error as the type it had there. */
const revive = (folder: string, { tag, message, fields }: Extract<LeaderWorkerAnswer, { readonly is: 'failed' }>): Error => {
  if (tag === 'FormatUnsupported') return new FormatUnsupported(fields as ConstructorParameters<typeof FormatUnsupported>[0])
  if (tag === 'SqliteError') return new SqliteError(fields as ConstructorParameters<typeof SqliteError>[0])
  return new LeaderNotStarted({ folder, detail: message })
}
