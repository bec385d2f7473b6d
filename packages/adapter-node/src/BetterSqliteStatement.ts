import type { PrepareOptions, SqliteStatement, SqliteValue } from '@headwater/core/sqlite'
import { SqliteError } from '@headwater/core/sqlite'
import type { Statement } from 'better-sqlite3'
import type { BetterSqliteState } from './BetterSqliteState.ts'

type Row = Array<SqliteValue>
type RawStatement = Statement<Array<SqliteValue>, Row>

const none: ReadonlyArray<SqliteValue> = []
/** 2^53: from here on a double may be a rounded int64. */
const firstUnsafe = 2 ** 53

/**
 * A better-sqlite3 statement behind the port.
 *
 * better-sqlite3 returns INTEGER either as a double, silently rounded, or as a bigint, which makes a list of 1,000 rows
 * a third slower. So a SELECT in `'number'` mode runs with doubles until it returns one of 2^53 or more, which is either a
 * REAL or a rounded INTEGER; it is then run again with bigints, and from then on always (`isExact`). A statement that
 * must not run twice, because it writes or calls one of our functions, is exact from the start.
 */
export const prepareStatement = (state: BetterSqliteState, sql: string, options?: PrepareOptions): SqliteStatement => {
  const statement = compile(state, sql)
  const isBigint = options?.integers === 'bigint'
  let isExact = isBigint || !statement.readonly || state.mayCallFunction(sql)
  if (statement.reader) statement.raw().safeIntegers(isExact)
  let isFinalized = false
  let columns: ReadonlyArray<string> | undefined

  const check = (operation: string, params: ReadonlyArray<SqliteValue>): void => {
    if (state.isBusy || isFinalized) throw state.misuse(operation, isFinalized)
    for (let index = 0; index < params.length; index++) {
      const value = params[index]
      if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) throw unbindable(index, sql)
      // better-sqlite3 would bind NULL.
      if (value === undefined) throw unbindable(index, sql)
    }
  }
  const tidy = (row: Row): boolean => (isExact ? tidyExactRow(row, isBigint, sql) : tidyRow(row))
  const beExact = (): void => {
    isExact = true
    statement.safeIntegers(true)
  }

  const all = (params: ReadonlyArray<SqliteValue> = none): Array<Row> => {
    check('all', params)
    try {
      if (!statement.reader) {
        statement.run(...params)
        return []
      }
      const rows = statement.all(...params)
      for (let index = 0; index < rows.length; index++) {
        if (tidy(rows[index]!)) continue
        beExact()
        return all(params)
      }
      return rows
    } catch (error) {
      throw state.failure('all', error, sql)
    }
  }

  const get = (params: ReadonlyArray<SqliteValue> = none): Row | undefined => {
    // A statement that writes is run to its end: better-sqlite3's own `get` drops what fails after the first row.
    if (!statement.readonly || !statement.reader) return all(params)[0]
    check('get', params)
    try {
      const row = statement.get(...params)
      if (row === undefined || tidy(row)) return row
      beExact()
      return get(params)
    } catch (error) {
      throw state.failure('get', error, sql)
    }
  }

  const run = (params: ReadonlyArray<SqliteValue> = none): number => {
    check('run', params)
    try {
      return statement.run(...params).changes
    } catch (error) {
      throw state.failure('run', error, sql)
    }
  }

  return {
    get columns() {
      if (state.isBusy || isFinalized) throw state.misuse('columns', isFinalized)
      columns ??= statement.reader ? statement.columns().map((column) => column.name) : []
      return columns
    },
    all,
    get,
    run,
    finalize: () => {
      // better-sqlite3 finalizes when the object is collected or the database closed; until then it is reset and idle.
      isFinalized = true
    },
  }
}

const compile = (state: BetterSqliteState, sql: string): RawStatement => {
  if (state.isBusy) throw state.misuse('prepare', false)
  state.refuseNul('prepare', sql)
  try {
    return state.database.prepare<Array<SqliteValue>, Row>(sql)
  } catch (error) {
    throw state.failure('prepare', error, sql)
  }
}

/** Makes Buffers plain, in place. `false` when a number may be a rounded int64. */
const tidyRow = (row: Row): boolean => {
  for (let index = 0; index < row.length; index++) {
    const value = row[index]
    if (typeof value === 'number') {
      if (value >= firstUnsafe || value <= -firstUnsafe) return false
    } else if (typeof value === 'object' && value !== null) row[index] = plainBytes(value)
  }
  return true
}

/** Makes Buffers plain and, unless the caller wants bigints, bigints numbers, in place. */
const tidyExactRow = (row: Row, isBigint: boolean, sql: string): true => {
  for (let index = 0; index < row.length; index++) {
    const value = row[index]
    if (typeof value === 'bigint') {
      if (!isBigint) row[index] = safeNumber(value, sql)
    } else if (typeof value === 'object' && value !== null) row[index] = plainBytes(value)
  }
  return true
}

const safeNumber = (value: bigint, sql: string): number => {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new SqliteError({
    reason: 'Range',
    operation: 'read',
    code: 'SQLITE_RANGE',
    detail: `${value} is no safe integer: prepare the statement with integers: 'bigint'`,
    sql,
  })
}

const unbindable = (index: number, sql: string): SqliteError =>
  new SqliteError({
    reason: 'Mismatch',
    operation: 'bind',
    code: 'SQLITE_MISMATCH',
    detail: `parameter ${index + 1} is no SQLite value`,
    sql,
  })

/** The same bytes without the Buffer class on top: `slice` must copy, and both drivers must return the same thing. */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
