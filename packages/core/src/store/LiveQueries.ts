/**
 * Live queries of one session. A step of the session tells which rows changed; the answers that these rows concern are
 * brought up to date, and their subscribers hear of those that differ.
 *
 * **Law**  between any two calls every answer is what a fresh SELECT would answer.
 *
 * | Kept how                   | Which                                              | A step costs                        |
 * | -------------------------- | -------------------------------------------------- | ----------------------------------- |
 * | patched, `LiveRows`        | rows of one table, asked for with its methods      | O(log n) for each of its rows        |
 * | counted, `LiveCount`       | `count()` of such                                  | O(1) for each of its rows            |
 * | adjusted, `LiveAggregate`  | `sum`, `avg`, `min`, `max` of such                 | O(1) for each of its rows, see there |
 * | run again, `makeLiveRerun` | raw SQL, joins                                     | the query, if a column of it changed |
 *
 * First all answers are brought up to date, then subscribers are told, in the order in which queries were first
 * subscribed to: whoever is told sees every query at the same moment. What a subscriber commits is in every answer when
 * that commit returns, and told behind what is being told; who has not had his turn yet hears of both at once, so that
 * nobody is told what is not true any more.
 */
import { aggregateOf } from '../query/Aggregate.ts'
import { rowKey } from '../query/ValueKey.ts'
import type { Query } from '../schema/Query.ts'
import { QueryInvalid } from '../schema/SchemaError.ts'
import type { TableChanges } from '../session/SessionState.ts'
import { makeLiveAggregate } from './LiveAggregate.ts'
import { makeLiveCount } from './LiveCount.ts'
import { type LiveKind, LiveNews, type LiveQuery, type Subscriber } from './LiveNews.ts'
import { makeLiveRerun } from './LiveRerun.ts'
import type { LiveAnswer, LiveResult, QueryRunner } from './LiveResult.ts'
import { LiveRows } from './LiveRows.ts'
import { type NetRow, netByTable } from './NetChanges.ts'
import { QueryIndex, type Touched } from './QueryIndex.ts'
import type { ResultUpdate } from './ResultChange.ts'

/** What bringing one answer up to date took. */
export interface QueryRefresh {
  readonly ms: number
  /** SELECTs that were run for it; none where the changed rows were enough. */
  readonly reads: number
  /** Whether the answer differs, or could not be brought up to date. */
  readonly isNews: boolean
}

/** Measures live queries while somebody observes. */
export interface QueryMeter {
  /** **Units** ms. */
  readonly now: () => number
  readonly onRefresh: (live: LiveQuery, refresh: QueryRefresh) => void
}

export class LiveQueries {
  /** `null` while nobody observes. */
  meter: QueryMeter | null = null
  readonly #runner: QueryRunner
  #reads = 0
  /** By the table or raw query that a query is of, then by its text and values. */
  readonly #queries = new Map<object, Map<string, LiveQuery>>()
  #index = new QueryIndex<LiveQuery>()
  readonly #failed = new Set<LiveQuery>()
  /** Empty between two steps: most commits concern no query and should not pay for a map. */
  #touched: Touched<LiveQuery> = new Map()
  #queryCount = 0
  #steps = 0
  #waiting: Array<TableChanges> = []
  #isUpdating = false
  readonly #news: LiveNews

