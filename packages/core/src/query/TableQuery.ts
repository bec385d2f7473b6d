import type { Columns } from '../schema/Column.ts'
import type { ColumnCodec } from '../schema/ColumnCodec.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import type { AggregateShape, OrderTerm, Query, QueryShape, QuerySource } from '../schema/Query.ts'
import { QueryInvalid } from '../schema/SchemaError.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import { isSameValue } from '../sqlite/RowChange.ts'
import { columnOf } from '../schema/TableDefinition.ts'
import type { ColumnType, RowOf, TableDefinition } from '../schema/TableDefinition.ts'
import { aggregateIntegers, aggregateOf, aggregateSql, checkAggregate, decodeAggregate } from './Aggregate.ts'
import type { NumericName, OrderedName } from './Aggregate.ts'
import { whereSql } from './ConditionSql.ts'
import { allOf, compileWhere } from './Where.ts'
import type { Where } from './Where.ts'

/**
 * Reads of one table, built step by step. Every step answers with a new query; SQL text and parameters are made when
 * they are first asked for.
 */

/** A query for rows, which further steps refine. **Shape** answers an array of `Row`, in order. */
export interface RowsQuery<C extends Columns, Row> extends Query<ReadonlyArray<Row>> {
  /** Keeps rows for which this too is true; see `Where.ts`. */
  readonly where: (where: Where<C>) => RowsQuery<C, Row>
  /**
   * Sorts; a further call sorts what the ones before leave equal. NULL comes first, text by its column's collation.
   * What is equal to the end stays in storage order (insertion order, unless rowids are reused), so answers are the
   * same on every client.
   */
  readonly orderBy: (column: keyof C & string, direction?: 'asc' | 'desc') => RowsQuery<C, Row>
  /** At most that many rows. */
  readonly limit: (count: number) => RowsQuery<C, Row>
  /** Without the first that many rows. */
  readonly offset: (count: number) => RowsQuery<C, Row>
  /** Only these columns. */
  readonly select: <K extends keyof C & string>(
    ...columns: ReadonlyArray<K>
  ) => RowsQuery<C, Pick<RowOf<C>, K & keyof RowOf<C>>>
  /** The first row, or `undefined` if there is none. */
  readonly first: () => Query<Row | undefined>
  /** How many rows there are. */
  readonly count: () => Query<number>
  /**
   * The sum of a column of numbers, `null` if there is no value (`?? 0`). **Fails with** running it throws
   * `InvalidColumnValue` if the sum of an integer column is beyond 2^53, `SqliteError` if it passes 64 bits on its way.
   */
  readonly sum: <K extends NumericName<C>>(column: K) => Query<ColumnType<C[K]> | null>
  /** The average of a column of numbers, `null` if there is no value. */
  readonly avg: (column: NumericName<C>) => Query<number | null>
  /** The smallest value of a column, in the order of `orderBy`; `null` if there is none. */
  readonly min: <K extends OrderedName<C>>(column: K) => Query<ColumnType<C[K]> | null>
  /** The greatest value of a column, in the order of `orderBy`; `null` if there is none. */
  readonly max: <K extends OrderedName<C>>(column: K) => Query<ColumnType<C[K]> | null>
}

/** Every row of a table, in storage order: where building begins. */
export const makeRowsQuery = <C extends Columns>(table: TableDefinition): RowsQuery<C, RowOf<C>> =>
  new TableQuery({
    table,
    shape: 'rows',
    columns: table.columns.map((codec) => codec.name),
    where: undefined,
    orderBy: [],
    limit: undefined,
    offset: 0,
  }) as unknown as RowsQuery<C, RowOf<C>>

class TableQuery implements Query<unknown> {
  readonly kind = 'query'
  readonly source: QuerySource
  #compiled: CompiledQuery | undefined

  constructor(source: QuerySource) {
    this.source = source
  }

