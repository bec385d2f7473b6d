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
 * | run again, `makeLiveRerun` | raw SQL, joins                                     | the query, if a column of it changed |
 *
 * First all answers are brought up to date, then subscribers are told, in the order in which queries were first
 * subscribed to: whoever is told sees every query at the same moment. What a subscriber commits is in every answer when
 * that commit returns, and told behind what is being told; who has not had his turn yet hears of both at once, so that
 * nobody is told what is not true any more.
 */
import { rowKey } from '../query/ValueKey.ts'
import type { Query } from '../schema/Query.ts'
import { QueryInvalid } from '../schema/SchemaError.ts'
import type { TableChanges } from '../session/SessionState.ts'
import { makeLiveCount } from './LiveCount.ts'
import { makeLiveRerun } from './LiveRerun.ts'
import { combineAnswers, type LiveAnswer, type LiveResult, type QueryRunner } from './LiveResult.ts'
import { LiveRows } from './LiveRows.ts'
import { type NetRow, netByTable } from './NetChanges.ts'
import { QueryIndex, type Touched } from './QueryIndex.ts'
import type { ResultUpdate } from './ResultChange.ts'

/** One query, however many subscribe to it. */
interface LiveQuery {
  /** Counts queries in the order in which they came. */
  readonly number: number
  readonly result: LiveResult
  readonly subscribers: Set<Subscriber>
  /** Ends it. */
  readonly leave: () => void
  /** The last step that changed the answer. */
  changedAt: number
  /** What could not be brought up to date is read anew at the next occasion. */
  isBroken: boolean
}

interface Subscriber {
  readonly tell: (answer: LiveAnswer) => void
  told: LiveAnswer
  /** Steps up to this one are in what it was told. */
  since: number
  isActive: boolean
}

interface News {
  readonly step: number
  readonly live: LiveQuery
  readonly answer: LiveAnswer
}

export class LiveQueries {
  readonly #runner: QueryRunner
  /** By the table or raw query that a query is of, then by its text and values. */
  readonly #queries = new Map<object, Map<string, LiveQuery>>()
  #index = new QueryIndex<LiveQuery>()
  /** Empty between two steps: most commits concern no query and should not pay for a map. */
  #touched: Touched<LiveQuery> = new Map()
  #queryCount = 0
  #steps = 0
  #waiting: Array<TableChanges> = []
  #isUpdating = false
  #news: Array<News> = []
  #isTelling = false

  constructor(runner: QueryRunner) {
    this.#runner = runner
  }

  /** Calls `notify` with the answer now and whenever it differs. **Fails with** what the first run fails with. */
  subscribe<A>(query: Query<A>, notify: (result: A) => void): () => void {
    return this.#subscribe(query, (answer) => notify(answer.result() as A))
  }

  /** The same with the rows as a list and what changed in it. **Fails with** `QueryInvalid` if it is no query for rows. */
  subscribeChanges<Row>(query: Query<ReadonlyArray<Row>>, notify: (update: ResultUpdate<Row>) => void): () => void {
    if (query.shape !== 'rows')
      throw new QueryInvalid({
        table: query.source?.table.name ?? 'sql',
        problem: `only a query for rows has changes, this one asks for ${query.shape}`,
      })
    return this.#subscribe(query, (answer) => notify(answer.update() as ResultUpdate<Row>))
  }

