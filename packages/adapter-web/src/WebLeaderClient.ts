import type { Environment, LeaderClient, LeaderClientHandlers, SessionMessage } from '@headwater/core/adapter'
import type { LeaderLine } from './LeaderLine.ts'
import type { LeaderName } from './LeaderWire.ts'
import type { StoreTab, TabSession } from './StoreTab.ts'
import { LeaderLost, LeaderUnresponsive } from './WebLeaderError.ts'

export interface WebLeaderClientOptions {
  readonly tab: StoreTab
  readonly storeId: string
  /** **Units** ms. */
  readonly heartbeatMs: number
  readonly environment: Environment
}

/** Before looking for a leader again, where none could be started. **Units** ms. */
const lookAgainMs = 250

/**
 * A leader that is only slow (one huge transaction) would be replaced again and again, and never get done: each time a
 * session finds one silent it has twice the patience with the next one, up to this factor.
 */
const patienceMax = 8

/** A session's way to its store's leader in browsers: {@link StoreTab} finds it, again and again. */
export class WebLeaderClient implements LeaderClient, TabSession {
  readonly #options: WebLeaderClientOptions
  #handlers: LeaderClientHandlers | null = null
  #line: LeaderLine | null = null
  #patience = 1
  #isClosed = false
  #isSeeking = false
  /** Ends the waits of a search when this session leaves. */
  readonly #closing = new AbortController()
  #lastReason = ''

  constructor(options: WebLeaderClientOptions) {
    this.#options = options
  }

  /** Finds or starts a leader. **Fails with** `LeaderNotStarted`, `AdapterOutdated`, errors of the files, the signal's reason. */
  async connect(signal: AbortSignal | undefined): Promise<void> {
    const { tab } = this.#options
    tab.enter(this)
    try {
      const closing = this.#closing.signal
      await this.#seek(signal === undefined ? closing : AbortSignal.any([signal, closing]))
    } catch (error) {
      this.#isClosed = true
      await tab.exit(this, true)
      throw error
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
    const { tab } = this.#options
    const line = this.#line
    this.#line = null
    const hasEnded = line !== null && (await line.leave())
    await tab.exit(this, hasEnded)
  }

  /** @internal Said by the tab. */
  onLeader(leader: LeaderName | null): void {
    const line = this.#line
    if (line !== null && line.leader !== leader?.leader) line.lose('another tab leads, or is about to')
  }

  async #seek(signal: AbortSignal): Promise<void> {
    this.#isSeeking = true
    try {
      while (!this.#isClosed) {
        const leader = await this.#options.tab.leader(signal)
        const line = await this.#options.tab.connect(leader)
        if (line !== null) return this.#use(line)
      }
    } finally {
      this.#isSeeking = false
    }
  }

  #use(line: LeaderLine): void {
    if (this.#isClosed) return line.close()
    this.#line = line
    this.#lastReason = ''
    line.watch(this.#options.heartbeatMs * this.#patience)
    if (this.#handlers !== null) this.#listenTo(line)
  }

  #listenTo(line: LeaderLine): void {
    const { storeId, environment, tab } = this.#options
    line.listen({
      onMessage: (message) => this.#handlers?.onMessage(message),
      onLog: (entry) => environment.log(entry),
      onClosed: (reason) => this.#lost(line, new LeaderLost({ storeId, detail: reason ?? 'its tab has gone' })),
      onSilent: () => {
        this.#patience = Math.min(this.#patience * 2, patienceMax)
        line.close()
        void tab.replace(line.leader)
        this.#lost(line, new LeaderUnresponsive({ storeId }))
      },
    })
  }

  #lost(line: LeaderLine, reason: Error): void {
    if (this.#isClosed || this.#line !== line) return
    this.#line = null
    this.#options.tab.lost(line.leader)
    this.#tell(reason)
    if (!this.#isSeeking) void this.#seekAgain()
  }

  #tell(reason: Error): void {
    if (reason.message === this.#lastReason) return
    this.#lastReason = reason.message
    this.#handlers?.onLost(reason)
  }

  async #seekAgain(): Promise<void> {
    if (this.#isClosed) return
    try {
      await this.#seek(this.#closing.signal)
    } catch (error) {
      if (this.#isClosed) return
      this.#tell(error instanceof Error ? error : new Error(String(error)))
      setTimeout(() => void this.#seekAgain(), lookAgainMs)
    }
  }
}
