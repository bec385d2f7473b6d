/**
 * What tools see of a store beyond what `Store` tells an app: the parts of an inspector. Everything is read on demand, and
 * nothing is observed until somebody asks for it: a store that nobody looks at pays one comparison a commit, a merge and
 * a refreshed live query.
 *
 * It only reads: what changes a store are the methods of `Store`.
 */
import type { LeaderRequests } from '../channel/LeaderMessage.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import type { EventSequenceNumber, Position } from '../event/EventSequenceNumber.ts'
import type { Query } from '../schema/Query.ts'
import type { SchemaDescriptor } from '../schema/SchemaDescriptor.ts'
import type { QuarantinedEvent } from '../session/SessionDatabase.ts'
import type { SessionStep } from '../session/SessionStep.ts'
import type { QueryRefresh } from './LiveQueries.ts'
import type { LiveKind, LiveQuery } from './LiveNews.ts'
import type { InspectedParts, Store } from './Store.ts'

/** An event as it is stored, at its place. `argsJson` is the exact text of its commit. */
export interface StoredEvent {
  readonly position: EventSequenceNumber
  readonly id: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
  readonly sessionId: string
  /** The events of one commit share it. */
  readonly commitId: string
  readonly createdAt: number
  readonly isClientOnly: boolean
  /** Whatever the backend attached, for instance the author. */
  readonly syncMetadataJson: string | null
}

/** A page of the leader's log. **Shape** `events`: oldest first. */
export interface LogPage {
  /** Raised whenever the log is rolled back: with the same one, the log has only grown. */
  readonly epoch: number
  readonly attachment: number
  readonly settledHead: EventSequenceNumber
  readonly events: ReadonlyArray<StoredEvent>
}

/** An event of this session that its leader has not answered for. `position` is this session's own number for it. */
export interface PendingEvent extends StoredEvent {
  /** The present leader was sent it. */
  readonly isSent: boolean
}

/** An event in a step of the log. */
export interface StepEvent {
  readonly position: EventSequenceNumber
  readonly id: string
  /** `null` where an event is undone that this session does not hold any more. */
  readonly name: string | null
}

/**
 * Something that changed this session's log and tables, told when it is done.
 *
 * | Step       | The session's log                                                                                     |
 * | ---------- | ----------------------------------------------------------------------------------------------------- |
 * | `commit`   | gains `events`, made here                                                                              |
 * | `advance`  | gains `added` at its end; the leader has answered for `confirmed`                                      |
 * | `rebase`   | falls back to `base`, which undoes `rolledBack`, then gains `added`: what is upstream, and behind it, renumbered, its own |
 * | `snapshot` | is replaced by the leader's, up to `at`, with `replayed` pending events put on top                     |
 *
 * **Shape**  lists oldest first. `dropped`: own events that left the log, refused or collided. **Units** `ms`: on the app's
 * thread, live queries and subscribers included.
 */
export type StoreStep =
  | { readonly _tag: 'commit'; readonly events: ReadonlyArray<StepEvent>; readonly ms: number }
  | {
      readonly _tag: 'advance'
      readonly added: ReadonlyArray<StepEvent>
      readonly confirmed: ReadonlyArray<StepEvent>
      readonly ms: number
    }
  | {
      readonly _tag: 'rebase'
      readonly base: Position
      readonly rolledBack: ReadonlyArray<StepEvent>
      readonly added: ReadonlyArray<StepEvent>
      readonly confirmed: ReadonlyArray<StepEvent>
      readonly dropped: ReadonlyArray<StepEvent>
      readonly ms: number
    }
  | { readonly _tag: 'snapshot'; readonly at: EventSequenceNumber; readonly replayed: number; readonly ms: number }

export interface StoreObserver {
  /** A clock for durations, such as `performance.now`: core has none that is fine enough. **Units** ms. */
  readonly now: () => number
  /** One that throws is logged. */
  readonly onStep: (step: StoreStep) => void
}

/** What keeping a live query up to date has cost since the first observer came. **Units** ms on the app's thread. */
export interface QueryCost {
  /** Steps whose changes concerned it. */
  readonly refreshes: number
  /** SELECTs among them: a refresh without one was patched from the changed rows. */
  readonly reads: number
  /** Refreshes whose answer differed. */
  readonly news: number
  readonly totalMs: number
  readonly maxMs: number
  readonly lastMs: number
}

/** A query that has subscribers. */
export interface LiveQueryReport {
  /** Counts the store's live queries in the order in which they came. */
  readonly number: number
  readonly sql: string
  readonly params: Query<unknown>['params']
  readonly shape: Query<unknown>['shape']
  /** `patched` from changed rows, `counted`, `adjusted` (other aggregates), or `run again` with each change. */
  readonly kind: LiveKind
  readonly subscribers: number
  /** Rows of the present answer. */
  readonly rows: number
  /** Why it could not be brought up to date, or `null`. */
  readonly failure: string | null
  readonly cost: QueryCost
}

const inspections = new WeakMap<Store, StoreInspection>()

/**
 * What tools see of a store; the same object each time. An app that does not call it does not ship it.
 *
 * **Example**
 * ```ts
 * const { events } = await inspectStore(store).readLog({ after: { global: 0, client: 0 }, limit: 100 })
 * ```
 */
export const inspectStore = (store: Store): StoreInspection => {
  const known = inspections.get(store)
  if (known !== undefined) return known
  const made = new StoreInspection(store.inspected)
  inspections.set(store, made)
  return made
}

