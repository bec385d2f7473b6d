import * as Result from 'effect/Result'
import { argsDepthMax } from '../event/EventLimits.ts'
import { formatPath, jsonProblem } from '../event/JsonValue.ts'
import { isSchema, makeSchemaCodec } from '../event/SchemaCodec.ts'
import type { SchemaProblem } from '../event/SchemaCodec.ts'
import type { ColumnDefinition, ColumnKind } from './Column.ts'
import type { Affinity } from './SchemaDescriptor.ts'
import { InvalidColumnValue, SchemaInvalid } from './SchemaError.ts'
import type { SqliteValue } from './SqliteValue.ts'

/**
 * Values of one column between JavaScript and SQLite; see the table in `Column.ts`.
 *
 * A whole number of an INTEGER column is bound as a JavaScript number, that is as REAL: affinity stores 5.0 as 5, and
 * comparing is exact. It spares a BigInt per value, which costs more than the bind.
 */
export interface ColumnCodec {
  readonly table: string
  readonly name: string
  /** Place in a row of the table. */
  readonly index: number
  readonly definition: ColumnDefinition
  readonly affinity: Affinity
  /** JavaScript → SQLite, for storing. **Fails with** throws `InvalidColumnValue`. */
  readonly encode: (value: unknown) => SqliteValue
  /** JavaScript → SQLite, for comparing: also numbers that the column could not hold, as in `age < 5.5`. */
  readonly encodeOperand: (value: unknown) => SqliteValue
  /** SQLite → JavaScript; INTEGER may arrive as number or bigint. **Fails with** throws `InvalidColumnValue`. */
  readonly decode: (value: SqliteValue) => unknown
}

export const affinityByKind: Readonly<Record<ColumnKind, Affinity>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  bigint: 'INTEGER',
  real: 'REAL',
  boolean: 'INTEGER',
  datetime: 'INTEGER',
  json: 'TEXT',
  blob: 'BLOB',
}

