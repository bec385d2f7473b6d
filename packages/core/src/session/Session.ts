/**
 * A client session: commits on the app's thread, synchronously; everything else is messages from and to its leader.
 *
 * **Source**  spec sections 3 and 5.
 */
import { retryDelayMs } from '../backend/RetryPolicy.ts'
import type { SyncBackendProvider } from '../backend/SyncBackend.ts'
import type { LeaderClient } from '../channel/LeaderClient.ts'
import type { LeaderMessage, Notice } from '../channel/LeaderMessage.ts'
import type { EventEffect } from '../channel/PackedEffects.ts'
import type { Environment } from '../environment/Environment.ts'
import type { EventInput } from '../event/EventDefinition.ts'
import { compare, next } from '../event/EventSequenceNumber.ts'
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { localPush } from '../sync/LocalPush.ts'
import { BackendHost } from './BackendHost.ts'
import { makeImage } from './EffectReporter.ts'
import { EventFactory } from './EventFactory.ts'
import { receiveFeed, receiveKept, receiveSubscribed, subscribe } from './FeedReceiver.ts'
import { LeaderQuestions } from './LeaderQuestions.ts'
import { hearFacts } from './MergeInstaller.ts'
import { flush, scheduleFlush } from './PushQueue.ts'
import { type Receipt, Receipts } from './Receipts.ts'
import type { Changes, OpenSessionDatabase, SessionDatabase } from './SessionDatabase.ts'
import { CommitInsideMaterializer, MaterializerNotDeterministic, SchemaOutdated, StoreClosed } from './SessionError.ts'
import { closeShown, numberShown } from './ShownDatabase.ts'
import { type QuarantineNotice, WithoutEffect } from './WithoutEffect.ts'
import { makeSessionState, type SessionState, type TableChanges } from './SessionState.ts'

export interface SessionOptions {
  readonly sessionId: string
  readonly storeId: string
  readonly schema: StoreSchema
  readonly environment: Environment
  readonly client: LeaderClient
  readonly openDatabase: OpenSessionDatabase
  /** Run in this session when the leader asks for it; `null` for a store without one. */
  readonly backend: SyncBackendProvider | null
  readonly onTables: (changes: TableChanges) => void
  readonly onStatus: () => void
  readonly onNotice: (notice: Notice | QuarantineNotice) => void
  readonly onFailure: (error: unknown) => void
}

/** Failures in a row after which a session that never was ready says so: what it hits is not passing. */
const failuresBeforeReadyMax = 4

export class Session {
  readonly state: SessionState
  readonly questions: LeaderQuestions
  readonly #options: SessionOptions
  readonly #receipts: Receipts
  readonly #factory: EventFactory
  readonly #withoutEffect: WithoutEffect
  readonly #backendHost: BackendHost | null
  /** Called when the session has caught up with what the log had when it was taken in. */
  #onReady: Array<{ readonly resolve: () => void; readonly reject: (error: Error) => void }> = []
  #isReady = false
  #storageRetry: (() => void) | null = null
  /** Since the last message that fitted. */
  #failures = 0
  readonly #reported = new Set<string>()

