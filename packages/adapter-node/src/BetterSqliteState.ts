import { SqliteError, classifySqliteError } from '@headwater/core/sqlite'
import type Database from 'better-sqlite3'
import { loadBetterSqlite } from './BetterSqlite.ts'

/** What the statements and functions of one connection share. */
export interface BetterSqliteState {
  readonly database: Database.Database
  /** Closed, or inside one of its own functions: nothing may be asked of it. */
  isBusy: boolean
  isClosed: boolean
  /** What a registered function threw during the running statement. */
  thrown: { readonly error: unknown } | undefined
  readonly registerFunction: (name: string) => void
  /** Whether the text names a registered function; may be true without need, never false (but for one behind a view). */
  readonly mayCallFunction: (sql: string) => boolean
  readonly misuse: (operation: string, isFinalized: boolean) => SqliteError
  /** A text with a NUL would be cut there without a word. **Fails with** `SqliteError`. */
  readonly refuseNul: (operation: string, sql: string) => void
  /** What to throw for what better-sqlite3 threw. */
  readonly failure: (operation: string, error: unknown, sql?: string) => unknown
}

export const makeState = (database: Database.Database): BetterSqliteState => {
  const functions: Array<string> = []
  const state: BetterSqliteState = {
    database,
    isBusy: false,
    isClosed: false,
    thrown: undefined,
    registerFunction: (name) => {
      functions.push(name.toLowerCase())
    },
    mayCallFunction: (sql) => {
      if (functions.length === 0) return false
      const text = sql.toLowerCase()
      return functions.some((name) => text.includes(name))
    },
    misuse: (operation, isFinalized) =>
      classifySqliteError({
        code: 'SQLITE_MISUSE',
        operation,
        detail: state.isClosed
          ? 'the connection is closed'
          : isFinalized
            ? 'the statement is finalized'
            : 'the connection is busy: it may not be used inside one of its own functions',
      }),
    refuseNul: (operation, sql) => {
      if (!sql.includes('\0')) return
      throw classifySqliteError({ code: 'SQLITE_ERROR', operation, detail: 'the text contains a NUL character', sql })
    },
    failure: (operation, error, sql) => {
      const { thrown } = state
      state.thrown = undefined
      return thrown === undefined ? translate(operation, error, sql) : thrown.error
    },
  }
  return state
}

/** better-sqlite3 says most of what is SQLite's as a `SqliteError`, and what it finds itself as plain JavaScript errors. */
export const translate = (operation: string, error: unknown, sql?: string): unknown => {
  // Already ours: a value out of range, a retry that failed.
  if (error instanceof SqliteError) return error
  if (error instanceof loadBetterSqlite().Database.SqliteError) {
    return classifySqliteError({ code: error.code, detail: error.message, operation, sql })
  }
  if (!(error instanceof Error)) return error
  const code = plainErrorCode(operation, error)
  return code === undefined ? error : classifySqliteError({ code, detail: error.message, operation, sql })
}

const plainErrorCode = (operation: string, error: Error): string | undefined => {
  if (operation === 'open') return error.message.includes('Cannot open database') ? 'SQLITE_CANTOPEN' : undefined
  if (operation === 'prepare') return error instanceof RangeError ? 'SQLITE_ERROR' : undefined
  if (error.message.startsWith('SQLite3 can only bind')) return 'SQLITE_MISMATCH'
  if (error.message === 'Missing named parameters') return 'SQLITE_RANGE'
  return error instanceof RangeError ? 'SQLITE_RANGE' : undefined
}