/** A value that does not fit: what is wrong, thrown as `InvalidColumnValue` with the column's name by the codec. */
class Misfit {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

type Convert<From, To> = (value: From) => To | Misfit

interface KindCodec {
  readonly encode: Convert<unknown, SqliteValue>
  readonly encodeOperand?: Convert<unknown, SqliteValue>
  readonly decode: Convert<Exclude<SqliteValue, null>, unknown>
}

/** Compiles a column once. **Fails with** throws `SchemaInvalid` for a JSON column whose schema is none. */
export const makeColumnCodec = (
  table: string,
  name: string,
  index: number,
  definition: ColumnDefinition,
): ColumnCodec => {
  const kind = definition.kind === 'json' ? makeJsonCodec(table, name, definition) : codecByKind[definition.kind]
  const invalid = (problem: string) => new InvalidColumnValue({ table, column: name, problem })
  const converter =
    <From, To>(convert: Convert<From, To>, onNull: () => To) =>
    (value: From): To => {
      if (value === null) return onNull()
      const converted = convert(value)
      if (converted instanceof Misfit) throw invalid(converted.problem)
      return converted
    }
  const refuseNull = (): null => {
    throw invalid('null, but the column is not nullable')
  }
  // JSON's own null is a value of a JSON column that is not nullable.
  const encodeNull = definition.isNullable ? () => null : definition.kind === 'json' ? () => 'null' : refuseNull
  return {
    table,
    name,
    index,
    definition,
    affinity: affinityByKind[definition.kind],
    encode: converter(kind.encode, encodeNull),
    encodeOperand: converter(kind.encodeOperand ?? kind.encode, refuseNull),
    decode: converter(kind.decode as Convert<SqliteValue, unknown>, () => null),
  }
}

const wrongType = (expected: string, value: unknown): Misfit =>
  new Misfit(`expected ${expected}, not ${value === undefined ? 'undefined' : typeof value}`)

const encodeText: Convert<unknown, SqliteValue> = (value) => {
  if (typeof value !== 'string') return wrongType('a string', value)
  if (value.includes('\0')) return new Misfit('text with a NUL character')
  // A materializer that cuts a text may cut a surrogate pair: every platform stores the same U+FFFD then.
  return value.isWellFormed() ? value : value.toWellFormed()
}

const encodeNumber: Convert<unknown, SqliteValue> = (value) => {
  if (typeof value !== 'number') return wrongType('a number', value)
  return Number.isFinite(value) ? value : new Misfit(`${value} cannot be stored`)
}

const encodeNumberOperand: Convert<unknown, SqliteValue> = (value) => {
  if (typeof value !== 'number') return wrongType('a number', value)
  return Number.isNaN(value) ? new Misfit('NaN cannot be compared') : value
}

const encodeInteger: Convert<unknown, SqliteValue> = (value) => {
  if (typeof value !== 'number') return wrongType('a number', value)
  return Number.isSafeInteger(value) ? value : new Misfit('not a safe integer; use column.bigint() or column.real()')
}

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n

const encodeBigint: Convert<unknown, SqliteValue> = (value) => {
  if (typeof value !== 'bigint') return wrongType('a bigint', value)
  return value >= int64Min && value <= int64Max ? value : new Misfit('a bigint beyond 64 bits')
}

const encodeDatetime: Convert<unknown, SqliteValue> = (value) => {
  // oxlint-disable-next-line no-restricted-globals -- a pure conversion
  if (!(value instanceof Date)) return wrongType('a Date', value)
  const ms = value.getTime()
  return Number.isNaN(ms) ? new Misfit('an invalid Date') : ms
}

const decodeInteger: Convert<SqliteValue, unknown> = (value) => {
  if (typeof value === 'number') return value
  const number = Number(value)
  return typeof value === 'bigint' && Number.isSafeInteger(number)
    ? number
    : new Misfit('the stored value is no safe integer')
}

const codecByKind: Readonly<Record<Exclude<ColumnKind, 'json'>, KindCodec>> = {
  text: {
    encode: encodeText,
    decode: (value) => (typeof value === 'string' ? value : new Misfit('the stored value is not TEXT')),
  },
  integer: { encode: encodeInteger, encodeOperand: encodeNumberOperand, decode: decodeInteger },
  real: {
    encode: encodeNumber,
    encodeOperand: encodeNumberOperand,
    decode: (value) => (typeof value === 'number' ? value : new Misfit('the stored value is not REAL')),
  },
  bigint: {
    encode: encodeBigint,
    decode: (value) =>
      typeof value === 'bigint'
        ? value
        : typeof value === 'number'
          ? BigInt(value)
          : new Misfit('the stored value is not INTEGER'),
  },
  boolean: {
    encode: (value) => (typeof value === 'boolean' ? Number(value) : wrongType('a boolean', value)),
    decode: (value) => value !== 0 && value !== 0n,
  },
  datetime: {
    encode: encodeDatetime,
    // oxlint-disable-next-line no-restricted-globals -- a pure conversion
    decode: (value) => new Date(Number(value)),
  },
  blob: {
    encode: (value) => (value instanceof Uint8Array ? value : wrongType('a Uint8Array', value)),
    decode: (value) => (value instanceof Uint8Array ? value : new Misfit('the stored value is not a BLOB')),
  },
}

const makeJsonCodec = (table: string, name: string, definition: ColumnDefinition): KindCodec => {
  if (definition.schema !== undefined && !isSchema(definition.schema)) {
    const problem = `column "${table}"."${name}": json() takes an Effect Schema or a Standard Schema v1 validator`
    throw new SchemaInvalid({ problem })
  }
  const codec = definition.schema === undefined ? undefined : makeSchemaCodec(definition.schema)
  return {
    encode: (value) => {
      const encoded = codec?.encode(value) ?? Result.succeed(value)
      if (Result.isFailure(encoded)) return misfitAt(encoded.failure)
      const problem = jsonProblem(encoded.success, argsDepthMax)
      return problem === undefined ? JSON.stringify(encoded.success) : misfitAt(problem)
    },
    decode: (text) => {
      const json = parseJson(text)
      if (json instanceof Misfit) return json
      const decoded = codec?.decode(json) ?? Result.succeed(json)
      return Result.isFailure(decoded) ? misfitAt(decoded.failure) : decoded.success
    },
  }
}

const misfitAt = ({ path, problem }: SchemaProblem): Misfit => new Misfit(`${formatPath(path)}: ${problem}`)

const parseJson = (text: SqliteValue): unknown => {
  try {
    return typeof text === 'string' ? JSON.parse(text) : new Misfit('the stored value is not TEXT')
  } catch {
    return new Misfit('the stored text is not JSON')
  }
}