  constructor(options: SessionOptions) {
    const { client, backend, schema, environment, sessionId } = options
    this.#options = options
    this.state = makeSessionState({
      sessionId,
      schema,
      environment,
      client,
      openDatabase: options.openDatabase,
      backendName: backend?.name ?? null,
      listener: {
        onTables: options.onTables,
        onStatus: options.onStatus,
        onPersisted: (ids) => this.#receipts.persisted(ids),
        onRefused: (refused) => this.#receipts.refused(refused),
        onFates: () => this.#receipts.fatesKnown(),
        onWithoutEffect: (events) => this.#withoutEffect.tell(events),
        onFailure: (error) => options.onFailure(error),
        onBroken: (error) => this.#failed(error),
      },
    })
    this.questions = new LeaderQuestions(client)
    this.#receipts = new Receipts(this.state, this.questions)
    this.#factory = new EventFactory(schema, environment, sessionId)
    this.#withoutEffect = new WithoutEffect(schema, environment, (notice) => options.onNotice(notice))
    this.#backendHost =
      backend === null ? null : new BackendHost(backend, environment.runFork, (result) => client.send(result))
    client.listen({ onMessage: (message) => this.#receive(message), onLost: (reason) => this.#lost(reason) })
  }

  get database(): SessionDatabase {
    if (this.state.isClosed || this.state.database === null) throw new StoreClosed({ operation: 'read' })
    return this.state.shown?.database ?? this.state.database
  }

  /** Resolves once the session stands where the log stood when the leader took it in. **Rejects with** `SchemaOutdated`, what keeps failing. */
  ready(): Promise<void> {
    return this.#isReady ? Promise.resolve() : new Promise((resolve, reject) => this.#onReady.push({ resolve, reject }))
  }

  /**
   * Commits events as one group: all of them or none.
   *
   * **Fails with**  `InvalidEventArgs`, `EventTooLarge`, `EventNotInSchema`, `MaterializerFailed`,
   * `CommitInsideMaterializer`, `StoreClosed`, `SqliteError`: thrown, with nothing changed.
   */
  commit(inputs: ReadonlyArray<EventInput>): Receipt {
    const { state } = this
    if (state.isClosed || state.database === null) throw new StoreClosed({ operation: 'commit' })
    if (state.database.isMaterializing || state.shown?.database.isMaterializing === true)
      throw new CommitInsideMaterializer({ event: inputs[0]?.definition.name ?? 'nothing' })
    return this.commitEvents(this.#factory.make(inputs, state.clientId), true)
  }

  /** The factory of this session's events. */
  get events(): EventFactory {
    return this.#factory
  }

  /** {@link Session.commit} for events that are encoded already. **Fails with** as that. */
  commitEvents(events: ReadonlyArray<EventEnvelope>, areJustEncoded = false): Receipt {
    const { state, database } = this
    const { observer } = state
    const startedAt = observer === null ? 0 : observer.now()
    let head = state.sync.localHead
    const rows = events.map((event): NumberedEvent => ({ seq: (head = next(head, event.isClientOnly)), event }))
    const changes: Array<Changes> = []
    let effects: Array<EventEffect> = []
    const { shown } = state
    const written = shown === null ? rows : numberShown(shown, events)
    database.transaction(() => {
      for (const row of written) {
        const { bytes, changes: rowChanges } = database.commitEvent(row, areJustEncoded)
        if (bytes.length > 0) changes.push(rowChanges)
        effects.push({ outcome: 'applied', changeset: bytes, error: null })
      }
      // The leader is told what the database at its own log makes of them.
      if (shown !== null) effects = state.database!.replay(rows).map(({ effect }) => effect)
    })
    if (shown !== null) shown.head = written.at(-1)?.seq ?? shown.head
    for (const effect of effects) state.unsentEffects.push(effect)
    const merged = localPush(state.sync, rows, 'all')
    if (merged._tag === 'reject') throw new TypeError('the session numbered its own events out of order')
    state.sync = merged.state
    for (const { id } of events) state.pendingIds.add(id)
    if (rows.length > 0) scheduleFlush(state)
    if (changes.length > 0) state.listener.onTables(changes)
    observer?.onStep({ _tag: 'commit', events: rows, ms: observer.now() - startedAt })
    return this.#receipts.of(events.map(({ id }) => id))
  }

  receipt(eventId: string): Receipt {
    return this.#receipts.of([eventId])
  }

  /** Sends what is pending now, not after the present task: a page that is hidden may never get there. */
  flush(): void {
    try {
      flush(this.state)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Leaves the leader. What is still pending is lost if the leader does not have it: `Store.close` waits before. */
  async close(): Promise<void> {
    if (this.state.isClosed) return
    this.state.isClosed = true
    this.state.client.send({ _tag: 'goodbye' })
    this.questions.close()
    this.#receipts.close()
    this.#storageRetry?.()
    await this.#backendHost?.close()
    await this.state.client.close()
    this.state.database?.close()
    closeShown(this.state)
    this.state.database = null
  }

  // ---------------------------------------------------------------------------------------------------- messages

  #receive(message: LeaderMessage): void {
    const { state } = this
    if (state.isClosed) return
    if (message._tag === 'hello') return this.#hello(message.term)
    if (termOf(message) < state.term) return
    try {
      this.#take(message)
      if (message._tag === 'feed' && state.waitingFor === null) this.#failures = 0
      this.#checkReady()
      flush(state)
    } catch (error) {
      this.#failed(error)
    }
  }

  #hello(term: number): void {
    const { state } = this
    if (term < state.term) return
    state.term = term
    this.questions.disconnected()
    this.#backendHost?.cancelAll()
    this.#storageRetry?.()
    this.#subscribe(false, false)
    state.listener.onStatus()
  }

  #take(message: Exclude<LeaderMessage, { readonly _tag: 'hello' }>): void {
    const { state } = this
    switch (message._tag) {
      case 'subscribed':
        receiveSubscribed(state, message)
        if (state.waitingFor === null) this.questions.connected()
        return
      case 'feed':
        return receiveFeed(state, message)
      case 'kept':
        return receiveKept(state, message)
      case 'push-refused':
        state.pushAgainAt = { epoch: message.epoch, head: message.head }
        return
      case 'want-image':
        return this.#sendImage(message.epoch)
      case 'status':
        state.backendStatus = message.status
        if (state.waitingFor === null) hearFacts(state, message.facts)
        return state.listener.onStatus()
      case 'storage':
        state.storage = message.storage
        return state.listener.onStatus()
      case 'notice':
        return this.#options.onNotice(message.notice)
      case 'outdated':
        return this.#outdated(message.version)
      case 'response':
        return this.questions.receive(message)
      case 'backend-call':
        return this.#backendHost?.receive(message, { storeId: this.#options.storeId, clientId: state.clientId })
    }
  }

  #sendImage(epoch: number): void {
    const { state } = this
    const image = state.epoch !== epoch || state.waitingFor !== null ? undefined : makeImage(state)
    if (image === undefined) state.client.send({ _tag: 'no-image' })
    else state.client.send(image, [image.bytes.buffer])
  }

  /** It works on as it is, and pushes what it commits: events need no schema. */
  #outdated(newest: number): void {
    const { state } = this
    const isNews = state.newestVersion !== newest
    state.connection = 'outdated'
    state.hasLeftLog = true
    state.waitingFor = null
    state.sentCount = 0
    state.newestVersion = newest
    this.questions.connected()
    const error = new SchemaOutdated({ version: state.schema.version, newest })
    if (isNews) this.#options.onFailure(error)
    this.#rejectReady(error)
    state.listener.onStatus()
  }