  #subscribe(query: Query<unknown>, tell: (answer: LiveAnswer) => void): () => void {
    const live = this.#join(query)
    const told = live.result.current()
    const subscriber: Subscriber = { tell, told, since: this.#steps, isActive: true }
    live.subscribers.add(subscriber)
    this.#tell(subscriber, told)
    this.#tellAll()
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
    } else if (live.isBroken) {
      this.#repair(live)
    }
    return live
  }

  /** For one more subscriber. **Fails with** what keeps it broken. */
  #repair(live: LiveQuery): void {
    const answer = live.result.reload()
    live.isBroken = false
    this.#steps++
    this.#note(live, answer)
  }

  #open(query: Query<unknown>, forget: () => void): LiveQuery {
    const patched = this.#patched(query)
    const result = patched ?? makeLiveRerun(query, this.#runner)
    const reads = patched === undefined ? this.#runner.readsOf(query) : undefined
    const live: LiveQuery = {
      number: this.#queryCount++,
      result,
      subscribers: new Set(),
      leave: () => {
        forget()
        leaveIndex()
      },
      changedAt: 0,
      isBroken: false,
    }
    const leaveIndex =
      reads === undefined ? this.#index.addPatched(live, query.source!) : this.#index.addRerun(live, reads)
    return live
  }

  /** `undefined` where only running it again will do. */
  #patched({ source }: Query<unknown>): LiveResult | undefined {
    if (source === undefined || !this.#runner.isDeclared(source.table)) return undefined
    if (source.shape === 'count') return makeLiveCount(source, this.#runner)
    try {
      return new LiveRows(source, this.#runner)
    } catch {
      // It reads more than the query asks for, beside a window for instance, and that may be what failed.
      return undefined
    }
  }

  // -------------------------------------------------------------------------------------------------------- steps

  /** A refresh is under way: some subscribers have been told, others not yet. */
  get isRefreshing(): boolean {
    return this.#isUpdating || this.#isTelling
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
    if (this.#news.length > 0) this.#tellAll()
  }

  #update(changes: TableChanges): void {
    this.#steps++
    if (changes === 'everything') {
      const all = [...this.#queries.values()].flatMap((queries) => [...queries.values()])
      for (const live of inOrder(all)) this.#bring(live, undefined)
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
    if (touched.size === 0) return
    const isUnclear = new Set(unclear)
    this.#touched = new Map()
    for (const live of inOrder(Array.from(touched.keys())))
      this.#bring(live, isUnclear.has(live) ? undefined : touched.get(live))
  }

  /** Brings one answer up to date, by its changed rows or by reading again. One that cannot be is its own problem. */
  #bring(live: LiveQuery, rows: ReadonlyArray<NetRow> | undefined): void {
    try {
      const answer = rows === undefined || live.isBroken ? live.result.reload() : this.#patch(live.result, rows)
      live.isBroken = false
      this.#note(live, answer)
    } catch (error) {
      live.isBroken = true
      this.#runner.onError(error)
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
    if (answer === undefined) return
    live.changedAt = this.#steps
    this.#news.push({ step: this.#steps, live, answer })
  }

  #tellAll(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let news = this.#news.shift(); news !== undefined; news = this.#news.shift()) {
        for (const subscriber of Array.from(news.live.subscribers)) {
          if (subscriber.since >= news.step) continue
          const answer = this.#newest(subscriber, news)
          subscriber.since = news.live.changedAt
          if (answer === undefined) continue
          subscriber.told = answer
          this.#tell(subscriber, answer)
        }
      }
    } finally {
      this.#isTelling = false
    }
  }

  /** What `subscriber` is to be told: the answer that is true now. `undefined` if that is what it was told last. */
  #newest({ told }: Subscriber, { step, live, answer }: News): LiveAnswer | undefined {
    if (live.changedAt === step) return answer
    const later = this.#news.filter((news) => news.live === live).map((news) => news.answer)
    return combineAnswers(told, [answer, ...later], live.result.isEqualRow)
  }

  /** A subscriber that throws is its own problem, not its neighbours'. */
  #tell(subscriber: Subscriber, answer: LiveAnswer): void {
    if (!subscriber.isActive) return
    try {
      subscriber.tell(answer)
    } catch (error) {
      this.#runner.onError(error)
    }
  }

  clear(): void {
    for (const queries of this.#queries.values())
      for (const { subscribers } of queries.values()) for (const subscriber of subscribers) subscriber.isActive = false
    this.#queries.clear()
    this.#index = new QueryIndex()
    this.#news = []
  }
}

const inOrder = (lives: Array<LiveQuery>): ReadonlyArray<LiveQuery> =>
  lives.length < 2 ? lives : lives.sort((a, b) => a.number - b.number)
