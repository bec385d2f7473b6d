import * as Result from 'effect/Result'
import { isSchema, makeSchemaDecoder } from '../event/SchemaCodec.ts'
import type { AnySchema, SchemaOutput } from '../event/SchemaCodec.ts'
import { formatPath } from '../event/JsonValue.ts'
import type { ColumnReference } from '../schema/Column.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import type { Query } from '../schema/Query.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import type { AnyTable } from '../schema/TableDefinition.ts'
import type { Write } from '../schema/Write.ts'
import { RowInvalid, SqlParameterInvalid } from './SqlError.ts'

/** One value of an `sql` text. */
export type SqlParameter =
  | SqliteValue
  | boolean
  | Date
  | ReadonlyArray<SqliteValue | boolean | Date>
  | AnyTable
  | ColumnReference
  | SqlIdentifier
  | Sql

/** A name to be quoted, not a value to be bound. */
export interface SqlIdentifier {
  readonly kind: 'identifier'
  readonly name: string
}

/** Raw SQL: a write as it stands (a materializer may answer with it), a read by {@link Sql.as}. */
export interface Sql extends Write {
  /**
   * A read whose rows have the form of `schema`, by column name: an Effect Schema or a Standard Schema.
   *
   * **Shape**  the schema gets what SQLite answers: `number` (`bigint` with `integers: 'bigint'`, for int64), `string`,
   * `Uint8Array`, `null`. A boolean column is 0 or 1: `Schema.BooleanFromBit`.
   *
   * **Fails with**  the read throws `RowInvalid` for a row that does not fit.
   */
  readonly as: <const S extends AnySchema>(
    schema: S,
    options?: { readonly integers?: 'number' | 'bigint' },
  ) => Query<ReadonlyArray<SchemaOutput<S>>>
}

/**
 * Raw SQL with bound values.
 *
 * | `${…}`                              | becomes                                                             |
 * | ----------------------------------- | ------------------------------------------------------------------- |
 * | a safe integer                      | INTEGER, as if the digits stood there: `7 / ${2}` is 3              |
 * | another finite number               | REAL                                                                |
 * | `bigint` within 64 bits             | INTEGER                                                             |
 * | `boolean`                           | INTEGER 0 or 1                                                      |
 * | `Date`                              | INTEGER, milliseconds since 1970, as `column.datetime()` stores it  |
 * | `string`, `Uint8Array`, `null`      | TEXT, BLOB, NULL                                                    |
 * | an array of those                   | a list: `id IN ${ids}`; empty, `()`, in which SQLite finds nothing  |
 * | a table, a column (`todos.columns.id`), `sql.identifier(name)` | its quoted name                          |
 * | another `sql` text                  | that text, with its values                                          |
 * | anything else, also `undefined`     | `SqlParameterInvalid`                                               |
 *
 * **Example**
 * ```ts
 * const open = sql`SELECT list, count(*) AS n FROM ${todos} WHERE done = ${false} GROUP BY list`
 *   .as(Schema.Struct({ list: Schema.String, n: Schema.Int }))
 * ```
 *
 * **Fails with**  throws `SqlParameterInvalid`.
 */
export const sql = Object.assign(
  (texts: TemplateStringsArray, ...values: ReadonlyArray<SqlParameter>): Sql => {
    const params: Array<SqliteValue> = []
    let text = texts[0] ?? ''
    for (const [index, value] of values.entries())
      text += `${parameterSql(value, index, params)}${texts[index + 1] ?? ''}`
    return makeSql(text, params)
  },
  {
    /** A quoted name: of a table or column that is only known at run time. */
    identifier: (name: string): SqlIdentifier => {
      if (typeof name !== 'string' || name === '' || name.includes('\0')) {
        throw new SqlParameterInvalid({ index: 0, problem: 'an identifier is a text that is not empty' })
      }
      return { kind: 'identifier', name }
    },
  },
)

const makeSql = (text: string, params: ReadonlyArray<SqliteValue>): Sql => ({
  kind: 'write',
  sql: text,
  params,
  as: (schema, options) => makeSqlQuery(text, params, schema, options?.integers ?? 'number'),
})

