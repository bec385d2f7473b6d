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
import { batchEventsMax, pageEventsMax } from '../backend/BackendLimits.ts'
import { retryDelayMs } from '../backend/RetryPolicy.ts'
import type { SyncBackend } from '../backend/SyncBackend.ts'
import type { Request, SessionMessage } from '../channel/LeaderMessage.ts'
import type { Environment } from '../environment/Environment.ts'
import { eventIdRandomBytes, makeEventIdGenerator } from '../event/EventId.ts'
import { pulse, runBackendLoops } from './BackendLoops.ts'
import { backendStatusOf, describeError, noteBackend } from './BackendStatus.ts'
import { type BackendRunner, HostedBackend } from './HostedBackend.ts'
import { factsOf } from './LeaderFacts.ts'
import { LeaderInbox } from './LeaderInbox.ts'
import { LeaderStale } from './LeaderError.ts'
import { answers, bytesOf, changeAttachment, tellNotices } from './LeaderRequest.ts'
import { isAttached, type LeaderState, makeLeaderState, reloadLog } from './LeaderState.ts'
import type { LeaderStorage } from './LeaderStorage.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { admitPushes } from './PushAdmission.ts'
import type { SendToSession, SessionFeed } from './SessionFeed.ts'
import { takeAck, takeImage, takeNoImage } from './StateReports.ts'
import { readStateHead, StateReplica } from './StateReplica.ts'
import { chooseHost, subscribe, takeNewestBack } from './Subscription.ts'
import { isCorrupt, type KnownStatus, type OpenedLog, openEventlog, salvageEventlog } from './Salvage.ts'

