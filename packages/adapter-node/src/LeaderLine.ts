/**
 * What travels between a session and its leader's thread *below* core's messages: one MessagePort per session carries
 * core's messages (the long ones as text, `MessageText.ts`) and these.
 *
 * | session → leader | answered by | leader → session | means                                                         |
 * | ---------------- | ----------- | ---------------- | ------------------------------------------------------------- |
 * | (the port)       | `accepted`  | `log`            | an entry of the leader's log, for the app's own               |
 * | `ping`           | `pong`      | `ending`         | the leader gives up on its own, and why; the port closes next |
 * | `leave`          | `left`      |                  |                                                               |
 *
 * 1. `left` comes after the session's goodbye has been taken; if it was the last session, after the files are closed
 *    and the lock is free.
 * 2. A session sends `ping` every few seconds. Two in a row without an answer: the leader hangs ({@link missedPingsMax}).
 * 3. A port that closes without `left` is a lost leader.
 */
import type { MessagePort } from 'node:worker_threads'
import type { LeaderMessage, LogEntry, SessionMessage } from '@headwater/core/adapter'
import { fromPosted, isMessageText, type MessageText, toPosted } from './MessageText.ts'

export type ToLeader = SessionMessage | { readonly headwater: 'ping' | 'leave' }

export type FromLeader =
  | LeaderMessage
  | { readonly headwater: 'accepted' | 'pong' }
  | { readonly headwater: 'left'; readonly hasEnded: boolean }
  | { readonly headwater: 'ending'; readonly reason: string }
  | { readonly headwater: 'log'; readonly entry: LogEntry }

/** One lost ping may be a step of the leader that takes long; two are not. */
export const missedPingsMax = 2

export interface LineHandlers {
  readonly onMessage: (message: LeaderMessage) => void
  readonly onLog: (entry: LogEntry) => void
  /** The leader is gone, without having been left. `reason` is its own word, if it had the time for one. */
  readonly onClosed: (reason: string | null) => void
  /** The leader has not answered {@link missedPingsMax} pings. Said once. */
  readonly onSilent: () => void
}

/** A session's end of the port. */
export class LeaderLine {
  readonly #port: MessagePort
  #handlers: LineHandlers | null = null
  /** What came before somebody listened. */
  readonly #early: Array<FromLeader> = []
  #heartbeat: NodeJS.Timeout | null = null
  #unanswered = 0
  #isClosed = false
  #reason: string | null = null
  #left: (hasEnded: boolean) => void = () => undefined
  /** Resolves with whether there is a leader at the other end. */
  readonly accepted: Promise<boolean>
  #accepted: (isAccepted: boolean) => void = () => undefined

  constructor(port: MessagePort) {
    this.#port = port
    this.accepted = new Promise((resolve) => (this.#accepted = resolve))
    port.on('message', (posted: FromLeader | MessageText) =>
      this.#receive(isMessageText(posted) ? (fromPosted(posted) as LeaderMessage) : posted),
    )
    port.on('close', () => this.#closed())
  }

  /** Starts to hand messages on, those that have arrived already first. */
  listen(handlers: LineHandlers): void {
    this.#handlers = handlers
    for (const message of this.#early.splice(0)) this.#take(message, handlers)
    if (this.#isClosed) handlers.onClosed(this.#reason)
  }

  /** Pings from now on. **Units** ms. */
  watch(everyMs: number): void {
    this.#heartbeat = setInterval(() => this.#beat(), everyMs).unref()
  }

  send(message: ToLeader, transfer: ReadonlyArray<ArrayBufferLike> = []): void {
    if (!this.#isClosed)
      this.#port.postMessage('_tag' in message ? toPosted(message) : message, transfer as ReadonlyArray<ArrayBuffer>)
  }

  /** Resolves, once the leader has nothing of this session left to write, with whether it has ended. */
  async leave(): Promise<boolean> {
    if (this.#isClosed) return true
    const left = new Promise<boolean>((resolve) => (this.#left = resolve))
    this.send({ headwater: 'leave' })
    const hasEnded = await left
    this.close()
    return hasEnded
  }

  /** Hangs up. No handler is called any more. */
  close(): void {
    this.#handlers = null
    this.#isClosed = true
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    this.#port.close()
    this.#left(true)
    this.#accepted(false)
  }

  #receive(message: FromLeader): void {
    // Whatever it says, it lives.
    this.#unanswered = 0
    if ('headwater' in message) {
      if (message.headwater === 'accepted') return this.#accepted(true)
      if (message.headwater === 'left') return this.#left(message.hasEnded)
      if (message.headwater === 'ending') return void (this.#reason = message.reason)
      if (message.headwater === 'pong') return
    }
    if (this.#handlers === null) this.#early.push(message)
    else this.#take(message, this.#handlers)
  }

  #take(message: FromLeader, handlers: LineHandlers): void {
    if (!('headwater' in message)) handlers.onMessage(message)
    else if (message.headwater === 'log') handlers.onLog(message.entry)
  }

  /** The timer runs before messages that wait are read: a thread that was busy itself finds its answers in between. */
  #beat(): void {
    if (this.#unanswered >= missedPingsMax) {
      if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
      this.#handlers?.onSilent()
      return
    }
    this.#unanswered++
    this.send({ headwater: 'ping' })
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    this.#accepted(false)
    this.#left(true)
    this.#handlers?.onClosed(this.#reason)
  }
}
