import type { AnyColumn, Columns } from '../schema/Column.ts'
import type { ColumnCodec } from '../schema/ColumnCodec.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import type { AggregateShape, QueryShape, QuerySource } from '../schema/Query.ts'
import { InvalidColumnValue, QueryInvalid } from '../schema/SchemaError.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import { columnOf } from '../schema/TableDefinition.ts'
import type { TableDefinition } from '../schema/TableDefinition.ts'
import { compareText, compareValues } from './ValueOrder.ts'

/**
 * `sum`, `avg`, `min`, `max` of one column, with SQLite's meaning. NULLs are left out; of no values the answer is `null`.
 *
 * | Aggregate    | Columns                     | Answers                                                                    |
 * | ------------ | --------------------------- | -------------------------------------------------------------------------- |
 * | `sum`        | `integer`, `bigint`, `real` | as the column; beyond 2^53 `InvalidColumnValue`, beyond 64 bits `SqliteError` |
 * | `avg`        | `integer`, `bigint`, `real` | `number`                                                                   |
 * | `min`, `max` | all but `json`              | a value of the column, by its collation                                    |
 *
 * `min` and `max` of a NOCASE column have to choose among texts that differ in case only. SQLite takes the one that its
 * plan meets first; here it is the first (`min`) or last (`max`) of them by bytes, on every client.
 */

/** **Fails with** throws `UnknownColumn`; `QueryInvalid` for a column that has no such aggregate. */
export const checkAggregate = (table: TableDefinition, shape: AggregateShape, column: string): void => {
  const { kind } = columnOf(table, column).definition
  const isExtreme = shape === 'min' || shape === 'max'
  if (isExtreme ? kind !== 'json' : isNumeric(kind)) return
  const needs = isExtreme ? 'a column that has an order' : 'a column of numbers (integer, bigint, real)'
  throw new QueryInvalid({ table: table.name, problem: `${shape} needs ${needs}, "${column}" is ${kind}` })
}

const isNumeric = (kind: string): boolean => kind === 'integer' || kind === 'bigint' || kind === 'real'

/** Names of columns that `sum` and `avg` take. */
export type NumericName<C extends Columns> = NameOf<C, 'integer' | 'bigint' | 'real'>

/** Names of columns that `min` and `max` take. */
export type OrderedName<C extends Columns> = NameOf<
  C,
  'text' | 'integer' | 'bigint' | 'real' | 'boolean' | 'datetime' | 'blob'
>

type NameOf<C extends Columns, Kind> = { [K in keyof C]: KindOf<C[K]> extends Kind ? K : never }[keyof C] & string

type KindOf<C extends AnyColumn> = NonNullable<C['~type']>['kind']

/** The shape as an aggregate of a column's values; `undefined` for a query that answers rows or counts them. */
export const aggregateOf = (shape: QueryShape): AggregateShape | undefined =>
  shape === 'rows' || shape === 'first' || shape === 'count' ? undefined : shape

/** The aggregated column. */
export const aggregatedOf = ({ table, columns }: QuerySource): ColumnCodec => columnOf(table, columns[0]!)

/** The SELECT of the aggregate. **Shape** `from`: ` FROM …` of a table or of a SELECT that has the column. */
export const aggregateSql = (source: QuerySource, shape: AggregateShape, from: string): string => {
  const codec = aggregatedOf(source)
  const column = quoteIdentifier(codec.name)
  if (codec.definition.collation === 'BINARY' || shape === 'sum' || shape === 'avg')
    return `SELECT ${shape}(${column})${from}`
  const direction = shape === 'max' ? ' DESC' : ''
  // NULL comes first, so min has to step over it.
  const values = `SELECT ${column} AS value${from}`
  return `SELECT value FROM (${values}) WHERE value IS NOT NULL ORDER BY value${direction}, value COLLATE BINARY${direction} LIMIT 1`
}

/** INTEGER values come as `bigint` where the answer may need all 64 bits. */
export const aggregateIntegers = (source: QuerySource, shape: AggregateShape): 'number' | 'bigint' => {
  const { kind } = aggregatedOf(source).definition
  return (kind === 'bigint' && shape !== 'avg') || (kind === 'integer' && shape === 'sum') ? 'bigint' : 'number'
}

/** What the app sees of the aggregate. **Fails with** `InvalidColumnValue`. */
export const decodeAggregate = (source: QuerySource, shape: AggregateShape, rows: ReadonlyArray<SqliteRow>): unknown =>
  decodeAggregated(source, shape, rows[0]?.[0] ?? null)

/** The same of its value. */
export const decodeAggregated = (source: QuerySource, shape: AggregateShape, value: SqliteValue): unknown => {
  if (shape === 'avg') return value
  const { table, name, definition, decode } = aggregatedOf(source)
  if (shape === 'sum' && definition.kind === 'integer' && value !== null && !Number.isSafeInteger(Number(value))) {
    throw new InvalidColumnValue({ table, column: name, problem: 'its sum is beyond 2^53; use column.bigint()' })
  }
  return decode(value)
}

/** How `min` and `max` compare values that are not NULL: 0 only for the same value. */
export const makeValueOrder = ({ definition }: ColumnCodec): ((a: SqliteValue, b: SqliteValue) => number) =>
  definition.collation === 'BINARY'
    ? (a, b) => compareValues(a, b, 'BINARY')
    : (a, b) => compareValues(a, b, definition.collation) || compareText(a as string, b as string)