  #lost(reason: Error): void {
    const { state } = this
    if (state.isClosed) return
    state.connection = 'lost'
    state.sentCount = 0
    this.questions.disconnected()
    this.#backendHost?.cancelAll()
    this.#options.environment.log({ level: 'warn', message: reason.message, fields: { sessionId: state.sessionId } })
    state.listener.onStatus()
  }

  /** It tells what its database has, which may fail as everything else. */
  #subscribe(wantsSnapshot: boolean, isImageDamaged: boolean): void {
    try {
      subscribe(this.state, wantsSnapshot, isImageDamaged)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** The database is as it was before the message. What does not fit is a snapshot; a failing machine is tried again. */
  #failed(error: unknown): void {
    const { state } = this
    const { environment, onFailure } = this.#options
    const isMachines = error instanceof SqliteError && error.isRetryable
    environment.log({ level: 'warn', message: String(error), fields: { sessionId: state.sessionId } })
    // A snapshot cures a damaged image; what the new database fails with as well, the app has to know.
    const isLasting = this.#failures > 0 && error instanceof SqliteError && error.isEnvironment
    if (isMachines || isLasting || this.#isNewReport(error)) onFailure(error)
    const again = (): void => this.#subscribe(!isMachines, error instanceof SqliteError && error.isDamage)
    this.#failures++
    if (!isMachines && this.#failures === 1) return again()
    if (!isMachines && this.#failures >= failuresBeforeReadyMax) this.#rejectReady(error)
    // What comes until then is for a session that took the last message.
    state.waitingFor = state.nextNumber++
    this.#storageRetry?.()
    this.#storageRetry = environment.setTimer(
      again,
      retryDelayMs({ attempt: this.#failures - 1, random: environment.random() }),
    )
  }

  #rejectReady(error: unknown): void {
    for (const { reject } of this.#onReady.splice(0)) reject(error instanceof Error ? error : new Error(String(error)))
  }

  /** A materializer that is not deterministic is told of once. */
  #isNewReport(error: unknown): boolean {
    if (!(error instanceof MaterializerNotDeterministic) || this.#reported.has(error.event)) return false
    this.#reported.add(error.event)
    return true
  }

  /** This session's database cannot be read: it came from a damaged state. */
  imageDamaged(error: SqliteError): void {
    if (this.state.waitingFor === null) this.#failed(error)
  }

  #checkReady(): void {
    const { state } = this
    if (this.#isReady || state.database === null || state.facts === null || state.waitingFor !== null) return
    if (compare(state.sync.upstreamHead, state.facts.localHead) < 0) return
    this.#isReady = true
    for (const { resolve } of this.#onReady.splice(0)) resolve()
  }
}

/** Answers to this session's own questions and calls of the backend have none: they come from whom it is connected to. */
const termOf = (message: LeaderMessage): number => {
  if ('facts' in message) return message.facts.term
  return 'term' in message ? message.term : Infinity
}
