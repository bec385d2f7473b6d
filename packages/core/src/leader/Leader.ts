/**
 * The leader of one store on one client: it owns the log, numbers what sessions push, follows their materializations,
 * and syncs with the backend. An adapter makes one while it holds the store's lock and connects sessions to it.
 *
 * Its work is a sequence of synchronous steps. Messages are taken in order; pushes that have arrived together become one
 * group commit; after the steps of a turn every session that is due gets one message.
 */
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import * as Latch from 'effect/Latch'
import { batchEventsMax } from '../backend/BackendLimits.ts'
import { retryDelayMs } from '../backend/RetryPolicy.ts'
import type { SyncBackend } from '../backend/SyncBackend.ts'
import type { Image, Request, SessionMessage } from '../channel/LeaderMessage.ts'
import { effectAt } from '../channel/PackedEffects.ts'
import type { Environment } from '../environment/Environment.ts'
import { compare, equals } from '../event/EventSequenceNumber.ts'
import { eventIdRandomBytes, makeEventIdGenerator } from '../event/EventId.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { endBackOffs, runBackendLoops } from './BackendLoops.ts'
import { describeError, noteBackend } from './BackendStatus.ts'
import { type BackendRunner, HostedBackend } from './HostedBackend.ts'
import { factsOf } from './LeaderFacts.ts'
import { LeaderStale } from './LeaderError.ts'
import { answers, changeAttachment, tellNotices } from './LeaderRequest.ts'
import { isAttached, type LeaderState, makeLeaderState, settledHeadOf } from './LeaderState.ts'
import type { LeaderStorage } from './LeaderStorage.ts'
import { followEffects } from './LogWriter.ts'
import { admitPushes, type SessionPush } from './PushAdmission.ts'
import type { SendToSession, SessionFeed } from './SessionFeed.ts'
import { type RowEffect, StateReplica } from './StateReplica.ts'
import { chooseHost, subscribe } from './Subscription.ts'
import { openEventlog } from './Salvage.ts'

export interface LeaderOptions {
  readonly storage: LeaderStorage
  readonly environment: Environment
  /** Called once when the last session has left, or the leader found itself stale: release the lock. */
  readonly onEnd?: () => void
}

/** One session's connection. */
export interface LeaderPort {
  readonly receive: (message: SessionMessage) => void
  /** The session is gone without a word. */
  readonly disconnect: () => void
}

interface Connection {
  readonly send: SendToSession
  feed: SessionFeed | null
}

