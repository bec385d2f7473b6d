import type { Columns } from '../schema/Column.ts'
import type { ColumnCodec } from '../schema/ColumnCodec.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import { QueryInvalid } from '../schema/SchemaError.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'
import { columnOf } from '../schema/TableDefinition.ts'
import type { TableDefinition } from '../schema/TableDefinition.ts'
import type { Write } from '../schema/Write.ts'
import { whereSql } from './ConditionSql.ts'
import { compileWhere } from './Where.ts'
import type { Where } from './Where.ts'

/**
 * Writes of one table.
 *
 * An INSERT always names every column, with defaults filled in here, so that a table has one INSERT text and one
 * prepared statement, whichever columns were given.
 */

/** An update or delete that still lacks its rows. It is no write yet: forgetting `where` cannot change every row. */
export interface UnfilteredWrite<C extends Columns> {
  /** The rows to change; `{}` means every row. */
  readonly where: (where: Where<C>) => Write
}

/** What to do with a row whose key, or another unique column, is there already. Default: the statement fails. */
export interface InsertOptions {
  /** `'ignore'` leaves the old row; `'replace'` deletes every row in the way, with what references it. */
  readonly onConflict?: 'ignore' | 'replace'
}

export interface UpsertOptions<Name extends string> {
  /** The unique columns that decide whether the row is there. Default: the primary key. */
  readonly conflict?: ReadonlyArray<Name>
}

/** One row. **Fails with** throws `UnknownColumn`, `InvalidColumnValue`, `QueryInvalid`. */
export const insertRow = (table: TableDefinition, row: unknown, options?: InsertOptions): Write => {
  const [verb, suffix] = conflictSql(table, options?.onConflict)
  return write(table, `${insertSql(table, verb)}${suffix}`, insertParams(table, asRow(table, row)))
}

/** Inserts the row, or changes the columns it gives if a row with the same `conflict` columns is there. */
export const upsertRow = (table: TableDefinition, row: unknown, conflict: ReadonlyArray<string>): Write => {
  if (conflict.length === 0)
    throw new QueryInvalid({ table: table.name, problem: 'upsert needs a primary key, or conflict: […]' })
  for (const column of conflict) columnOf(table, column)
  const given = asRow(table, row)
  const changes = table.columns
    .filter((codec) => valueOf(given, codec) !== undefined && !conflict.includes(codec.name))
    .map(({ name }) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`)
  const action = changes.length === 0 ? 'NOTHING' : `UPDATE SET ${changes.join(', ')}`
  const target = conflict.map(quoteIdentifier).join(', ')
  return write(table, `${insertSql(table, 'INSERT')} ON CONFLICT (${target}) DO ${action}`, insertParams(table, given))
}

/** `todos.update({ done: true })`, before its `where`. Nothing to set makes a write that changes nothing. */
export const updateRows = <C extends Columns>(table: TableDefinition, values: unknown): UnfilteredWrite<C> => {
  const given = asRow(table, values)
  const codecs = table.columns.filter((codec) => valueOf(given, codec) !== undefined)
  const setParams = codecs.map((codec) => codec.encode(valueOf(given, codec)))
  return {
    where: (where) => {
      const params: Array<SqliteValue> = [...setParams]
      const condition = whereSql(compileWhere(table, where), params)
      if (codecs.length === 0) return write(table, nothingToSetSql(table), [])
      const set = codecs.map(({ name }) => `${quoteIdentifier(name)} = ?`).join(', ')
      return write(table, `UPDATE ${quoteIdentifier(table.name)} SET ${set}${condition}`, params)
    },
  }
}

/** `todos.delete()`, before its `where`. */
export const deleteRows = <C extends Columns>(table: TableDefinition): UnfilteredWrite<C> => ({
  where: (where) => {
    const params: Array<SqliteValue> = []
    return write(
      table,
      `DELETE FROM ${quoteIdentifier(table.name)}${whereSql(compileWhere(table, where), params)}`,
      params,
    )
  },
})

/** Optional args that are all absent are no error: the materializer has nothing to change then. */
const nothingToSetSql = (table: TableDefinition): string => `DELETE FROM ${quoteIdentifier(table.name)} WHERE 0`

const write = (table: TableDefinition, sql: string, params: ReadonlyArray<SqliteValue>): Write => ({
  kind: 'write',
  sql,
  params,
  table: table.name,
})

/** Texts of a table's INSERTs by verb. Weak: tests and hot reloading define tables again and again. */
const insertSqlByTable = new WeakMap<TableDefinition, Map<string, string>>()

const insertSql = (table: TableDefinition, verb: string): string => {
  const byVerb = insertSqlByTable.get(table) ?? new Map<string, string>()
  insertSqlByTable.set(table, byVerb)
  const known = byVerb.get(verb)
  if (known !== undefined) return known
  const names = table.columns.map((codec) => quoteIdentifier(codec.name)).join(', ')
  const places = table.columns.map(() => '?').join(', ')
  const sql = `${verb} INTO ${quoteIdentifier(table.name)} (${names}) VALUES (${places})`
  byVerb.set(verb, sql)
  return sql
}

const conflictSql = (table: TableDefinition, onConflict: unknown): readonly [verb: string, suffix: string] => {
  if (onConflict === undefined) return ['INSERT', '']
  if (onConflict === 'ignore') return ['INSERT', ' ON CONFLICT DO NOTHING']
  if (onConflict === 'replace') return ['INSERT OR REPLACE', '']
  throw new QueryInvalid({ table: table.name, problem: `onConflict is 'ignore' or 'replace'` })
}

const insertParams = (table: TableDefinition, row: Readonly<Record<string, unknown>>): ReadonlyArray<SqliteValue> =>
  table.columns.map((codec) => codec.encode(valueOrDefault(codec, valueOf(row, codec))))

const valueOrDefault = ({ definition }: ColumnCodec, value: unknown): unknown => {
  if (value !== undefined) return value
  // What is neither nullable nor given stays undefined, which the codec refuses by name.
  return definition.default !== undefined ? definition.default : definition.isNullable ? null : undefined
}

/** A column may be called `constructor`: what a row inherits is no value of it. */
const valueOf = (row: Readonly<Record<string, unknown>>, { name }: ColumnCodec): unknown =>
  Object.hasOwn(row, name) ? row[name] : undefined

/** The row as given, once every key is known to be a column. */
const asRow = (table: TableDefinition, row: unknown): Readonly<Record<string, unknown>> => {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new QueryInvalid({ table: table.name, problem: 'a row is an object of column values' })
  }
  for (const key of Object.keys(row)) columnOf(table, key)
  return row as Readonly<Record<string, unknown>>
}
