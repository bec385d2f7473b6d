/**
 * A session's connection in tests: `localLeaderClient` to whichever leader the client has, with everything in between that
 * can go wrong between two threads: messages held back, lost, or a leader that vanishes.
 */
import type { Environment, LeaderClient, LeaderMessage, SessionMessage } from '../../src/adapter.ts'
import type { LeaderClientHandlers } from '../../src/channel/LeaderClient.ts'
import type { Leader } from '../../src/leader/Leader.ts'
import { localLeaderClient } from '../../src/leader/LocalLeaderClient.ts'

export class Link implements LeaderClient {
  readonly #environment: Environment
  readonly #onClose: (link: Link) => Promise<void>
  readonly received: Array<LeaderMessage> = []
  readonly sent: Array<SessionMessage> = []
  /** Messages that it answers `true` for are lost. */
  loses: (message: LeaderMessage | SessionMessage) => boolean = () => false
  #inner: LeaderClient | null = null
  #handlers: LeaderClientHandlers | null = null
  #held: Array<LeaderMessage> | null = null

  constructor(environment: Environment, onClose: (link: Link) => Promise<void>) {
    this.#environment = environment
    this.#onClose = onClose
  }

  /** Connects to `leader`; what an earlier one still sends is lost. */
  attach(leader: Leader): void {
    const inner = localLeaderClient(leader, this.#environment, () => Promise.resolve())
    this.#inner = inner
    inner.listen({
      onMessage: (message) => {
        if (this.#inner === inner) this.#deliver(message)
      },
      onLost: () => undefined,
    })
  }

  /** The leader is gone. */
  detach(reason = new Error('the leader was killed')): void {
    this.#inner = null
    this.#handlers?.onLost(reason)
  }

  #deliver(message: LeaderMessage): void {
    if (this.loses(message)) return
    if (this.#held !== null) return void this.#held.push(message)
    this.received.push(message)
    this.#handlers?.onMessage(message)
  }

  /** Holds back what the leader sends, as a tab in the background does. */
  freeze(): void {
    this.#held ??= []
  }

  /** **Shape**  what was held, in order. */
  thaw(): ReadonlyArray<LeaderMessage> {
    const held = this.#held ?? []
    this.#held = null
    for (const message of held) this.#deliver(message)
    return held
  }

  get held(): ReadonlyArray<LeaderMessage> {
    return this.#held ?? []
  }

  /** For tests that play the leader, or repeat one of its messages. */
  inject(message: LeaderMessage): void {
    this.#handlers?.onMessage(message)
  }

  listen(handlers: LeaderClientHandlers): void {
    this.#handlers = handlers
  }

  send(message: SessionMessage): void {
    this.sent.push(message)
    if (!this.loses(message)) this.#inner?.send(message)
  }

  async close(): Promise<void> {
    this.#handlers = null
    await this.#onClose(this)
  }
}
