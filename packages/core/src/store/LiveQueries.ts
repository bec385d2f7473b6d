/**
 * Live queries of one session. A step of the session tells which rows changed; queries that read none of those tables
 * are left alone, the others run again once, and subscribers hear only of answers that differ.
 *
 * A count over one table is kept up to date from the changed rows themselves and reads nothing.
 */
import type { Query } from '../schema/Query.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import { makePredicate, type Predicate } from '../query/Predicate.ts'
import { isSameRow, type RowChange } from '../sqlite/RowChange.ts'
import type { TableChanges } from '../session/SessionState.ts'

/** How a query is run and which tables it reads; the session's database may be another one after a snapshot. */
export interface QueryRunner {
  readonly run: (query: Query<unknown>) => {
    readonly rows: ReadonlyArray<SqliteRow>
    readonly columns: ReadonlyArray<string>
  }
  readonly tablesOf: (query: Query<unknown>) => ReadonlyArray<string>
  readonly onError: (error: unknown) => void
}

interface LiveQuery {
  readonly query: Query<unknown>
  readonly tables: ReadonlySet<string>
  /** For a count that can be kept up to date row by row. */
  readonly counts: Predicate | undefined
  readonly notify: (result: never) => void
  rows: ReadonlyArray<SqliteRow>
  /** The last change that `rows` has seen: the ones up to it that still wait are not news to this query. */
  seen: number
  isActive: boolean
}

export class LiveQueries {
  readonly #runner: QueryRunner
  readonly #byTable = new Map<string, Set<LiveQuery>>()
  readonly #waiting: Array<TableChanges> = []
  /** Changes told of so far, which numbers them; the tables hold all of them. */
  #told = 0
  /** Number of the change that is refreshed, or was last. */
  #refreshed = 0
  #isRefreshing = false

  constructor(runner: QueryRunner) {
    this.#runner = runner
  }

  /** Calls `notify` with the answer now and whenever it differs. **Fails with** what the first run fails with. */
  subscribe<A>(query: Query<A>, notify: (result: A) => void): () => void {
    const { rows, columns } = this.#runner.run(query)
    const tables = new Set(this.#runner.tablesOf(query))
    const live: LiveQuery = {
      query,
      tables,
      counts: countPredicate(query),
      notify,
      rows,
      seen: this.#told,
      isActive: true,
    }
    for (const table of tables) this.#queriesOf(table).add(live)
    this.#notify(live, columns)
    return () => {
      live.isActive = false
      for (const table of tables) this.#byTable.get(table)?.delete(live)
    }
  }

  #queriesOf(table: string): Set<LiveQuery> {
    const known = this.#byTable.get(table)
    if (known !== undefined) return known
    const queries = new Set<LiveQuery>()
    this.#byTable.set(table, queries)
    return queries
  }

  /** A refresh is under way: some answers are new, others not yet. */
  get isRefreshing(): boolean {
    return this.#isRefreshing
  }

  /** Once per commit, rebase or snapshot. What a subscriber commits is refreshed behind the running refresh. */
  refresh(changes: TableChanges): void {
    if (this.#byTable.size === 0) return
    this.#told++
    this.#waiting.push(changes)
    if (this.#isRefreshing) return
    this.#isRefreshing = true
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#refreshOnce(next)
    } finally {
      this.#isRefreshing = false
    }
  }

  #refreshOnce(changes: TableChanges): void {
    this.#refreshed++
    if (changes === 'everything') {
      for (const live of new Set([...this.#byTable.values()].flatMap((queries) => [...queries]))) this.#rerun(live)
      return
    }
    const rowChanges = changes.length === 1 ? changes[0]!() : changes.flatMap((change) => change())
    const touched = new Set<LiveQuery>()
    for (const { table } of rowChanges) for (const live of this.#byTable.get(table.name) ?? []) touched.add(live)
    for (const live of touched) {
      if (live.counts === undefined) this.#rerun(live)
      else this.#recount(live, live.counts, rowChanges)
    }
  }

  #recount(live: LiveQuery, counts: Predicate, changes: ReadonlyArray<RowChange>): void {
    if (live.seen >= this.#refreshed) return
    live.seen = this.#refreshed
    const [table] = live.tables
    let difference = 0
    for (const change of changes) {
      if (change.table.name !== table) continue
      if (change.before !== undefined && counts(change.before)) difference--
      if (change.after !== undefined && counts(change.after)) difference++
    }
    if (difference === 0) return
    live.rows = [[Number(live.rows[0]?.[0]) + difference]]
    this.#notify(live, [])
  }

  #rerun(live: LiveQuery): void {
    if (!live.isActive || live.seen >= this.#refreshed) return
    try {
      const { rows, columns } = this.#runner.run(live.query)
      live.seen = this.#told
      if (isSameRows(rows, live.rows)) return
      live.rows = rows
      this.#notify(live, columns)
    } catch (error) {
      this.#runner.onError(error)
    }
  }

  /** A subscriber that throws is its own problem, not its neighbours'. */
  #notify(live: LiveQuery, columns: ReadonlyArray<string>): void {
    if (!live.isActive) return
    try {
      live.notify(live.query.decode(live.rows, columns) as never)
    } catch (error) {
      this.#runner.onError(error)
    }
  }

  clear(): void {
    for (const queries of this.#byTable.values()) for (const live of queries) live.isActive = false
    this.#byTable.clear()
  }
}

const isSameRows = (a: ReadonlyArray<SqliteRow>, b: ReadonlyArray<SqliteRow>): boolean =>
  a.length === b.length && a.every((row, i) => isSameRow(row, b[i]!))

const countPredicate = ({ source }: Query<unknown>): Predicate | undefined => {
  if (source?.shape !== 'count' || source.limit !== undefined || source.offset !== 0) return undefined
  return makePredicate(source.table, source.where)
}
