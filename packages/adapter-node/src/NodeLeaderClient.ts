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
 *
 * A leader that stays silent ({@link LeaderLine}) hangs. The thread that started its worker ends it and searches again;
 * other threads report `LeaderUnresponsive` and go on in memory until one of them gets through.
 */
import { mkdirSync } from 'node:fs'
import { MessageChannel, type MessagePort, postMessageToThread } from 'node:worker_threads'
import type { Environment, LeaderClient, LeaderClientHandlers, SessionMessage } from '@headwater/core/adapter'
import type { Durability } from './FileLeaderStorage.ts'
import { LeaderLine } from './LeaderLine.ts'
import { type ConnectRequest, lead, leaderHere, thisThread } from './LeaderThread.ts'
import { LeaderLost, LeaderNotStarted, LeaderUnresponsive, StoreLocked } from './NodeAdapterError.ts'
import type { StoreFiles } from './StoreFiles.ts'
import { currentHolder, isThisProcess, mayBeAlive } from './StoreLock.ts'
import { endWorkerLeader, startWorkerLeader, workerEnd, workerHere } from './WorkerLeader.ts'

export interface NodeLeaderClientOptions {
  readonly files: StoreFiles
  readonly leader: 'worker' | 'same-thread'
  readonly durability: Durability
  readonly waitForLock: boolean
  readonly heartbeatMs: number
  readonly workerUrl: URL | string | undefined
  readonly environment: Environment
}

/** How long to wait before looking again: for a leader that is ending, or for another process. */
const lookAgainMs = 25
/** A leader of this process that ends or starts holds the lock for a moment without answering; after this it hangs. */
const answerTimeoutMs = 20_000
/**
 * How long a thread may take to pick up a connect request: short at first, for a thread that is just ending never will,
 * then long enough for one that is busy with a huge transaction.
 */
const connectTimeoutMs = (look: number): number => Math.min(5000, 50 * 2 ** look)

export class NodeLeaderClient implements LeaderClient {
  readonly #options: NodeLeaderClientOptions
  #handlers: LeaderClientHandlers | null = null
  #line: LeaderLine | null = null
  #isClosed = false
  #heartbeatMs: number
  /** Ends the waits of a search when this session leaves. */
  readonly #closing = new AbortController()
  #lastReason = ''

  constructor(options: NodeLeaderClientOptions) {
    this.#options = options
    this.#heartbeatMs = options.heartbeatMs
  }

  /** Finds or starts a leader. **Fails with** `StoreLocked`, `LeaderNotStarted`, `FormatUnsupported`, `SqliteError`, the signal's reason. */
  async connect(signal: AbortSignal = this.#closing.signal): Promise<void> {
    const { files, waitForLock } = this.#options
    // It may have been deleted since, under a running leader.
    mkdirSync(files.folder, { recursive: true })
    let foreignSeen = ''
    let unsureSince = performance.now()
    for (let look = 0; !this.#isClosed; look++) {
      signal.throwIfAborted()
      const line = await this.#tryOnce(look, signal)
      if (line !== null) return this.#use(line)
      const holder = currentHolder(files)
      const isForeign = holder !== null && !isThisProcess(holder)
      // A name seen once may be the last one's, read while somebody else was taking the lock.
      const isSure = isForeign && mayBeAlive(holder) && foreignSeen === holder.token
      foreignSeen = isForeign ? holder.token : ''
      if (isSure && !waitForLock) throw new StoreLocked({ folder: files.folder, holder })
      if (isSure) unsureSince = performance.now()
      if (performance.now() - unsureSince > answerTimeoutMs)
        throw new LeaderNotStarted({ folder: files.folder, detail: 'the thread that leads it does not answer' })
      await wait(lookAgainMs, signal)
    }
  }

