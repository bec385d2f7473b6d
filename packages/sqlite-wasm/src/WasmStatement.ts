import {
  type PrepareOptions,
  SqliteError,
  type SqliteStatement,
  type SqliteValue,
  classifySqliteError,
} from '@headwater/core/sqlite'
import { fitsInt64, highWord, joinWords, lowWord } from './Int64.ts'
import { nomem, ok, row as rowCode } from './ResultCode.ts'
import { type WasmConnectionState, codeError, failure, misuse, refuseUnsafeText } from './WasmConnectionState.ts'
import type { WasmExports } from './WasmExports.ts'
import { readText } from './WasmText.ts'

type Row = Array<SqliteValue>

const none: ReadonlyArray<SqliteValue> = []
/** SQLITE_PREPARE_PERSISTENT: the statement will live long, keep it out of the lookaside memory. */
const persistent = 1
/** SQLITE_STATIC: SQLite need not copy, the arena keeps the value until the statement is reset. */
const isStatic = 0
const firstUnsafe = 2 ** 53

/**
 * A statement over the module's exports. Each execution binds all parameters, steps, reads, resets and only then forgets
 * what was bound, so that nothing bound outlives the arena.
 */
export const prepareStatement = (
  state: WasmConnectionState,
  sql: string,
  options?: PrepareOptions,
): SqliteStatement => {
  if (state.isBusy) throw misuse(state, 'prepare')
  const { exports, db, arena } = state
  let handle = compile(state, sql)
  const parameters = exports._sqlite3_bind_parameter_count(handle)
  const isPositional = !hasNames(exports, handle, parameters)
  const isReadonly = exports._sqlite3_stmt_readonly(handle) !== 0
  const isBigint = options?.integers === 'bigint'
  const names = columnNames(exports, handle)

  const begin = (operation: string, params: ReadonlyArray<SqliteValue>): void => {
    if (state.isBusy || handle === 0) throw misuse(state, operation, handle === 0)
    if (params.length !== parameters || !isPositional) throw wrongCount(sql, params.length, parameters, isPositional)
    try {
      for (let index = 0; index < parameters; index++) bind(state, handle, index + 1, params[index], sql)
    } catch (error) {
      arena.clear()
      throw error
    }
  }
  const end = (operation: string): void => {
    // A failed step has to be asked for its reason before the reset of another one hides it.
    const code = exports._sqlite3_reset(handle)
    arena.clear()
    if (code !== ok || state.thrown !== undefined) throw failure(state, operation, sql)
  }
  const readRow = (count: number): Row => {
    const row: Row = []
    for (let column = 0; column < count; column++) row.push(readColumn(exports, handle, column, isBigint, sql))
    return row
  }
  /** Resets without asking: reading a row failed, and that is the error to report. */
  const abandon = (error: unknown): never => {
    exports._sqlite3_reset(handle)
    arena.clear()
    throw error
  }

  const all = (params: ReadonlyArray<SqliteValue> = none): Array<Row> => {
    begin('all', params)
    const rows: Array<Row> = []
    let code = exports._sqlite3_step(handle)
    // Counted after the first step: a schema change may have compiled the statement again.
    const count = code === rowCode ? exports._sqlite3_column_count(handle) : 0
    try {
      for (; code === rowCode; code = exports._sqlite3_step(handle)) rows.push(readRow(count))
    } catch (error) {
      abandon(error)
    }
    end('all')
    return rows
  }

  const get = (params: ReadonlyArray<SqliteValue> = none): Row | undefined => {
    // What fails after the first row (a deferred foreign key) is only seen by running to the end.
    if (!isReadonly) return all(params)[0]
    begin('get', params)
    let first: Row | undefined
    if (exports._sqlite3_step(handle) === rowCode) {
      try {
        first = readRow(exports._sqlite3_column_count(handle))
      } catch (error) {
        abandon(error)
      }
    }
    end('get')
    return first
  }

  const run = (params: ReadonlyArray<SqliteValue> = none): number => {
    begin('run', params)
    const before = isReadonly ? 0 : exports._sqlite3_total_changes(db)
    while (exports._sqlite3_step(handle) === rowCode);
    end('run')
    // `changes` keeps the last write's answer when this statement wrote nothing.
    return isReadonly || exports._sqlite3_total_changes(db) === before ? 0 : exports._sqlite3_changes(db)
  }

  return {
    get columns() {
      if (state.isBusy || handle === 0) throw misuse(state, 'columns', handle === 0)
      return names
    },
    all,
    get,
    run,
    finalize: () => {
      // The connection's close has finalized it already.
      if (handle !== 0 && !state.isClosed) {
        if (state.isBusy) throw misuse(state, 'finalize')
        exports._sqlite3_finalize(handle)
      }
      handle = 0
    },
  }
}

/** Compiles exactly one statement. **Fails with** `SqliteError`. */
const compile = (state: WasmConnectionState, sql: string): number => {
  refuseUnsafeText('prepare', sql)
  const { exports, arena, out } = state
  try {
    const text = arena.putText(sql)
    if (text.pointer === 0) throw codeError(exports, 'prepare', nomem, sql)
    const code = exports._sqlite3_prepare_v3(state.db, text.pointer, text.bytes + 1, persistent, out, out + 4)
    if (code !== ok) throw failure(state, 'prepare', sql)
    const handle = exports.HEAP32[out >> 2]!
    const tail = exports.HEAP32[(out + 4) >> 2]!
    if (handle === 0) throw notOne('the text holds no statement', sql)
    if (holdsStatement(exports, tail, text.pointer + text.bytes)) {
      exports._sqlite3_finalize(handle)
      throw notOne('the text holds more than one statement', sql)
    }
    return handle
  } finally {
    arena.clear()
  }
}