  get sql(): string {
    return (this.#compiled ??= compile(this.source)).sql
  }
  get params(): ReadonlyArray<SqliteValue> {
    return (this.#compiled ??= compile(this.source)).params
  }
  get shape(): QueryShape {
    return this.source.shape
  }
  get integers(): 'number' | 'bigint' {
    return integersOf(this.source)
  }
  // An arrow, so that it can be passed on without its query.
  readonly decode = (rows: ReadonlyArray<SqliteRow>): unknown => decode(this.source, rows)

  where(where: unknown): TableQuery {
    const { table, where: before } = this.source
    return new TableQuery({ ...this.source, where: allOf(before, compileWhere(table, where)) })
  }
  orderBy(column: string, direction: 'asc' | 'desc' = 'asc'): TableQuery {
    const { table, orderBy } = this.source
    columnOf(table, column)
    if (direction !== 'asc' && direction !== 'desc')
      throw new QueryInvalid({ table: table.name, problem: `orderBy takes 'asc' or 'desc'` })
    return new TableQuery({ ...this.source, orderBy: [...orderBy, { column, direction }] })
  }
  limit(count: number): TableQuery {
    return new TableQuery({ ...this.source, limit: checkCount(this.source, 'limit', count) })
  }
  offset(count: number): TableQuery {
    return new TableQuery({ ...this.source, offset: checkCount(this.source, 'offset', count) })
  }
  select(...columns: ReadonlyArray<string>): TableQuery {
    const { table } = this.source
    for (const column of columns) columnOf(table, column)
    if (columns.length === 0) throw new QueryInvalid({ table: table.name, problem: 'select takes at least one column' })
    return new TableQuery({ ...this.source, columns: [...new Set(columns)] })
  }
  first(): TableQuery {
    return new TableQuery({ ...this.source, shape: 'first', limit: Math.min(this.source.limit ?? 1, 1) })
  }
  count(): TableQuery {
    return new TableQuery({ ...this.source, shape: 'count' })
  }
  sum(column: string): TableQuery {
    return this.#aggregate('sum', column)
  }
  avg(column: string): TableQuery {
    return this.#aggregate('avg', column)
  }
  min(column: string): TableQuery {
    return this.#aggregate('min', column)
  }
  max(column: string): TableQuery {
    return this.#aggregate('max', column)
  }
  #aggregate(shape: AggregateShape, column: string): TableQuery {
    checkAggregate(this.source.table, shape, column)
    return new TableQuery({ ...this.source, shape, columns: [column] })
  }
}

const checkCount = ({ table }: QuerySource, name: string, count: number): number => {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new QueryInvalid({ table: table.name, problem: `${name} takes a whole number from 0 on` })
}

interface CompiledQuery {
  readonly sql: string
  readonly params: ReadonlyArray<SqliteValue>
}

const compile = (source: QuerySource): CompiledQuery => {
  const params: Array<SqliteValue> = []
  const aggregate = aggregateOf(source.shape)
  if (aggregate !== undefined) return { sql: aggregateSql(source, aggregate, fromSql(source, params)), params }
  return { sql: source.shape === 'count' ? countSql(source, params) : rowsSql(source, params), params }
}

const rowsSql = (source: QuerySource, params: Array<SqliteValue>): string =>
  selectSql(source, source.columns.map(quoteIdentifier), params)

/** The SELECT of `source`'s rows with other result columns. */
export const selectSql = (
  source: Omit<QuerySource, 'shape' | 'columns'>,
  results: ReadonlyArray<string>,
  params: Array<SqliteValue>,
): string => {
  const { table, where, orderBy } = source
  const from = `SELECT ${results.join(', ')} FROM ${quoteIdentifier(table.name)}`
  return `${from}${whereSql(where, params)} ORDER BY ${orderSql(table, orderBy)}${limitSql(source, params)}`
}

const orderSql = (table: TableDefinition, orderBy: ReadonlyArray<OrderTerm>): string => {
  const terms = orderBy.map(
    ({ column, direction }) => `${quoteIdentifier(column)}${direction === 'desc' ? ' DESC' : ''}`,
  )
  const storageOrder = table.isWithoutRowid ? table.primaryKey.map(quoteIdentifier) : ['rowid']
  return [...terms, ...storageOrder].join(', ')
}

/** ` FROM …` of the rows that an aggregate is of, with its column. */
export const fromSql = (source: QuerySource, params: Array<SqliteValue>): string => {
  if (source.limit !== undefined || source.offset > 0) return ` FROM (${rowsSql(source, params)})`
  return ` FROM ${quoteIdentifier(source.table.name)}${whereSql(source.where, params)}`
}

/** How many rows `source` has. */
export const countSql = (
  source: Pick<QuerySource, 'table' | 'where' | 'limit' | 'offset'>,
  params: Array<SqliteValue>,
): string => {
  const from = `FROM ${quoteIdentifier(source.table.name)}${whereSql(source.where, params)}`
  const limit = limitSql(source, params)
  return limit === '' ? `SELECT count(*) ${from}` : `SELECT count(*) FROM (SELECT 1 ${from}${limit})`
}

/** SQLite has no OFFSET without a LIMIT; a negative one is none. */
const limitSql = ({ limit, offset }: Pick<QuerySource, 'limit' | 'offset'>, params: Array<SqliteValue>): string => {
  if (limit === undefined && offset === 0) return ''
  params.push(limit ?? -1)
  if (offset === 0) return ' LIMIT ?'
  params.push(offset)
  return ' LIMIT ? OFFSET ?'
}

const selectedOf = ({ table, columns }: QuerySource): ReadonlyArray<ColumnCodec> =>
  columns.map((name) => columnOf(table, name))

const integersOf = (source: QuerySource): 'number' | 'bigint' => {
  const aggregate = aggregateOf(source.shape)
  if (aggregate !== undefined) return aggregateIntegers(source, aggregate)
  const isExact = source.shape !== 'count' && selectedOf(source).some((codec) => codec.definition.kind === 'bigint')
  return isExact ? 'bigint' : 'number'
}

/** Whether two rows that the query answered are equal to the app. */
export const makeRowEquality = (source: QuerySource): ((a: unknown, b: unknown) => boolean) => {
  const codecs = selectedOf(source)
  return (a, b) => {
    const [rowA, rowB] = [a, b] as [Record<string, unknown>, Record<string, unknown>]
    try {
      return codecs.every(({ name, encode }) => isSameValue(encode(rowA[name]), encode(rowB[name])))
    } catch {
      // A JSON column's schema may not know a way back.
      return false
    }
  }
}

/** What the app sees of a whole row of the table, as the query would answer it. **Fails with** `InvalidColumnValue`. */
export const makeRowDecoder = (source: QuerySource): ((stored: SqliteRow) => Readonly<Record<string, unknown>>) => {
  const codecs = selectedOf(source)
  return (stored) => {
    const row: Record<string, unknown> = {}
    for (const codec of codecs) row[codec.name] = codec.decode(stored[codec.index] ?? null)
    return row
  }
}

const decode = (source: QuerySource, rows: ReadonlyArray<SqliteRow>): unknown => {
  const aggregate = aggregateOf(source.shape)
  if (aggregate !== undefined) return decodeAggregate(source, aggregate, rows)
  if (source.shape === 'count') return Number(rows[0]?.[0] ?? 0)
  const codecs = selectedOf(source)
  const [first] = rows
  if (source.shape === 'first') return first === undefined ? undefined : decodeRow(codecs, first)
  return rows.map((row) => decodeRow(codecs, row))
}

const decodeRow = (codecs: ReadonlyArray<ColumnCodec>, values: SqliteRow): Readonly<Record<string, unknown>> => {
  const row: Record<string, unknown> = {}
  for (let index = 0; index < codecs.length; index++) {
    const codec = codecs[index]
    if (codec !== undefined) row[codec.name] = codec.decode(values[index] ?? null)
  }
  return row
}