  listen(handlers: LeaderClientHandlers): void {
    this.#handlers = handlers
    if (this.#line !== null) this.#listenTo(this.#line)
  }

  send(message: SessionMessage, transfer: ReadonlyArray<ArrayBufferLike> = []): void {
    this.#line?.send(message, transfer)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#handlers = null
    this.#closing.abort()
    const line = this.#line
    this.#line = null
    const worker = workerHere(this.#options.files.folder)
    const hasEnded = line !== null && (await line.leave())
    if (hasEnded && worker !== undefined) await workerEnd(worker)
  }

  async #tryOnce(look: number, signal: AbortSignal): Promise<LeaderLine | null> {
    const { files, durability, workerUrl } = this.#options
    if (leaderHere(files.folder) !== undefined) return await this.#connectHere(look)
    const holder = currentHolder(files)
    if (holder !== null)
      return isThisProcess(holder) ? await connectToThread(holder.threadId, files.folder, connectTimeoutMs(look)) : null
    if (this.#options.leader === 'same-thread') return await this.#leadHere(look)
    const worker = await startWorkerLeader({ files, durability, workerUrl, signal })
    // It has just said that it leads: a busy machine is no reason to give it up.
    return worker === null ? null : await connectToThread(worker.threadId, files.folder, answerTimeoutMs)
  }

  async #leadHere(look: number): Promise<LeaderLine | null> {
    const { files, durability, environment } = this.#options
    try {
      lead({ files, durability, environment })
    } catch (error) {
      if (error instanceof StoreLocked) return null
      throw error
    }
    return await this.#connectHere(look)
  }

  async #connectHere(look: number): Promise<LeaderLine | null> {
    const { port1, port2 } = new MessageChannel()
    leaderHere(this.#options.files.folder)?.accept(port2)
    return await acceptedLine(port1, connectTimeoutMs(look))
  }

  #use(line: LeaderLine): void {
    if (this.#isClosed) return line.close()
    this.#line = line
    this.#lastReason = ''
    line.watch(this.#heartbeatMs)
    if (this.#handlers !== null) this.#listenTo(line)
  }

  #listenTo(line: LeaderLine): void {
    line.listen({
      onMessage: (message) => this.#handlers?.onMessage(message),
      onLog: (entry) => this.#options.environment.log(entry),
      onClosed: (reason) =>
        this.#lost(
          line,
          new LeaderLost({ folder: this.#options.files.folder, detail: reason ?? 'its thread has ended' }),
        ),
      onSilent: () => void this.#replace(line),
    })
  }

  /** The leader hangs. Whoever started its thread can end it; everybody else can only say so and look again. */
  async #replace(line: LeaderLine): Promise<void> {
    const { folder } = this.#options.files
    const worker = workerHere(folder)
    line.close()
    // A leader that is only slow (one huge transaction) would be ended again and again, and never get done.
    if (worker !== undefined) this.#heartbeatMs *= 2
    const isReplaced = worker !== undefined
    this.#lost(line, new LeaderUnresponsive({ folder, isReplaced }))
    if (worker !== undefined) await endWorkerLeader(worker)
  }

  #lost(line: LeaderLine, reason: Error): void {
    if (this.#isClosed || this.#line !== line) return
    this.#line = null
    this.#tell(reason)
    void this.#reconnect()
  }

  #tell(reason: Error): void {
    if (reason.message === this.#lastReason) return
    this.#lastReason = reason.message
    this.#handlers?.onLost(reason)
  }

  async #reconnect(): Promise<void> {
    // A store that was closed, and perhaps wiped, meanwhile is not looked for.
    if (this.#isClosed) return
    try {
      await this.connect()
    } catch (error) {
      if (this.#isClosed) return
      this.#tell(error instanceof Error ? error : new Error(String(error)))
      // Another process may have taken the store meanwhile; when it lets go this session goes on.
      setTimeout(() => void this.#reconnect(), 10 * lookAgainMs)
    }
  }
}

/** `null` if nobody leads at the other end. */
const acceptedLine = async (port: MessagePort, timeoutMs: number): Promise<LeaderLine | null> => {
  const line = new LeaderLine(port)
  const timer = setTimeout(() => line.close(), timeoutMs)
  const isAccepted = await line.accepted
  clearTimeout(timer)
  return isAccepted ? line : null
}

/** `null` if that thread leads nothing (any more), or does not listen. */
const connectToThread = async (target: number, folder: string, timeoutMs: number): Promise<LeaderLine | null> => {
  if (target === thisThread) return null
  const { port1, port2 } = new MessageChannel()
  const request: ConnectRequest = { headwater: 'connect', folder, port: port2 }
  // Waiting for another thread's answer keeps this one alive no more than an unsettled promise does.
  const keepAlive = setInterval(() => undefined, 2 ** 30)
  try {
    await postMessageToThread(target, request, [port2], timeoutMs)
  } catch {
    port1.close()
    return null
  } finally {
    clearInterval(keepAlive)
  }
  return await acceptedLine(port1, timeoutMs)
}

/** **Fails with** the signal's reason. */
const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
