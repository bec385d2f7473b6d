import { makeEvaluator, type Truth } from '../query/Predicate.ts'
import { valueKey, type ValueKey } from '../query/ValueKey.ts'
import type { Collation } from '../schema/Column.ts'
import type { Condition } from '../schema/Condition.ts'
import type { QuerySource } from '../schema/Query.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import { columnOf, type TableDefinition } from '../schema/TableDefinition.ts'
import type { StatementReads } from '../sqlite/StatementReads.ts'
import { isSameValue } from '../sqlite/RowChange.ts'
import { equalitiesOf, type Equality } from './Equality.ts'
import type { NetRow, TableChange } from './NetChanges.ts'

/** Told which of its changed rows may concern `Q`. */
export type Touched<Q> = Map<Q, Array<NetRow>>

/**
 * Finds the live queries that a changed row may concern.
 *
 * | Query                                       | Is found                                                           |
 * | ------------------------------------------- | ------------------------------------------------------------------ |
 * | of one table, with an equality in `where`   | by the row's value of that column, before and after                 |
 * | of one table, any other                     | by its condition, evaluated on the row before and after             |
 * | any other                                   | when a row of a table that it reads comes, goes, or changes a column that it reads |
 *
 * **Units**  two lookups for each changed row and indexed column, whatever the number of queries; one evaluation for
 * each query without an equality.
 */
export class QueryIndex<Q> {
  readonly #tables = new Map<string, TableIndex<Q>>()

  /** A query whose rows are patched. The result takes it out again. */
  addPatched(query: Q, source: QuerySource): () => void {
    const index = this.#tableOf(source.table.name)
    const equalities = equalitiesOf(source.table, source.where)
    if (equalities === undefined) {
      index.conditions.set(query, {
        query,
        evaluate: source.where === undefined ? everyRow : makeEvaluator(source.table, source.where),
        columns: maskOf(source.table, source.where),
      })
      return () => index.conditions.delete(query)
    }
    for (const equality of equalities) addEquality(index, equality, query)
    return () => {
      for (const equality of equalities) removeEquality(index, equality, query)
    }
  }

  /** A query that is run again. */
  addRerun(query: Q, reads: StatementReads): () => void {
    for (const [table, columns] of reads) this.#tableOf(table).reruns.set(query, columns)
    return () => {
      for (const table of reads.keys()) this.#tableOf(table).reruns.delete(query)
    }
  }

  touch(change: TableChange, touched: Touched<Q>): void {
    const index = this.#tables.get(change.table.name)
    if (index === undefined) return
    for (const row of change.rows) {
      for (const [place, column] of index.columns) touchEqual(column, place, row, touched)
      if (index.conditions.size > 0) touchByCondition(index, row, touched)
    }
    if (index.reruns.size > 0) touchReruns(index, change, touched)
  }

  /** Every query that looks at this table. */
  all(table: string): Iterable<Q> {
    const index = this.#tables.get(table)
    if (index === undefined) return []
    const equal = [...index.columns.values()].flatMap(({ queries }) => [...queries.values()].flatMap((set) => [...set]))
    return new Set([...equal, ...index.conditions.keys(), ...index.reruns.keys()])
  }

  #tableOf(name: string): TableIndex<Q> {
    const known = this.#tables.get(name)
    if (known !== undefined) return known
    const index: TableIndex<Q> = { columns: new Map(), conditions: new Map(), reruns: new Map() }
    this.#tables.set(name, index)
    return index
  }
}

interface TableIndex<Q> {
  /** By place of the column in a row. */
  readonly columns: Map<number, ColumnIndex<Q>>
  readonly conditions: Map<Q, TableCondition<Q>>
  readonly reruns: Map<Q, ReadonlySet<string> | undefined>
}

interface TableCondition<Q> {
  readonly query: Q
  readonly evaluate: (row: SqliteRow) => Truth
  /** Columns that it looks at, as a mask. */
  readonly columns: number
}

const everyRow = (): Truth => true

interface ColumnIndex<Q> {
  readonly collation: Collation
  readonly queries: Map<ValueKey, Set<Q>>
}