export interface LeaderOptions {
  readonly storage: LeaderStorage
  readonly environment: Environment
  /** Called once when the last session has left, or the leader found itself stale: release the lock. */
  readonly onEnd?: () => void
  /** Rows that one message to a session carries at most. Default 1,000: what it can take within a frame or two. */
  readonly feedEventsMax?: number
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
  #state: LeaderState
  readonly #options: LeaderOptions
  readonly #inbox = new LeaderInbox<Connection>()
  readonly #connections = new Set<Connection>()
  readonly #hosted = new HostedBackend(() => this.#chooseRunner())
  readonly #latches = {
    pushWork: Latch.makeUnsafe(false),
    pulledOnce: Latch.makeUnsafe(false),
    running: Latch.makeUnsafe(true),
    wake: Latch.makeUnsafe(false),
    reattached: Latch.makeUnsafe(false),
  }
  #loops: Fiber.Fiber<void> | null = null
  #isTurnScheduled = false
  #storageFailures = 0
  /** What a step has failed with at the disk: until the log was read again nobody knows what is in it. */
  #failure: unknown = null
  #isEnded = false
  /** Both databases are closed until the corrupt eventlog could be salvaged; messages wait. */
  #isSalvaging = false
  #attachmentSeen = -1

  /** Takes over the store: raises the term in both databases. **Fails with** `FormatUnsupported`, `SqliteError`. */
  constructor(options: LeaderOptions) {
    this.#options = options
    try {
      this.#state = this.#open(openEventlog)
    } catch (error) {
      // Damage among pending rows, behind those that opening looks at.
      if (!isCorrupt(error)) throw error
      const known = readStateHead(options.storage) ?? {}
      this.#state = this.#open((storage, newClientId) => salvageEventlog(storage, newClientId, known))
    }
    options.storage.status?.onChange(() => this.#tellStorage(this.#connections))
  }

  #open(openLog: typeof openEventlog): LeaderState {
    const { environment, storage, feedEventsMax = pageEventsMax } = this.#options
    const newClientId = (): string =>
      makeEventIdGenerator()(environment.now(), environment.randomBytes(eventIdRandomBytes))
    const { log, salvaged } = openLog(storage, newClientId)
    let replica: StateReplica | undefined
    try {
      log.raiseTerm(log.status.term === 0 ? storage.newLogTerm : 0)
      this.#tellSalvaged(salvaged)
      replica = new StateReplica(storage, log.status.term)
      const keepExport = (bytes: Uint8Array): string => storage.keepExport(bytes)
      return makeLeaderState({ environment, log, replica, keepExport, feedEventsMax })
    } catch (error) {
      // Whoever tries again in this process must find the files free.
      replica?.close()
      log.close()
      throw error
    }
  }

  #tellSalvaged(salvaged: OpenedLog['salvaged']): void {
    if (salvaged === null) return
    const message = 'the eventlog was corrupt and has been salvaged'
    this.#options.environment.log({ level: 'error', message, fields: { ...salvaged } })
  }

  get term(): number {
    return this.#state.log.status.term
  }

  /** Connects a session; its first message from here is `hello`. */
  connect(send: SendToSession): LeaderPort {
    const connection: Connection = { send, feed: null }
    this.#connections.add(connection)
    send({ _tag: 'hello', term: this.term })
    this.#tellStorage([connection])
    return {
      receive: (message) => {
        if (this.#state.isClosed && !this.#isSalvaging) return
        this.#inbox.add(connection, message)
        this.#scheduleTurn()
      },
      disconnect: () => {
        this.#inbox.add(connection, { _tag: 'goodbye' })
        this.#scheduleTurn()
      },
    }
  }

  #tellStorage(connections: Iterable<Connection>): void {
    const storage = this.#options.storage.status?.current()
    if (storage === undefined || this.#isEnded) return
    for (const { send } of connections) send({ _tag: 'storage', term: this.term, storage })
  }

  /** Ends the loops and closes both databases. What sessions have pushed is written before. */
  async close(): Promise<void> {
    this.#isSalvaging = false
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
    if (this.#isSalvaging) return this.#takeGoodbyes()
    if (this.#state.isClosed) return
    // Whoever sends meanwhile is asked for it again, with the `hello` behind the reload.
    if (this.#failure !== null) this.#inbox.keepGoodbyes()
    if (this.#inbox.isEmpty) return this.#endIfLeft()
    this.#step(() => {
      while (!this.#inbox.isEmpty) {
        const pushes = this.#inbox.takePushes(batchEventsMax)
        if (pushes.length > 0) this.#admit(pushes)
        else this.#takeMessage()
      }
    })
    this.#endIfLeft()
  }

  /** A session that has to subscribe again sends its pushes once more then. */
  #admit(pushes: ReturnType<LeaderInbox<Connection>['takePushes']>): void {
    admitPushes(
      this.#state,
      pushes.flatMap(({ from: { feed }, push }) => (feed === null ? [] : [{ feed, push }])),
    )
  }

  #takeMessage(): void {
    const taken = this.#inbox.takeNext()
    if (taken === undefined || !this.#connections.has(taken.from)) return
    const { from: connection, message } = taken
    switch (message._tag) {
      case 'subscribe':
        this.#attach(message.backendName)
        connection.feed = subscribe(this.#state, connection.send, message)
        this.#sync(message.backendName)
        return
      case 'ack':
        if (connection.feed !== null) takeAck(this.#state, connection.feed, message.effects)
        return
      case 'image':
        return takeImage(this.#state, message)
      case 'no-image':
        return takeNoImage(this.#state, connection.feed)
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

  /** A synchronous step, and then everything it made necessary. */
  #step(body: () => void): void {
    try {
      body()
      this.#storageFailures = 0
      this.#afterStep()
    } catch (error) {
      if (error instanceof LeaderStale) this.#endStale()
      else if (isCorrupt(error)) this.#salvage()
      else this.#failed(error)
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
    this.#noticeAttachment()
  }

  #noticeAttachment(): void {
    const { attachment } = this.#state.log.status
    if (attachment !== this.#attachmentSeen) pulse(this.#latches.reattached)
    this.#attachmentSeen = attachment
  }

  /** The loops wait for as long as sync is stopped or the log is uncertain, and go on without a delay. */
  #runOrStop(): void {
    const { running, wake } = this.#latches
    const isRunning = this.#state.stopped === null && this.#failure === null
    if (isRunning === running.isOpen()) return
    if (!isRunning) return void running.closeUnsafe()
    running.openUnsafe()
    pulse(wake)
  }

  /** What was in the inbox is not stored: everybody subscribes again after a while and sends what it still has. */
  #failed(error: unknown): void {
    this.#failure = error
    this.#runOrStop()
    this.#tellFailure(error)
    // Computed for places that their events may not get next time.
    this.#state.effects.clear()
    this.#dropInbox()
    this.#later(() => this.#reload())
  }

  #later(task: () => void): void {
    const { environment } = this.#options
    const delay = retryDelayMs({ attempt: this.#storageFailures++, random: environment.random() })
    environment.setTimer(task, delay)
  }

  #tellFailure(error: unknown): void {
    const { tag, message } = describeError(error)
    this.#options.environment.log({ level: 'error', message, fields: { error: tag } })
    noteBackend(this.#state, { error })
    this.#tellWaiting()
  }

  /** Sessions that could not be taken in have no feed yet; without a word their stores would open for ever. */
  #tellWaiting(): void {
    const [facts, status] = [factsOf(this.#state), backendStatusOf(this.#state)]
    for (const { feed, send } of this.#connections)
      if (feed === null) send({ _tag: 'status', term: facts.term, status, facts })
  }

  /** Who has left does not say so again. */
  #dropInbox(): void {
    this.#inbox.keepGoodbyes()
    if (!this.#inbox.isEmpty) this.#scheduleTurn()
  }

  #reload(): void {
    if (this.#state.isClosed) return
    this.#step(() => {
      reloadLog(this.#state)
      this.#failure = null
      noteBackend(this.#state, { error: null })
      this.#startAnew()
    })
  }

  #startAnew(): void {
    for (const connection of this.#connections) {
      connection.feed = null
      this.#hosted.runnerLost(connection)
      connection.send({ _tag: 'hello', term: this.term })
    }
  }

  /** A page of the log cannot be read: this leader goes on with what can be, as if it had just been started. */
  #salvage(): void {
    const { status } = this.#state.log
    this.#dropInbox()
    this.#letGo()
    this.#isSalvaging = true
    this.#openSalvaged(status)
  }

  /** There may be no room for a new log now: sessions go on in memory, and it is tried again. */
  #openSalvaged(known: KnownStatus): void {
    if (!this.#isSalvaging) return
    try {
      this.#state = this.#open((storage, newClientId) => salvageEventlog(storage, newClientId, known))
    } catch (error) {
      for (const connection of this.#connections) connection.feed = null
      this.#tellFailure(error)
      return this.#later(() => this.#openSalvaged(known))
    }
    this.#isSalvaging = false
    this.#failure = null
    this.#storageFailures = 0
    this.#startAnew()
  }

  /** All that can be done without a log. */
  #takeGoodbyes(): void {
    this.#inbox.keepGoodbyes()
    for (let taken = this.#inbox.takeNext(); taken !== undefined; taken = this.#inbox.takeNext())
      this.#connections.delete(taken.from)
    if (this.#connections.size > 0) return
    this.#isSalvaging = false
    this.#end()
  }

  /** Ends what runs in the background, and closes both databases. */
  #letGo(): void {
    this.#state.isClosed = true
    if (this.#loops !== null) this.#options.environment.runFork(Fiber.interrupt(this.#loops))
    this.#loops = null
    this.#state.replica.close()
    this.#state.log.close()
  }

  // ---------------------------------------------------------------------------------------------------- messages

  #answer(connection: Connection, { n, request, ask }: Request): void {
    try {
      const answer = (answers[request] as (leader: LeaderState, ask: unknown) => unknown)(this.#state, ask)
      connection.send({ _tag: 'response', n, answer }, bytesOf(answer))
      if (request === 'wake') pulse(this.#latches.wake)
    } catch (error) {
      if (error instanceof LeaderStale || isCorrupt(error)) throw error
      connection.send({ _tag: 'response', n, error: describeError(error) })
      // Nobody knows how far it came: what memory says is read from the log again.
      if (error instanceof SqliteError) throw error
    }
  }

  #leave(connection: Connection): void {
    this.#connections.delete(connection)
    this.#hosted.runnerLost(connection)
    const { feeds } = this.#state
    if (!feeds.delete(connection.send)) return
    chooseHost(this.#state)
    takeNewestBack(this.#state)
  }

  // ---------------------------------------------------------------------------------------------------- backend

  /** The first session that brings a backend starts to sync; a log that had none is bound to it from here on. */
  #attach(backendName: string | null): void {
    if (backendName === null || this.#loops !== null) return
    this.#state.backend.name = backendName
    this.#state.backend.connection = 'connecting'
    if (!isAttached(this.#state.log)) changeAttachment(this.#state, false)
  }

  /** Once the session is there: its first call would find nobody to run it. */
  #sync(backendName: string | null): void {
    if (backendName !== null && this.#loops === null) this.#startLoops(this.#hosted.backend)
  }

  #startLoops(backend: SyncBackend): void {
    const leader = this.#state
    const step = (body: () => void): void => {
      if (leader.isClosed) throw new LeaderStale({ term: this.term, current: this.term })
      // What the backend has said meanwhile, it says again.
      if (this.#failure !== null) throw this.#failure
      try {
        body()
        this.#afterStep()
      } catch (error) {
        if (error instanceof LeaderStale) this.#endStale()
        else if (isCorrupt(error)) this.#salvage()
        else if (error instanceof SqliteError) this.#failed(error)
        throw error
      }
    }
    this.#loops = this.#options.environment.runFork(runBackendLoops({ leader, backend, step, ...this.#latches }))
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

  /** Another leader has taken over: this one ends, silently. */
  #endStale(): void {
    if (this.#state.isClosed) return
    this.#connections.clear()
    this.#letGo()
    this.#end()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#options.onEnd?.()
  }
}