export class Leader {
  readonly #state: LeaderState
  readonly #options: LeaderOptions
  readonly #inbox: Array<{ readonly connection: Connection; readonly message: SessionMessage }> = []
  readonly #connections = new Set<Connection>()
  readonly #hosted = new HostedBackend(() => this.#chooseRunner())
  readonly #latches = {
    pushWork: Latch.makeUnsafe(false), pulledOnce: Latch.makeUnsafe(false), running: Latch.makeUnsafe(true), wake: Latch.makeUnsafe(false),
  }
  #loops: Fiber.Fiber<void> | null = null
  #isTurnScheduled = false
  #storageFailures = 0
  #imageAskedFor = -1
  #isEnded = false

  /** Takes over the store: raises the term in both databases. **Fails with** `FormatUnsupported`, `SqliteError`. */
  constructor(options: LeaderOptions) {
    this.#options = options
    const { environment, storage } = options
    const { log, salvaged } = openEventlog(storage, () => makeEventIdGenerator()(environment.now(), environment.randomBytes(eventIdRandomBytes)))
    log.raiseTerm()
    const replica = new StateReplica(storage, log.status.term)
    this.#state = makeLeaderState({ environment, log, replica })
    if (salvaged !== null) {
      environment.log({ level: 'error', message: 'the eventlog was corrupt and has been salvaged', fields: salvaged })
    }
  }

  get term(): number {
    return this.#state.log.status.term
  }

  /** Connects a session; its first message from here is `hello`. */
  connect(send: SendToSession): LeaderPort {
    const connection: Connection = { send, feed: null }
    this.#connections.add(connection)
    send({ _tag: 'hello', term: this.term })
    return {
      receive: (message) => {
        if (this.#state.isClosed) return
        this.#inbox.push({ connection, message })
        this.#scheduleTurn()
      },
      disconnect: () => {
        this.#inbox.push({ connection, message: { _tag: 'goodbye' } })
        this.#scheduleTurn()
      },
    }
  }

  /** Ends the loops and closes both databases. What sessions have pushed is written before. */
  async close(): Promise<void> {
    if (this.#state.isClosed) return
    this.#takeTurn()
    this.#state.isClosed = true
    if (this.#loops !== null) await Effect.runPromise(Fiber.interrupt(this.#loops))
    this.#state.replica.close()
    this.#state.log.close()
  }

  // ------------------------------------------------------------------------------------------------------- turns

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return
    this.#isTurnScheduled = true
    this.#options.environment.defer(() => this.#takeTurn())
  }

  #takeTurn(): void {
    this.#isTurnScheduled = false
    if (this.#state.isClosed) return
    this.#step(() => {
      while (this.#inbox.length > 0) {
        const pushes = this.#takePushes()
        if (pushes.length > 0) admitPushes(this.#state, pushes)
        else this.#takeMessage()
      }
    })
    this.#endIfLeft()
  }

  /** Pushes at the front of the inbox, up to one group commit. */
  #takePushes(): Array<SessionPush> {
    const pushes: Array<SessionPush> = []
    let events = 0
    for (;;) {
      const first = this.#inbox[0]
      if (first?.message._tag !== 'push' || events >= batchEventsMax) return pushes
      this.#inbox.shift()
      events += first.message.events.length
      if (first.connection.feed !== null) pushes.push({ feed: first.connection.feed, push: first.message })
    }
  }

  #takeMessage(): void {
    const taken = this.#inbox.shift()
    if (taken === undefined || !this.#connections.has(taken.connection)) return
    const { connection, message } = taken
    switch (message._tag) {
      case 'subscribe':
        this.#attach(message.backendName)
        connection.feed = subscribe(this.#state, connection.send, message)
        return
      case 'ack':
        return this.#takeAck(connection, message.effects)
      case 'image':
        return this.#takeImage(message)
      case 'request':
        return this.#answer(connection, message)
      case 'backend-result':
        return this.#hosted.receive(message)
      case 'goodbye':
        return this.#leave(connection)
      case 'push':
        return
    }
  }

  /** A synchronous step, and then everything it made necessary. A failing disk makes the sessions push again later. */
  #step(body: () => void): void {
    try {
      body()
      this.#storageFailures = 0
      this.#afterStep()
    } catch (error) {
      if (error instanceof LeaderStale) return this.#endStale()
      if (!(error instanceof SqliteError)) throw error
      this.#storageFailed(error)
    }
  }

  #afterStep(): void {
    const leader = this.#state
    if (leader.schema !== null && leader.replica.head === null) leader.replica.startEmpty(leader.schema, leader.log)
    const facts = factsOf(leader)
    for (const feed of leader.feeds.values()) feed.flush(leader, facts)
    // Behind the rows that they speak of.
    tellNotices(leader)
    if (leader.sync.pending.length > 0) this.#latches.pushWork.openUnsafe()
    this.#runOrStop()
  }

  /** The loops wait for as long as sync is stopped, and go on without a delay. */
  #runOrStop(): void {
    const { running, wake } = this.#latches
    const isRunning = this.#state.stopped === null
    if (isRunning === running.isOpen()) return
    if (!isRunning) return void running.closeUnsafe()
    running.openUnsafe()
    endBackOffs(wake)
  }

  /** What was in the inbox is not stored: everybody subscribes again after a while and sends what it still has. */
  #storageFailed(error: SqliteError): void {
    const { environment } = this.#options
    environment.log({ level: 'error', message: error.message, fields: { reason: error.reason } })
    noteBackend(this.#state, { error })
    this.#inbox.length = 0
    const delay = retryDelayMs({ attempt: this.#storageFailures++, random: environment.random() })
    environment.setTimer(() => {
      for (const connection of this.#connections) {
        connection.feed = null
        this.#hosted.runnerLost(connection)
        connection.send({ _tag: 'hello', term: this.term })
      }
    }, delay)
  }

  // ---------------------------------------------------------------------------------------------------- messages

  #takeAck({ feed }: Connection, report: Extract<SessionMessage, { readonly _tag: 'ack' }>['effects']): void {
    if (feed === null) return
    feed.isUnderWay = false
    const leader = this.#state
    const stateHead = leader.replica.head?.position
    if (report !== null && report.epoch === leader.log.status.epoch && stateHead !== undefined && equals(report.after, stateHead)) {
      const effects: Array<RowEffect> = []
      report.seqs.forEach((seq, i) => {
        const effect = effectAt(report.effects, i)
        const id = report.ids[i]
        if (effect !== undefined && id !== undefined) effects.push({ seq, id, effect })
      })
      if (effects.length > 0) followEffects(leader, effects)
      feed.isDirty = true
    } else if (feed === leader.host && report === null) {
      this.#askForImage(feed)
    }
  }

  /** The host has everything and still cannot report what the state lacks: its whole database will do. */
  #askForImage(host: SessionFeed): void {
    const { log, replica, sync } = this.#state
    const isLagging = compare(replica.head?.position ?? sync.localHead, sync.localHead) < 0
    if (!isLagging || !host.isAskedForEffects || this.#imageAskedFor === log.status.epoch) return
    this.#imageAskedFor = log.status.epoch
    host.send({ _tag: 'want-image', term: log.status.term, epoch: log.status.epoch })
  }

  #takeImage(image: Image): void {
    this.#imageAskedFor = -1
    const { log, schema, replica } = this.#state
    const isOurs = image.epoch === log.status.epoch && image.attachment === log.status.attachment
    const atId = log.idAt(image.at)
    if (!isOurs || atId === undefined || schema === null || schema.fingerprint !== image.fingerprint) return
    if (compare(image.trimmedTo, settledHeadOf(this.#state)) > 0) return
    replica.install(image.bytes, {
      position: image.at, eventId: atId, epoch: image.epoch, trimmedTo: image.trimmedTo, attachment: image.attachment, fingerprint: image.fingerprint,
    }, schema)
    for (const feed of this.#state.feeds.values()) feed.isDirty = true
  }

  #answer(connection: Connection, { n, request, ask }: Request): void {
    try {
      const answer = (answers[request] as (leader: LeaderState, ask: unknown) => unknown)(this.#state, ask)
      connection.send({ _tag: 'response', n, answer })
      if (request === 'wake') endBackOffs(this.#latches.wake)
    } catch (error) {
      if (error instanceof LeaderStale) throw error
      connection.send({ _tag: 'response', n, error: describeError(error) })
    }
  }

  #leave(connection: Connection): void {
    this.#connections.delete(connection)
    this.#hosted.runnerLost(connection)
    const { feeds } = this.#state
    const { feed } = connection
    if (feed === null || feeds.get(feed.sessionId) !== feed) return
    feeds.delete(feed.sessionId)
    chooseHost(this.#state)
    this.#imageAskedFor = -1
  }

  // ---------------------------------------------------------------------------------------------------- backend

  /** The first session that brings a backend starts to sync; a log that had none is bound to it from here on. */
  #attach(backendName: string | null): void {
    if (backendName === null || this.#loops !== null) return
    this.#state.backend.name = backendName
    this.#state.backend.connection = 'connecting'
    if (!isAttached(this.#state.log)) changeAttachment(this.#state, false)
    this.#startLoops(this.#hosted.backend)
  }

  #startLoops(backend: SyncBackend): void {
    const step = (body: () => void): void => {
      if (this.#state.isClosed) throw new LeaderStale({ term: this.term, current: this.term })
      try {
        body()
        this.#afterStep()
      } catch (error) {
        if (error instanceof LeaderStale) this.#endStale()
        throw error
      }
    }
    this.#loops = this.#options.environment.runFork(runBackendLoops({ leader: this.#state, backend, step, ...this.#latches }))
  }

  /** The host first: its backend is that of the leading version. */
  #chooseRunner(): BackendRunner | null {
    const able = Array.from(this.#connections).filter(({ feed }) => (feed?.subscription.backendName ?? null) !== null)
    return able.find(({ feed }) => feed === this.#state.host) ?? able[0] ?? null
  }

  // -------------------------------------------------------------------------------------------------------- ends

  #endIfLeft(): void {
    if (this.#connections.size === 0) this.#end()
  }

  /** Another leader has taken over: this one lets go of everything, silently. */
  #endStale(): void {
    if (this.#state.isClosed) return
    this.#state.isClosed = true
    this.#connections.clear()
    if (this.#loops !== null) this.#options.environment.runFork(Fiber.interrupt(this.#loops))
    this.#state.replica.close()
    this.#state.log.close()
    this.#end()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#options.onEnd?.()
  }
}