const addEquality = <Q>({ columns }: TableIndex<Q>, { index, collation, key }: Equality, query: Q): void => {
  let column = columns.get(index)
  if (column === undefined) columns.set(index, (column = { collation, queries: new Map() }))
  const queries = column.queries.get(key)
  if (queries === undefined) column.queries.set(key, new Set([query]))
  else queries.add(query)
}

const removeEquality = <Q>({ columns }: TableIndex<Q>, { index, key }: Equality, query: Q): void => {
  const column = columns.get(index)
  const queries = column?.queries.get(key)
  if (column === undefined || queries === undefined) return
  queries.delete(query)
  if (queries.size === 0) column.queries.delete(key)
  if (column.queries.size === 0) columns.delete(index)
}

const touchEqual = <Q>(column: ColumnIndex<Q>, place: number, row: NetRow, touched: Touched<Q>): void => {
  const { collation, queries } = column
  const { storedBefore, storedAfter } = row
  const before = storedBefore && queries.get(valueKey(storedBefore[place] ?? null, collation))
  // To compare two texts is cheaper than to find one.
  const isSame = storedBefore !== undefined && storedBefore[place] === storedAfter?.[place]
  const after = isSame ? before : storedAfter && queries.get(valueKey(storedAfter[place] ?? null, collation))
  if (before !== undefined) for (const query of before) note(touched, query, row)
  if (after !== undefined && after !== before) for (const query of after) note(touched, query, row)
}

const touchByCondition = <Q>({ conditions }: TableIndex<Q>, row: NetRow, touched: Touched<Q>): void => {
  const { before, after } = row
  const changed = changedMask(before, after)
  for (const { query, evaluate, columns } of conditions.values()) {
    // What is not true after a change of other columns was not true before it.
    const isConcerned =
      after === undefined
        ? evaluate(before!) === true
        : evaluate(after) === true || (before !== undefined && (columns & changed) !== 0 && evaluate(before) === true)
    if (isConcerned) note(touched, query, row)
  }
}

const changedMask = (before: SqliteRow | undefined, after: SqliteRow | undefined): number => {
  let mask = 0
  if (before === undefined || after === undefined) return mask
  for (let place = 0; place < after.length; place++) if (!isSameValue(before[place], after[place])) mask |= bitOf(place)
  return mask
}

/** One bit for each column; those from the 32nd on share the last. */
const bitOf = (place: number): number => 1 << Math.min(place, 31)

const maskOf = (table: TableDefinition, condition: Condition | undefined): number => {
  if (condition === undefined) return 0
  if (condition.kind === 'and' || condition.kind === 'or')
    return condition.conditions.reduce((mask, part) => mask | maskOf(table, part), 0)
  return bitOf(columnOf(table, condition.column).index)
}

const touchReruns = <Q>({ reruns }: TableIndex<Q>, { table, rows }: TableChange, touched: Touched<Q>): void => {
  /** `undefined`: rows came or went, or changed their rowid, which concerns everybody who reads the table. */
  const changed = changedColumns(table, rows)
  for (const [query, columns] of reruns) {
    const isRead = changed === undefined || columns === undefined || changed.some((name) => columns.has(name))
    if (isRead && rows.length > 0) touched.set(query, [])
  }
}

const changedColumns = (
  table: TableChange['table'],
  rows: ReadonlyArray<NetRow>,
): ReadonlyArray<string> | undefined => {
  const changed = new Set<number>()
  for (const { storedBefore: before, storedAfter: after } of rows) {
    if (before === undefined || after === undefined) return undefined
    for (let place = 0; place < after.length; place++) if (!isSameValue(before[place], after[place])) changed.add(place)
  }
  return [...changed].map((place) => table.columns[place]!.name)
}

/** Once for each row: a query may be found by the value before and the value after, or by two equalities. */
const note = <Q>(touched: Touched<Q>, query: Q, row: NetRow): void => {
  const rows = touched.get(query)
  if (rows === undefined) touched.set(query, [row])
  else if (rows.at(-1) !== row) rows.push(row)
}
