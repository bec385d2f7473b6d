import { type SqliteError, classifySqliteError } from '@headwater/core/sqlite'
import { refuseDeepExpression } from './ExpressionDepth.ts'
import { codeName } from './ResultCode.ts'
import { WasmArena } from './WasmArena.ts'
import type { WasmExports } from './WasmExports.ts'
import type { WasmSqlite } from './WasmSqlite.ts'

/** What the statements and functions of one connection share. */
export interface WasmConnectionState {
  readonly sqlite: WasmSqlite
  readonly exports: WasmExports
  /** The `sqlite3*`; 0 before it is open. */
  db: number
  readonly arena: WasmArena
  /** Room for two results by pointer. */
  readonly out: number
  /** Closed, or inside one of its own functions: nothing may be asked of it. */
  isBusy: boolean
  isClosed: boolean
  /** Keys of registered functions' callbacks, by lower-case name and number of arguments. */
  readonly functionKeys: Map<string, number>
  /** What a registered function threw during the running statement. */
  thrown: { readonly error: unknown } | undefined
}

export const makeState = (sqlite: WasmSqlite): WasmConnectionState => ({
  sqlite,
  exports: sqlite.exports,
  db: 0,
  arena: new WasmArena(sqlite.exports),
  out: sqlite.exports._malloc(8),
  isBusy: false,
  isClosed: false,
  functionKeys: new Map(),
  thrown: undefined,
})

/** What to throw after SQLite reported a failure of the last call: what a function threw, or SQLite's own error. */
export const failure = (state: WasmConnectionState, operation: string, sql?: string): unknown => {
  const { thrown, exports } = state
  state.thrown = undefined
  if (thrown !== undefined) return thrown.error
  return classifySqliteError({
    code: codeName(exports._sqlite3_extended_errcode(state.db)),
    detail: exports.UTF8ToString(exports._sqlite3_errmsg(state.db)),
    operation,
    sql,
  })
}

/** The error of a result code that no connection's `errmsg` belongs to. */
export const codeError = (exports: WasmExports, operation: string, code: number, sql?: string): SqliteError =>
  classifySqliteError({
    code: codeName(code),
    detail: exports.UTF8ToString(exports._sqlite3_errstr(code)),
    operation,
    sql,
  })

export const misuse = (state: WasmConnectionState, operation: string, isFinalized = false): SqliteError =>
  classifySqliteError({
    code: 'SQLITE_MISUSE',
    operation,
    detail: state.isClosed
      ? 'the connection is closed'
      : isFinalized
        ? 'the statement is finalized'
        : 'the connection is busy: it may not be used inside one of its own functions',
  })

/** What SQLite must not be given: a NUL, where it would stop reading without a word, and what would overflow the stack. */
export const refuseUnsafeText = (operation: string, sql: string): void => {
  refuseDeepExpression(operation, sql)
  if (!sql.includes('\0')) return
  throw classifySqliteError({ code: 'SQLITE_ERROR', operation, detail: 'the text contains a NUL character', sql })
}
