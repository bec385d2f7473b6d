import type { HistoryChoice, Notice } from '../channel/LeaderMessage.ts'
import type { Environment } from '../environment/Environment.ts'
import type { EventInput } from '../event/EventDefinition.ts'
import { InvalidEventArgs } from '../event/EventError.ts'
import { parse } from '../event/EventSequenceNumber.ts'
import type { Query } from '../schema/Query.ts'
import { QueryNotInSchema } from '../schema/SchemaError.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import type { Receipt } from '../session/Receipts.ts'
import { Session } from '../session/Session.ts'
import { StoreClosed } from '../session/SessionError.ts'
import type { TableChanges } from '../session/SessionState.ts'
import type { QuarantineNotice } from '../session/WithoutEffect.ts'
import type { Adapter, AdapterConnection } from './Adapter.ts'
import type { SyncBackendProvider } from '../backend/SyncBackend.ts'
import { ReactiveGraph } from '../reactive/ReactiveGraph.ts'
import type {
  Computed,
  Listener,
  Read,
  Readable,
  ReadableOptions,
  Signal,
  SubscribeOptions,
} from '../reactive/Readable.ts'
import { LiveQueries } from './LiveQueries.ts'
import type { ReadStatement } from './LiveResult.ts'
import {
  makeQuarantinedEvents,
  makeRejectedEvents,
  type QuarantinedEvents,
  type RejectedEvents,
  type WaitOptions,
} from './LostEvents.ts'
import type { ResultUpdate } from './ResultChange.ts'
import { makeResults } from './Results.ts'
import { InvalidPosition } from './StoreError.ts'
import { type LoggedEvent, type LogStep, logSteps, settledEvents } from './StoreEvents.ts'
import { statusOf, type StoreStatus } from './StoreStatus.ts'

export interface StoreParts {
  readonly storeId: string
  readonly sessionId: string
  readonly schema: StoreSchema
  readonly adapter: Adapter
  readonly connection: AdapterConnection
  readonly backend: SyncBackendProvider | null
  readonly environment: Environment
  readonly logsArgs: boolean
}

/** An event the app should know of: a refusal, a reinstatement, a quarantine, sync that stopped, an outdated schema. */
export type StoreNotice = Notice | QuarantineNotice | { readonly _tag: 'failure'; readonly error: Error }

/** What `StoreInspection.ts` is made of: no part of a store that nobody inspects. */
export interface InspectedParts {
  readonly adapterName: string
  readonly backendName: string | null
  readonly session: Session
  readonly live: LiveQueries
  readonly onError: (error: unknown) => void
}

export interface EventsOptions {
  /** `e42` or `e42.1`: events behind that position. Default `e0`. */
  readonly after?: string
  readonly signal?: AbortSignal
}

/**
 * One session of a store: what an app holds.
 *
 * `commit`, `query` and `subscribe` are synchronous and work offline; everything that waits takes an `AbortSignal`.
 *
 * **Source**  spec section 8.
 */
export class Store {
  readonly storeId: string
  readonly #parts: StoreParts
  readonly #session: Session
  readonly #live: LiveQueries
  readonly #graph: ReactiveGraph
  readonly rejected: RejectedEvents
  readonly quarantined: QuarantinedEvents
  readonly #statusListeners = new Set<(status: StoreStatus) => void>()
  readonly #noticeListeners = new Set<(notice: StoreNotice) => void>()
  readonly #refreshListeners = new Set<() => void>()
  readonly #newsWaiters = new Set<() => void>()
  readonly #closeListeners = new Set<() => void>()
  readonly #stopWake: (() => void) | undefined
  #isClosing = false
  #isWaking = false

