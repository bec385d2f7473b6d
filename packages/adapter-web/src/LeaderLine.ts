import type { LeaderMessage, LogEntry } from '@headwater/core/adapter'
import type { LineFromLeader, LineToLeader } from './LeaderWire.ts'
import type { LinePort } from './LinePort.ts'
import type { HeldLock } from './StoreLock.ts'

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

/** A session's end of its line to a leader. */
export class LeaderLine {
  /** Who is at the other end. */
  readonly leader: string
  readonly #port: LinePort
  /** Tells the leader that this session's tab lives. */
  readonly #lock: HeldLock
  #handlers: LineHandlers | null = null
  /** What came before somebody listened. */
  readonly #early: Array<LineFromLeader> = []
  #heartbeat: ReturnType<typeof setInterval> | null = null
  #unanswered = 0
  #isClosed = false
  #reason: string | null = null
  #left: (hasEnded: boolean) => void = () => undefined
  /** Resolves with whether there is a leader at the other end. */
  readonly accepted: Promise<boolean>
  #accepted: (isAccepted: boolean) => void = () => undefined

  constructor(leader: string, port: LinePort, lock: HeldLock) {
    this.leader = leader
    this.#port = port
    this.#lock = lock
    this.accepted = new Promise((resolve) => (this.#accepted = resolve))
    port.listen(
      (message) => this.#receive(message as LineFromLeader),
      () => this.lose(null),
    )
  }

  /** Starts to hand messages on, those that have arrived already first. */
  listen(handlers: LineHandlers): void {
    this.#handlers = handlers
    for (const message of this.#early.splice(0)) this.#take(message, handlers)
    if (this.#isClosed) handlers.onClosed(this.#reason)
  }

  /** Pings from now on. **Units** ms. */
  watch(everyMs: number): void {
    this.#heartbeat = setInterval(() => this.#beat(), everyMs)
  }

  send(message: LineToLeader, transfer: ReadonlyArray<ArrayBufferLike> = []): void {
    if (!this.#isClosed) this.#port.post(message, transfer)
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
    this.lose(null)
  }

  /** The leader is known to be gone. */
  lose(reason: string | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    this.#port.close()
    void this.#lock.release()
    this.#accepted(false)
    this.#left(true)
    this.#handlers?.onClosed(this.#reason ?? reason)
  }

  #receive(message: LineFromLeader): void {
    if (this.#isClosed) return
    // Whatever it says, it lives.
    this.#unanswered = 0
    if ('headwater' in message) {
      if (message.headwater === 'accepted') return this.#accepted(true)
      if (message.headwater === 'left') return this.#left(message.hasEnded)
      if (message.headwater === 'ending') return this.lose(message.reason)
      if (message.headwater === 'pong') return
    }
    if (this.#handlers === null) this.#early.push(message)
    else this.#take(message, this.#handlers)
  }

  #take(message: LineFromLeader, handlers: LineHandlers): void {
    if (!('headwater' in message)) handlers.onMessage(message)
    else if (message.headwater === 'log') handlers.onLog(message.entry)
  }

  /** The timer runs before messages that wait are read: a page that was busy itself finds its answers in between. */
  #beat(): void {
    if (this.#unanswered >= missedPingsMax) {
      if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
      // Closes the line; whoever waits in `leave` waits for the leader that hangs.
      this.#handlers?.onSilent()
      this.#left(true)
      return
    }
    this.#unanswered++
    this.send({ headwater: 'ping' })
  }
}