const makeSqlQuery = <const S extends AnySchema>(
  text: string,
  params: ReadonlyArray<SqliteValue>,
  schema: S,
  integers: 'number' | 'bigint',
): Query<ReadonlyArray<SchemaOutput<S>>> => {
  if (!isSchema(schema))
    throw new SqlParameterInvalid({ index: 0, problem: 'as takes an Effect Schema or a Standard Schema v1 validator' })
  const decodeRow = makeSchemaDecoder(schema)
  return {
    kind: 'query',
    sql: text,
    params,
    integers,
    shape: 'rows',
    source: undefined,
    decode: (rows, columns) =>
      rows.map((row, index) => {
        const decoded = decodeRow(rowObject(row, columns))
        if (Result.isSuccess(decoded)) return decoded.success as SchemaOutput<S>
        const { path, problem } = decoded.failure
        throw new RowInvalid({ sql: text, index, path: formatPath(path), problem })
      }),
  }
}

const rowObject = (row: SqliteRow, columns: ReadonlyArray<string>): Readonly<Record<string, unknown>> => {
  const object: Record<string, unknown> = {}
  // defineProperty: a column may be called __proto__ in raw SQL, and must not become the prototype.
  for (const [index, column] of columns.entries()) {
    if (column === '__proto__') Object.defineProperty(object, column, { value: row[index], enumerable: true })
    else object[column] = row[index]
  }
  return object
}

const parameterSql = (value: unknown, index: number, params: Array<SqliteValue>): string => {
  if (Array.isArray(value)) return `(${value.map((item: unknown) => bind(item, index, params)).join(', ')})`
  if (typeof value !== 'object' || value === null) return bind(value, index, params)
  if ('kind' in value && value.kind === 'write' && 'sql' in value && 'params' in value && 'as' in value) {
    const nested = value as Sql
    for (const param of nested.params) params.push(param)
    return nested.sql
  }
  if ('kind' in value && value.kind === 'identifier') return quoteIdentifier((value as SqlIdentifier).name)
  if ('definition' in value) return quoteIdentifier((value as AnyTable).definition.name)
  if ('table' in value && 'name' in value && !('kind' in value)) return quoteIdentifier((value as ColumnReference).name)
  return bind(value, index, params)
}

const bind = (value: unknown, index: number, params: Array<SqliteValue>): '?' => {
  params.push(bindable(value, index))
  return '?'
}

/** A JavaScript value as SQLite takes it; see the table of `sql`. **Fails with** `SqlParameterInvalid`. */
export const bindable = (value: unknown, index: number): SqliteValue => {
  if (value === null || value instanceof Uint8Array) return value
  if (typeof value === 'string') return textParameter(value, index)
  if (typeof value === 'number') return numberParameter(value, index)
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'bigint') return bigintParameter(value, index)
  return otherParameter(value, index)
}

const numberParameter = (value: number, index: number): number | bigint => {
  if (Number.isNaN(value)) throw new SqlParameterInvalid({ index, problem: 'NaN is no SQL value; use null' })
  return Number.isSafeInteger(value) ? BigInt(value) : value
}

const bigintParameter = (value: bigint, index: number): bigint => {
  if (BigInt.asIntN(64, value) === value) return value
  throw new SqlParameterInvalid({ index, problem: 'a bigint beyond 64 bits' })
}

const textParameter = (text: string, index: number): string => {
  if (text.includes('\0')) throw new SqlParameterInvalid({ index, problem: 'text with a NUL character' })
  return text.isWellFormed() ? text : text.toWellFormed()
}

const otherParameter = (value: unknown, index: number): bigint => {
  // oxlint-disable-next-line no-restricted-globals -- a pure conversion
  if (value instanceof Date) {
    const ms = value.getTime()
    if (Number.isNaN(ms)) throw new SqlParameterInvalid({ index, problem: 'an invalid Date' })
    return BigInt(ms)
  }
  const problem =
    value === undefined ? 'undefined is no SQL value; use null' : `a value of type ${typeof value} cannot be bound`
  throw new SqlParameterInvalid({ index, problem })
}