  /** @internal Use `createStore`. */
  constructor(parts: StoreParts) {
    this.storeId = parts.storeId
    this.#parts = parts
    this.#live = new LiveQueries({
      run: (statement) => this.#run(statement),
      readsOf: ({ sql, params }) => this.#session.database.guard.readsOf(sql, params),
      isDeclared: (table) => parts.schema.tableByName.get(table.name) === table,
      onError: (error) => this.#log('error', 'a live query or its subscriber failed', error),
    })
    this.#graph = new ReactiveGraph({
      query: (query) => this.#answer(query),
      subscribe: (query, notify, onError) => this.#subscribeLive(query, notify, onError),
      onError: (error) => this.#log('error', 'a computed or a subscriber failed', error),
      checkOpen: (operation) => this.#checkOpen(operation),
    })
    const { sessionId, storeId, schema, environment, connection, backend } = parts
    this.#session = new Session({
      sessionId,
      storeId,
      schema,
      environment,
      backend,
      client: connection.client,
      openDatabase: connection.openDatabase,
      onTables: (changes: TableChanges) => {
        this.#graph.refresh(() => this.#live.refresh(changes))
        this.#tellRefresh()
      },
      onStatus: () => this.#tellStatus(),
      onNotice: (notice) => this.#tellNotice(notice),
      onFailure: (error) => {
        this.#log('warn', 'the session had to recover', error)
        if (error instanceof Error) this.#tellNotice({ _tag: 'failure', error })
      },
    })
    this.#stopWake = connection.onWake?.(() => void this.#wakeSync())
    this.rejected = makeRejectedEvents(this.#session)
    this.quarantined = makeQuarantinedEvents(this.#session)
  }

  /** @internal Resolves when the session has what the log had when it joined. */
  get ready(): Promise<void> {
    return this.#session.ready()
  }

  get sessionId(): string {
    return this.#parts.sessionId
  }

  get clientId(): string {
    return this.#session.state.clientId
  }

  // ------------------------------------------------------------------------------------------------------ commits

  /**
   * Commits events as one group: all of them or none. Synchronous; live queries have run when it returns.
   *
   * **Fails with**  `InvalidEventArgs`, `EventTooLarge`, `EventNotInSchema`, `MaterializerFailed`,
   * `CommitInsideMaterializer`, `ChangeInsideComputed`, `StoreClosed`: thrown, and nothing has changed.
   *
   * **Example**
   * ```ts
   * const receipt = store.commit(todoCreated({ id: '1', text: 'hello' }))
   * await receipt.persisted
   * ```
   */
  commit(...events: ReadonlyArray<EventInput>): Receipt {
    if (this.#isClosing) throw new StoreClosed({ operation: 'commit' })
    this.#graph.checkMayChange('commit')
    return this.#session.commit(events)
  }

  /** The receipt of an event committed earlier, also before a restart. */
  receipt(eventId: string): Receipt {
    return this.#session.receipt(eventId)
  }

  // ------------------------------------------------------------------------------------------------------ queries

  /**
   * The answer now. **Fails with** `StoreClosed`, `QueryNotInSchema`, `StatementRefused` (raw SQL that writes),
   * `SqliteError`; of a signal or computed `NotOfThisStore` and what the computed throws.
   */
  query<A>(readable: Readable<A>): A {
    if (readable.kind === 'query') return this.#answer(readable)
    this.#graph.ownNodeOf(readable)
    return readable.get()
  }

  /**
   * Calls `onResult` at once and whenever the answer differs; the result ends it. A failure after the first answer goes
   * to `onError`, or into the log. **Fails with** as `query`.
   */
  subscribe<A>(readable: Readable<A>, onResult: Listener<A>, options: SubscribeOptions = {}): () => void {
    if (readable.kind === 'query')
      return this.#graph.around(() => this.#subscribeLive(readable, onResult, options.onError))
    return this.#graph.subscribe(this.#graph.ownNodeOf(readable), onResult, options.onError)
  }

  /**
   * The present answer, then whenever it differs: always the latest one, however slow the loop. Ends with the signal or
   * the store. **Fails with** as `query`.
   *
   * **Example**
   * ```ts
   * for await (const open of store.results(todos.where({ done: false }).count(), { signal })) show(open)
   * ```
   */
  results<A>(
    readable: Readable<A>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncIterableIterator<A, void, void> {
    return makeResults<A>({
      subscribe: (listener, onError) => this.subscribe(readable, listener, { onError }),
      onClosed: (end) => {
        this.#closeListeners.add(end)
        return () => this.#closeListeners.delete(end)
      },
      signal,
    })
  }

  /**
   * State of this store object, in no event and no table.
   *
   * **Example**
   * ```ts
   * const selected = store.signal<string | null>(null)
   * selected.set('list-1')
   * ```
   */
  signal<A>(initial: A, options: ReadableOptions<A> = {}): Signal<A> {
    return this.#graph.signal(initial, options)
  }

  /**
   * An answer made from queries, signals and other computeds; see `Computed`.
   *
   * **Example**
   * ```ts
   * const visible = store.computed((read) => read(todos.where({ listId: read(selected) })))
   * ```
   */
  computed<A>(compute: (read: Read) => A, options: ReadableOptions<A> = {}): Computed<A> {
    return this.#graph.computed(compute, options)
  }

  #subscribeLive<A>(query: Query<A>, notify: Listener<A>, onError: SubscribeOptions['onError']): () => void {
    this.#checkTables(query)
    return this.#live.subscribe(query, notify, onError)
  }

  #answer<A>(query: Query<A>): A {
    this.#checkTables(query)
    const { rows, columns } = this.#run(query)
    return query.decode(rows, columns)
  }

  /** A table of the same name in another schema may have other columns: its rows would be read as what they are not. */
  #checkTables({ source, tables }: Query<unknown>): void {
    const { tableByName } = this.#parts.schema
    for (const table of source === undefined ? (tables ?? []) : [source.table]) {
      if (tableByName.get(table.name) !== table) throw new QueryNotInSchema({ table: table.name })
    }
  }

  #checkOpen(operation: string): void {
    if (this.#session.state.isClosed) throw new StoreClosed({ operation })
  }

  /**
   * The same for large results: `rows` is a list that shares what has not changed with the last one, `changes` says how
   * it came from there. **Fails with** as `query`; `QueryInvalid` if it is no query for rows.
   *
   * **Example**
   * ```ts
   * store.subscribeChanges(todos.orderBy('text'), ({ rows, changes }) => list.show(rows.slice(0, 100), changes))
   * ```
   */
  subscribeChanges<Row>(query: Query<ReadonlyArray<Row>>, onUpdate: (update: ResultUpdate<Row>) => void): () => void {
    this.#checkTables(query)
    return this.#graph.around(() => this.#live.subscribeChanges(query, onUpdate))
  }

  /**
   * Calls `onRefresh` when a commit, rebase or snapshot has changed rows and every live query has its answer: what is
   * gathered from several `subscribe` calls belongs together then.
   */
  onRefresh(onRefresh: () => void): () => void {
    this.#refreshListeners.add(onRefresh)
    return () => this.#refreshListeners.delete(onRefresh)
  }

  #tellRefresh(): void {
    // A subscriber has committed: the refresh that is running takes that in before it ends.
    if (this.#live.isRefreshing) return
    for (const listener of this.#refreshListeners) this.#guarded(listener)
  }

  #run(query: ReadStatement): { readonly rows: ReadonlyArray<SqliteRow>; readonly columns: ReadonlyArray<string> } {
    const { database } = this.#session
    if (query.source === undefined) database.guard.inspect(query.sql, query.params, 'query')
    const statement = database.statements.get(query.sql, query.integers)
    try {
      return { rows: statement.all(query.params), columns: statement.columns }
    } catch (error) {
      if (error instanceof SqliteError && error.isDamage) this.#session.imageDamaged(error)
      throw error
    }
  }

  // ------------------------------------------------------------------------------------------------------- status

  /** Session, leader and backend, as far as this session has heard. */
  get status(): StoreStatus {
    return statusOf(this.#session.state)
  }

  /** Calls `onStatus` at once and with every change. */
  onStatus(onStatus: (status: StoreStatus) => void): () => void {
    this.#statusListeners.add(onStatus)
    onStatus(this.status)
    return () => this.#statusListeners.delete(onStatus)
  }

  /** Refusals, reinstatements, sync that stopped, failures the store recovered from. */
  onNotice(onNotice: (notice: StoreNotice) => void): () => void {
    this.#noticeListeners.add(onNotice)
    return () => this.#noticeListeners.delete(onNotice)
  }

  /** Resolves when `isReached` says so of a status. **Fails with** `StoreClosed`, the signal's reason. */
  async until(isReached: (status: StoreStatus) => boolean, signal?: AbortSignal): Promise<StoreStatus> {
    for (;;) {
      const wait = this.#news(signal)
      const { status } = this
      if (isReached(status)) return status
      await wait
    }
  }

  #tellStatus(): void {
    // A copy: whoever is woken may wait again at once.
    for (const wake of Array.from(this.#newsWaiters)) wake()
    if (this.#statusListeners.size === 0) return
    const { status } = this
    for (const listener of this.#statusListeners) this.#guarded(() => listener(status))
  }

  #tellNotice(notice: StoreNotice): void {
    for (const listener of this.#noticeListeners) this.#guarded(() => listener(notice))
  }

  #guarded(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#log('error', 'a listener threw', error)
    }
  }

  #log(level: 'warn' | 'error', message: string, error: unknown): void {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    // Errors about args quote them; they stay out of logs unless the app asked for them.
    const isAboutArgs = error instanceof InvalidEventArgs
    this.#parts.environment.log({
      level,
      message,
      fields: { storeId: this.storeId, error: isAboutArgs && !this.#parts.logsArgs ? 'InvalidEventArgs' : detail },
    })
  }

  // ------------------------------------------------------------------------------------------------------- events

  /** Settled events, each once, in order, for as long as the store is open. **Fails with** `InvalidPosition`, `StoreClosed`. */
  events(options?: EventsOptions & { readonly pending?: false }): AsyncGenerator<LoggedEvent, void, void>
  /** The whole log as appends and rollbacks. */
  events(options: EventsOptions & { readonly pending: true }): AsyncGenerator<LogStep, void, void>
  events(
    options: EventsOptions & { readonly pending?: boolean } = {},
  ): AsyncGenerator<LoggedEvent | LogStep, void, void> {
    const { after = 'e0', signal, pending = false } = options
    const position = parse(after)
    if (position === undefined) throw new InvalidPosition({ position: after })
    const news = { next: (signal: AbortSignal | undefined) => this.#news(signal) }
    return pending
      ? logSteps(this.#session, news, position, signal)
      : settledEvents(this.#session, news, position, signal)
  }

  /** The next change of anything. Rejects in silence where nobody awaits it any more. */
  #news(signal: AbortSignal | undefined): Promise<void> {
    const closed = (): StoreClosed => new StoreClosed({ operation: 'wait' })
    const news = new Promise<void>((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      if (this.#session.state.isClosed) return reject(closed())
      const done = (finish: () => void): void => {
        this.#newsWaiters.delete(wake)
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      const wake = (): void => done(() => (this.#session.state.isClosed ? reject(closed()) : resolve()))
      const onAbort = (): void => done(() => reject(signal?.reason as Error))
      this.#newsWaiters.add(wake)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
    news.catch(() => undefined)
    return news
  }

  /** @internal Use `inspectStore`. */
  get inspected(): InspectedParts {
    return {
      adapterName: this.#parts.adapter.name,
      backendName: this.#parts.backend?.name ?? null,
      session: this.#session,
      live: this.#live,
      onError: (error) => this.#log('error', 'an observer threw', error),
    }
  }

  // -------------------------------------------------------------------------------------------------- maintenance

  /** Ends every back-off: try the backend again now. */
  async retrySync({ signal }: WaitOptions = {}): Promise<void> {
    await this.#session.questions.ask('wake', {}, signal)
  }

  /** Once, however often the platform says so while no leader is there to hear it. */
  async #wakeSync(): Promise<void> {
    if (this.#isWaking) return
    this.#isWaking = true
    await this.retrySync().catch(() => undefined)
    this.#isWaking = false
  }

  /**
   * After `HistoryChanged` or `BackendReset`: `'reset'` takes the backend's log as it is and answers with the exported
   * local log, which is also kept as a file (`keptAs`); `'re-push'` offers every synced event to the backend again, with its id.
   */
  async resolveHistory(
    choice: HistoryChoice,
    { signal }: WaitOptions = {},
  ): Promise<{ readonly exported: Uint8Array | null; readonly keptAs: string | null }> {
    return await this.#session.questions.ask('resolveHistory', { choice }, signal)
  }

  /** The eventlog as a SQLite file, for `importStore`. */
  async export(signal?: AbortSignal): Promise<Uint8Array> {
    await this.#persisted(signal)
    return await this.#session.questions.ask('exportLog', {}, signal)
  }

  /** Closes the store and deletes everything this client has of it, unpushed events included. */
  async wipe(): Promise<void> {
    this.#isClosing = true
    await this.#end()
    await this.#parts.adapter.wipe(this.storeId)
  }

  /** Waits until everything committed here is in the leader's eventlog, then leaves. **Fails with** the signal's reason; the store stays open then. */
  async close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#session.state.isClosed) return
    this.#isClosing = true
    try {
      await this.#persisted(options.signal)
    } catch (error) {
      this.#isClosing = false
      throw error
    }
    await this.#end()
  }

  async #persisted(signal: AbortSignal | undefined): Promise<void> {
    this.#session.flush()
    await this.until(({ session }) => session.pending === 0 && this.#session.state.orphans.length === 0, signal)
  }

  async #end(): Promise<void> {
    this.#stopWake?.()
    this.#live.clear()
    this.#graph.close()
    await this.#session.close()
    for (const end of Array.from(this.#closeListeners)) end()
    this.#tellStatus()
    this.#statusListeners.clear()
    this.#refreshListeners.clear()
    this.#noticeListeners.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
