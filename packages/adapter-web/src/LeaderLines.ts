import { type Environment, Leader, type LeaderPort, type LeaderStorage, type LogEntry } from '@headwater/core/adapter'
import type { LeaderLease } from './LeaderLease.ts'
import { type LineFromLeader, type LineToLeader, sessionLock } from './LeaderWire.ts'
import type { LinePort } from './LinePort.ts'
import { takeLock } from './StoreLock.ts'

export interface LeaderLinesOptions {
  readonly storage: LeaderStorage
  readonly environment: Environment
  readonly lease: LeaderLease
  /** The last session has left, or the leader found itself stale. */
  readonly onEnd: () => void
}

interface Line {
  readonly port: LinePort
  readonly session: LeaderPort
  /** Ends the wait for the session's lock. */
  readonly watch: AbortController
  isLeaving: boolean
}

/** Log entries kept until there is a session to tell. */
const entriesMax = 100

/** A leader with the lines of its sessions. What they say is taken, and what it says is sent, under its lease. */
export class LeaderLines {
  readonly #lease: LeaderLease
  readonly #environment: Environment
  readonly #leader: Leader
  readonly #lines = new Set<Line>()
  readonly #entries: Array<LogEntry> = []
  readonly #onEnd: () => void
  /** The last session has left: nobody is served any more. */
  #isEnding = false

  /** **Fails with** `FormatUnsupported`, `SqliteError`. */
  constructor({ storage, environment, lease, onEnd }: LeaderLinesOptions) {
    this.#lease = lease
    this.#environment = environment
    this.#onEnd = () => {
      this.#isEnding = true
      onEnd()
    }
    const own: Environment = {
      ...environment,
      log: (entry) => this.#log(entry),
      // What it does by itself, later, may be the first thing that it does after a stop.
      setTimer: (task, delayMs) => environment.setTimer(() => lease.run(task), delayMs),
    }
    this.#leader = new Leader({ environment: own, storage, onEnd: this.#onEnd })
  }

  /** Serves a session, which holds the lock of `connection` for as long as it lives. */
  accept(port: LinePort, connection: string): void {
    if (this.#isEnding) return port.close()
    // A leader that is not sure of its lock accepts nobody.
    this.#lease.run(() => this.#accept(port, connection))
  }

  /** Ends if nobody is connected. */
  endIfUnused(): void {
    if (this.#lines.size === 0) this.#onEnd()
  }

  /** Writes what has arrived and closes both databases. */
  async close(): Promise<void> {
    this.#isEnding = true
    await this.#leader.close()
  }

  /** Tells every session that this leader is gone. */
  hangUp(reason: string): void {
    this.#isEnding = true
    for (const { port, watch, isLeaving } of this.#lines) {
      post(port, isLeaving ? { headwater: 'left', hasEnded: true } : { headwater: 'ending', reason })
      watch.abort()
      port.close()
    }
    this.#lines.clear()
  }

  #accept(port: LinePort, connection: string): void {
    if (this.#isEnding) return port.close()
    post(port, { headwater: 'accepted' })
    for (const entry of this.#entries.splice(0)) post(port, { headwater: 'log', entry })
    const session = this.#leader.connect((message, transfer) => this.#lease.run(() => port.post(message, transfer)))
    const line: Line = { port, session, watch: new AbortController(), isLeaving: false }
    this.#lines.add(line)
    port.listen(
      (message) => this.#take(line, message as LineToLeader),
      () => this.#drop(line),
    )
    void this.#watch(line, connection)
  }

  #take(line: Line, message: LineToLeader): void {
    if (!('headwater' in message)) return this.#lease.run(() => line.session.receive(message))
    // A sign of life, which promises nothing.
    if (message.headwater === 'ping') return post(line.port, { headwater: 'pong' })
    this.#lease.run(() => this.#leave(line))
  }

  #leave(line: Line): void {
    line.isLeaving = true
    line.session.disconnect()
    // The goodbye is taken in a task that is queued already; afterwards it is known whether anybody is left.
    this.#environment.defer(() => {
      // Then `hangUp` tells it.
      if (this.#isEnding || !this.#lines.delete(line)) return
      line.watch.abort()
      post(line.port, { headwater: 'left', hasEnded: false })
    })
  }

  /** The session's tab holds the lock until it is gone: closed, crashed, killed. One that is frozen keeps it. */
  async #watch(line: Line, connection: string): Promise<void> {
    const lock = await takeLock(sessionLock(connection), { signal: line.watch.signal })
    if (lock === null) return
    this.#drop(line)
    await lock.release()
  }

  #drop(line: Line): void {
    if (!this.#lines.delete(line)) return
    line.watch.abort()
    line.port.close()
    this.#lease.run(() => line.session.disconnect())
  }

  #log(entry: LogEntry): void {
    const [line] = this.#lines
    if (line !== undefined) post(line.port, { headwater: 'log', entry })
    else if (this.#entries.length < entriesMax) this.#entries.push(entry)
  }
}

const post = (port: LinePort, message: LineFromLeader): void => port.post(message)