/** Made by {@link inspectStore}. */
export class StoreInspection {
  readonly #parts: InspectedParts
  readonly #observers = new Set<StoreObserver>()
  /** Of queries that were refreshed while somebody observed; it goes with the query. */
  #costs = new WeakMap<LiveQuery, QueryCost>()

  /** @internal Use `inspectStore`. */
  constructor(parts: InspectedParts) {
    this.#parts = parts
  }

  get adapterName(): string {
    return this.#parts.adapterName
  }

  /** `null`: this store object was given no backend. */
  get backendName(): string | null {
    return this.#parts.backendName
  }

  /** Version, fingerprint, tables with their SQL, names of events. */
  get schema(): SchemaDescriptor {
    return this.#parts.session.state.schema.descriptor
  }

  /** What the leader has not answered for, oldest first, at most `limit`; `store.status.session.pending` counts all of it. */
  pending(limit = Infinity): ReadonlyArray<PendingEvent> {
    const { sync, sentCount } = this.#parts.session.state
    return sync.pending
      .toArray(0, limit)
      .map((row, index) => ({ ...storedEvent(row, null), isSent: index < sentCount }))
  }

  /** Every quarantined event, dismissed ones too. **Fails with** `StoreClosed`. */
  quarantined(): ReadonlyArray<QuarantinedEvent> {
    return this.#parts.session.database.quarantined()
  }

  /** Why an event is in quarantine; `null` if it is not. One look-up. **Fails with** `StoreClosed`. */
  quarantineError(eventId: string): string | null {
    return this.#parts.session.database.quarantineError(eventId)
  }

  /**
   * Events of the leader's log directly behind `after`, settled or not.
   *
   * **Units**  `limit` in events; at most 1,000 come at once, or what the leader has. **Fails with** `RequestFailed`,
   * `StoreClosed`, the signal's reason. Without a leader it waits for one.
   */
  async readLog(options: {
    readonly after: Position
    readonly limit: number
    readonly signal?: AbortSignal
  }): Promise<LogPage> {
    const { after, limit, signal } = options
    const ask: LeaderRequests['readLog']['ask'] = { after, limit, settledOnly: false }
    const { epoch, attachment, settledHead, rows } = await this.#parts.session.questions.ask('readLog', ask, signal)
    return { epoch, attachment, settledHead, events: rows.map((row) => storedEvent(row, row.syncMetadataJson)) }
  }

  /** Queries that have subscribers, in the order in which they came. */
  liveQueries(): ReadonlyArray<LiveQueryReport> {
    return this.#parts.live.list().map((live) => ({
      number: live.number,
      sql: live.query.sql,
      params: live.query.params,
      shape: live.query.shape,
      kind: live.kind,
      subscribers: live.subscribers.size,
      rows: live.result.current().update().rows.length,
      failure: live.failure === undefined ? null : messageOf(live.failure.error),
      cost: this.#costs.get(live) ?? noCost,
    }))
  }

  /** Calls `onStep` with every step from here on, and measures live queries; the answer ends it. */
  observe(observer: StoreObserver): () => void {
    this.#observers.add(observer)
    this.#arm()
    return () => {
      this.#observers.delete(observer)
      this.#arm()
    }
  }

  /** Who observes first lends the clock. */
  #arm(): void {
    const { session, live } = this.#parts
    const [first] = this.#observers
    if (first === undefined) {
      session.state.observer = null
      live.meter = null
      this.#costs = new WeakMap()
      return
    }
    const { now } = first
    session.state.observer = { now, onStep: (step) => this.#tell(step) }
    live.meter = { now, onRefresh: (query, refresh) => this.#note(query, refresh) }
  }

  #tell(step: SessionStep): void {
    const told = storeStep(step)
    if (told._tag === 'advance' && told.added.length === 0 && told.confirmed.length === 0) return
    for (const { onStep } of Array.from(this.#observers)) {
      try {
        onStep(told)
      } catch (error) {
        this.#parts.onError(error)
      }
    }
  }

  #note(live: LiveQuery, { ms, reads, isNews }: QueryRefresh): void {
    const before = this.#costs.get(live) ?? noCost
    this.#costs.set(live, {
      refreshes: before.refreshes + 1,
      reads: before.reads + reads,
      news: before.news + (isNews ? 1 : 0),
      totalMs: before.totalMs + ms,
      maxMs: Math.max(before.maxMs, ms),
      lastMs: ms,
    })
  }
}

const noCost: QueryCost = { refreshes: 0, reads: 0, news: 0, totalMs: 0, maxMs: 0, lastMs: 0 }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const storedEvent = ({ seq, event }: NumberedEvent, syncMetadataJson: string | null): StoredEvent => ({
  position: seq,
  ...event,
  syncMetadataJson,
})

const stepEvents = (rows: ReadonlyArray<NumberedEvent>): ReadonlyArray<StepEvent> =>
  // Of an event that is undone after it was confirmed the session has its place and id only.
  rows.map(({ seq, event }) => ({ position: seq, id: event.id, name: event.name === '' ? null : event.name }))

const storeStep = (step: SessionStep): StoreStep => {
  if (step._tag === 'commit') return { ...step, events: stepEvents(step.events) }
  if (step._tag === 'snapshot') return step
  const { merged, ms } = step
  const gains = { added: stepEvents(merged.newEvents), confirmed: stepEvents(merged.confirmedEvents), ms }
  if (merged._tag === 'advance') return { _tag: 'advance', ...gains }
  return {
    _tag: 'rebase',
    base: merged.base,
    rolledBack: stepEvents(merged.rollbackEvents),
    dropped: stepEvents(merged.droppedEvents),
    ...gains,
  }
}