  constructor(runner: QueryRunner) {
    this.#runner = {
      ...runner,
      run: (statement) => {
        this.#reads++
        return runner.run(statement)
      },
    }
    this.#news = new LiveNews(runner.onError)
  }

  /** Queries that have subscribers, in the order in which they came. */
  list(): ReadonlyArray<LiveQuery> {
    return inOrder([...this.#queries.values()].flatMap((queries) => [...queries.values()]))
  }

  /**
   * Calls `notify` with the answer now and whenever it differs; `onError` when it cannot be brought up to date (an equal
   * failure once), and `notify` again when it can. Without `onError` that is logged.
   *
   * **Fails with**  what the first run fails with.
   */
  subscribe<A>(query: Query<A>, notify: (result: A) => void, onError?: (error: unknown) => void): () => void {
    return this.#subscribe(query, (answer) => notify(answer.result() as A), onError)
  }

  /** The same with the rows as a list and what changed in it. **Fails with** `QueryInvalid` if it is no query for rows. */
  subscribeChanges<Row>(query: Query<ReadonlyArray<Row>>, notify: (update: ResultUpdate<Row>) => void): () => void {
    if (query.shape !== 'rows')
      throw new QueryInvalid({
        table: query.source?.table.name ?? 'sql',
        problem: `only a query for rows has changes, this one asks for ${query.shape}`,
      })
    return this.#subscribe(query, (answer) => notify(answer.update() as ResultUpdate<Row>), undefined)
  }

  #subscribe(query: Query<unknown>, tell: (answer: LiveAnswer) => void, onError: Subscriber['onError']): () => void {
    const live = this.#join(query)
    const told = live.result.current()
    const subscriber: Subscriber = { tell, onError, told, hasMissed: false, since: this.#steps, isActive: true }
    live.subscribers.add(subscriber)
    this.#news.tell(subscriber, told)
    this.#news.tellAll()
    return () => {
      if (!subscriber.isActive) return
      subscriber.isActive = false
      live.subscribers.delete(subscriber)
      if (live.subscribers.size === 0) live.leave()
    }
  }

  // ------------------------------------------------------------------------------------------------------ queries

  #join(query: Query<unknown>): LiveQuery {
    const owner = query.source?.table ?? query
    const key = query.source === undefined ? '' : `${query.shape} ${query.sql} ${rowKey(query.params)}`
    const queries = this.#queries.get(owner) ?? new Map<string, LiveQuery>()
    let live = queries.get(key)
    if (live === undefined) {
      live = this.#open(query, () => {
        queries.delete(key)
        if (queries.size === 0 && this.#queries.get(owner) === queries) this.#queries.delete(owner)
      })
      queries.set(key, live)
      this.#queries.set(owner, queries)
    } else if (live.failure !== undefined) {
      this.#repair(live)
    }
    return live
  }

  /** For one more subscriber. **Fails with** what keeps it broken. */
  #repair(live: LiveQuery): void {
    const answer = live.result.reload()
    this.#steps++
    this.#note(live, answer)
  }

  #open(query: Query<unknown>, forget: () => void): LiveQuery {
    const patched = this.#patched(query)
    const result = patched?.result ?? makeLiveRerun(query, this.#runner)
    const reads = patched === undefined ? this.#runner.readsOf(query) : undefined
    const live: LiveQuery = {
      number: this.#queryCount++,
      query,
      kind: patched?.kind ?? 'run again',
      result,
      subscribers: new Set(),
      leave: () => {
        forget()
        leaveIndex()
        this.#failed.delete(live)
      },
      changedAt: 0,
      failure: undefined,
    }
    const leaveIndex =
      reads === undefined ? this.#index.addPatched(live, query.source!) : this.#index.addRerun(live, reads)
    return live
  }

  /** `undefined` where only running it again will do. */
  #patched(query: Query<unknown>): { readonly kind: LiveKind; readonly result: LiveResult } | undefined {
    const { source } = query
    if (source === undefined || !this.#runner.isDeclared(source.table)) return undefined
    if (source.shape === 'count') return { kind: 'counted', result: makeLiveCount(source, this.#runner) }
    const aggregate = aggregateOf(source.shape)
    if (aggregate !== undefined)
      return { kind: 'adjusted', result: makeLiveAggregate(query, source, aggregate, this.#runner) }
    try {
      return { kind: 'patched', result: new LiveRows(source, this.#runner) }
    } catch {
      // It reads more than the query asks for, beside a window for instance, and that may be what failed.
      return undefined
    }
  }

  // -------------------------------------------------------------------------------------------------------- steps

  /** A refresh is under way: some subscribers have been told, others not yet. */
  get isRefreshing(): boolean {
    return this.#isUpdating || this.#news.isTelling
  }

  /** Once per commit, rebase or snapshot. What a subscriber commits is told behind what is being told. */
  refresh(changes: TableChanges): void {
    if (this.#queries.size === 0) return
    // The app's own decoders run here.
    if (this.#isUpdating) return void this.#waiting.push(changes)
    this.#isUpdating = true
    try {
      this.#update(changes)
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#update(next)
    } finally {
      this.#isUpdating = false
    }
    this.#news.tellAll()
  }

  #update(changes: TableChanges): void {
    this.#steps++
    if (changes === 'everything') {
      for (const live of this.list()) this.#bring(live, undefined)
      return
    }
    const rowChanges = changes.length === 1 ? changes[0]!() : changes.flatMap((change) => change())
    const touched = this.#touched
    const unclear: Array<LiveQuery> = []
    for (const change of netByTable(rowChanges)) {
      this.#index.touch(change, touched)
      if (change.isUnclear) for (const live of this.#index.all(change.table.name)) unclear.push(live)
    }
    for (const live of unclear) touched.set(live, [])
    // It may have been the machine's failure, which no row tells of.
    for (const live of this.#failed) if (!touched.has(live)) touched.set(live, [])
    if (touched.size === 0) return
    const isUnclear = new Set(unclear)
    this.#touched = new Map()
    for (const live of inOrder(Array.from(touched.keys())))
      this.#bring(live, isUnclear.has(live) ? undefined : touched.get(live))
  }

  #bring(live: LiveQuery, rows: ReadonlyArray<NetRow> | undefined): void {
    const { meter } = this
    if (meter === null) return this.#bringUpToDate(live, rows)
    const [startedAt, readBefore] = [meter.now(), this.#reads]
    this.#bringUpToDate(live, rows)
    meter.onRefresh(live, {
      ms: meter.now() - startedAt,
      reads: this.#reads - readBefore,
      isNews: live.changedAt === this.#steps,
    })
  }

  /** Brings one answer up to date, by its changed rows or by reading again. One that cannot be is its own problem. */
  #bringUpToDate(live: LiveQuery, rows: ReadonlyArray<NetRow> | undefined): void {
    try {
      const isRead = rows === undefined || live.failure !== undefined
      this.#note(live, isRead ? live.result.reload() : this.#patch(live.result, rows))
    } catch (error) {
      const before = live.failure
      live.failure = { error }
      this.#failed.add(live)
      if (before !== undefined && isSameError(before.error, error)) return
      this.#news.add(this.#steps, live, undefined)
      if (Array.from(live.subscribers).some(({ onError }) => onError === undefined)) this.#runner.onError(error)
    }
  }

  #patch(result: LiveResult, rows: ReadonlyArray<NetRow>): LiveAnswer | undefined {
    try {
      return result.patch(rows)
    } catch (error) {
      const answer = result.reload()
      this.#runner.onError(error)
      return answer
    }
  }

  #note(live: LiveQuery, answer: LiveAnswer | undefined): void {
    const hasFailed = live.failure !== undefined
    live.failure = undefined
    this.#failed.delete(live)
    if (answer !== undefined || hasFailed) this.#news.add(this.#steps, live, answer)
  }

  clear(): void {
    for (const queries of this.#queries.values())
      for (const { subscribers } of queries.values()) for (const subscriber of subscribers) subscriber.isActive = false
    this.#queries.clear()
    this.#failed.clear()
    this.#index = new QueryIndex()
    this.#news.clear()
  }
}

const inOrder = (lives: Array<LiveQuery>): ReadonlyArray<LiveQuery> =>
  lives.length < 2 ? lives : lives.sort((a, b) => a.number - b.number)

const isSameError = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Error && b instanceof Error && a.name === b.name && a.message === b.message)
