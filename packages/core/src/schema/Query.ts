import type { Condition } from './Condition.ts'
import type { SqliteRow, SqliteValue } from './SqliteValue.ts'
import type { TableDefinition } from './TableDefinition.ts'

/**
 * A compiled, immutable read. Made by a table's builder methods and by the `sql` tag; run by the store, by live
 * queries and by materializers.
 *
 * **Shape**  `sql` is the same text for every query of the same shape, so that statements are cached by it; `params`
 * are its values in order. `decode` takes every result row and the statement's column names.
 */
export interface Query<out A> {
  readonly kind: 'query'
  readonly sql: string
  readonly params: ReadonlyArray<SqliteValue>
  /** How the statement is to be prepared: `'bigint'` if a column needs all 64 bits. */
  readonly integers: 'number' | 'bigint'
  readonly shape: QueryShape
  /** What is asked, as data; `undefined` for raw SQL. */
  readonly source: QuerySource | undefined
  /** Of a query without `source`: the tables whose columns it decodes. A store of another schema refuses it. */
  readonly tables?: ReadonlyArray<TableDefinition>
  readonly decode: (rows: ReadonlyArray<SqliteRow>, columns: ReadonlyArray<string>) => A
}

/** What `decode` answers: an array of rows, the first one or `undefined`, a number, an aggregate of a column. */
export type QueryShape = 'rows' | 'first' | 'count' | AggregateShape

/** An aggregate of the values of one column. */
export type AggregateShape = 'sum' | 'avg' | 'min' | 'max'

/** What `A` is for a given query. */
export type QueryResult<Q> = Q extends Query<infer A> ? A : never

export interface OrderTerm {
  readonly column: string
  readonly direction: 'asc' | 'desc'
}

/**
 * A builder query as data.
 *
 * **Shape**  `orderBy` holds the terms asked for. Rows that these leave equal come in storage order: by rowid, or by
 * primary key in a table without one, so that a query has one answer. `columns` are the selected ones, in result order;
 * of an aggregate the one that it is of.
 */
export interface QuerySource {
  readonly table: TableDefinition
  readonly shape: QueryShape
  readonly columns: ReadonlyArray<string>
  /** `undefined`: every row. */
  readonly where: Condition | undefined
  readonly orderBy: ReadonlyArray<OrderTerm>
  readonly limit: number | undefined
  readonly offset: number
}