const blank = /^(?:[\s;\uFEFF]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*$/

/** Whether what stands behind the first statement is more than blanks, comments and semicolons. */
const holdsStatement = (exports: WasmExports, tail: number, end: number): boolean =>
  tail < end && !blank.test(readText(exports.HEAPU8, tail, end - tail))

const notOne = (detail: string, sql: string): SqliteError =>
  classifySqliteError({ code: 'SQLITE_ERROR', operation: 'prepare', detail, sql })

/** `?1`, `:name`, `@name` and `$name` have names, a plain `?` has none. */
const hasNames = (exports: WasmExports, handle: number, parameters: number): boolean => {
  for (let index = 1; index <= parameters; index++) {
    if (exports._sqlite3_bind_parameter_name(handle, index) !== 0) return true
  }
  return false
}

const columnNames = (exports: WasmExports, handle: number): ReadonlyArray<string> =>
  Array.from({ length: exports._sqlite3_column_count(handle) }, (_, column) =>
    exports.UTF8ToString(exports._sqlite3_column_name(handle, column)),
  )

const wrongCount = (sql: string, given: number, expected: number, isPositional: boolean): SqliteError =>
  new SqliteError({
    reason: 'Range',
    operation: 'bind',
    code: 'SQLITE_RANGE',
    detail: isPositional ? `${given} values for ${expected} parameters` : 'only plain ? parameters can be bound',
    sql,
  })

const bind = (
  state: WasmConnectionState,
  handle: number,
  index: number,
  value: SqliteValue | undefined,
  sql: string,
): void => {
  const { exports } = state
  let code: number
  if (typeof value === 'string') {
    const text = state.arena.putText(value)
    code = text.pointer === 0 ? nomem : exports._sqlite3_bind_text(handle, index, text.pointer, text.bytes, isStatic)
  } else if (typeof value === 'number') {
    code = exports._sqlite3_bind_double(handle, index, value)
  } else if (value === null) {
    code = exports._sqlite3_bind_null(handle, index)
  } else if (typeof value === 'bigint') {
    if (!fitsInt64(value)) throw unbindable('Range', index, sql)
    code = exports._sqlite3_bind_int64(handle, index, lowWord(value), highWord(value))
  } else if (value instanceof Uint8Array) {
    const blob = state.arena.putBlob(value)
    code = blob.pointer === 0 ? nomem : exports._sqlite3_bind_blob(handle, index, blob.pointer, blob.bytes, isStatic)
  } else throw unbindable('Mismatch', index, sql)
  if (code !== ok) throw codeError(exports, 'bind', code, sql)
}

const unbindable = (reason: 'Range' | 'Mismatch', index: number, sql: string): SqliteError =>
  new SqliteError({
    reason,
    operation: 'bind',
    code: reason === 'Range' ? 'SQLITE_RANGE' : 'SQLITE_MISMATCH',
    detail: `parameter ${index} is ${reason === 'Range' ? 'outside int64' : 'no SQLite value'}`,
    sql,
  })

/** SQLite's storage classes as `column_type` numbers them: 1 INTEGER, 2 FLOAT, 3 TEXT, 4 BLOB, 5 NULL. */
const readColumn = (
  exports: WasmExports,
  handle: number,
  column: number,
  isBigint: boolean,
  sql: string,
): SqliteValue => {
  switch (exports._sqlite3_column_type(handle, column)) {
    case 1: {
      if (isBigint) return readBigint(exports, handle, column)
      // One call where int64 takes two; the double is exact below 2^53.
      const value = exports._sqlite3_column_double(handle, column)
      if (value < firstUnsafe && value > -firstUnsafe) return value
      throw unsafeInteger(readBigint(exports, handle, column), sql)
    }
    case 2:
      return exports._sqlite3_column_double(handle, column)
    case 3: {
      const pointer = exports._sqlite3_column_text(handle, column)
      const bytes = exports._sqlite3_column_bytes(handle, column)
      if (pointer === 0) throw codeError(exports, 'read', nomem, sql)
      return readText(exports.HEAPU8, pointer, bytes)
    }
    case 4: {
      const pointer = exports._sqlite3_column_blob(handle, column)
      const bytes = exports._sqlite3_column_bytes(handle, column)
      return exports.HEAPU8.slice(pointer, pointer + bytes)
    }
    default:
      return null
  }
}

const readBigint = (exports: WasmExports, handle: number, column: number): bigint =>
  joinWords(exports._sqlite3_column_int64(handle, column), exports.getTempRet0())

const unsafeInteger = (value: bigint, sql: string): SqliteError =>
  new SqliteError({
    reason: 'Range',
    operation: 'read',
    code: 'SQLITE_RANGE',
    detail: `${value} is no safe integer: prepare the statement with integers: 'bigint'`,
    sql,
  })
