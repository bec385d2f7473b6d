import type { FunctionOptions, SqliteConnection, SqliteValue } from '@headwater/core/sqlite'
import { SqliteError, clearWalMark, isMarkedAsWal } from '@headwater/core/sqlite'
import type Database from 'better-sqlite3'
import { loadBetterSqlite } from './BetterSqlite.ts'
import { type BetterSqliteState, makeState, translate } from './BetterSqliteState.ts'
import { plainBytes, prepareStatement } from './BetterSqliteStatement.ts'

export interface BetterSqliteOptions {
  /** A file, made when it is missing, or `':memory:'` (default). */
  readonly path?: string
  /** Opens a copy of this image in memory instead of a file; an image marked as WAL too. */
  readonly image?: Uint8Array
  /** Default `false`. A read-only file must exist. */
  readonly readonly?: boolean
  /** Fail instead of making a missing file. Default `false`. */
  readonly mustExist?: boolean
  /** How long to wait for another connection's lock before `SqliteError.Busy`. **Units** ms. Default 5,000. */
  readonly busyTimeoutMs?: number
}

/**
 * Opens a database with better-sqlite3.
 *
 * **Fails with** `UnsupportedPlatform` (Node too old, no binary) before anything is touched; `SqliteError`: `CannotOpen`,
 * for an image also `NotADatabase`. A file that is no database fails at its first use.
 */
export const openBetterSqlite = (options: BetterSqliteOptions = {}): SqliteConnection => {
  const { description } = loadBetterSqlite()
  const state = makeState(openDatabase(options))
  const guard = (operation: string): void => {
    if (state.isBusy) throw state.misuse(operation, false)
  }

  return {
    description,
    exec: (sql) => {
      guard('exec')
      state.refuseNul('exec', sql)
      try {
        state.database.exec(sql)
      } catch (error) {
        throw state.failure('exec', error, sql)
      }
    },
    prepare: (sql, prepareOptions) => prepareStatement(state, sql, prepareOptions),
    createFunction: (name, functionOptions, implementation) => {
      guard('createFunction')
      registerFunction(state, name, functionOptions, implementation)
    },
    isInTransaction: () => state.database.inTransaction,
    serialize: () => {
      guard('serialize')
      if (state.database.inTransaction) throw openTransaction()
      // A copy: better-sqlite3's buffer lives in SQLite's memory and cannot be transferred to another thread.
      const image = new Uint8Array(state.database.serialize())
      clearWalMark(image)
      return image
    },
    close: () => {
      if (state.isClosed) return
      guard('close')
      state.isClosed = true
      state.isBusy = true
      state.database.close()
    },
  }
}

const openDatabase = (options: BetterSqliteOptions): Database.Database => {
  const { Database } = loadBetterSqlite()
  const source = options.image === undefined ? (options.path ?? ':memory:') : imageBuffer(options.image)
  let database: Database.Database | undefined
  try {
    database = new Database(source, {
      readonly: options.readonly ?? false,
      fileMustExist: options.mustExist ?? false,
      timeout: options.busyTimeoutMs ?? 5000,
    })
    database.exec('PRAGMA foreign_keys = ON')
    // Reading the header now tells a broken image at once; a file may be locked by others and has to wait for its first use.
    if (options.image !== undefined) database.pragma('schema_version')
    return database
  } catch (error) {
    database?.close()
    throw translate('open', error)
  }
}

/** better-sqlite3 copies the image itself, but takes only a Buffer and refuses the WAL mark. */
const imageBuffer = (image: Uint8Array): Buffer => {
  if (!isMarkedAsWal(image)) return Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  const copy = Buffer.from(image)
  clearWalMark(copy)
  return copy
}

const registerFunction = (
  state: BetterSqliteState,
  name: string,
  options: FunctionOptions,
  implementation: (...args: Array<SqliteValue>) => SqliteValue | void,
): void => {
  const invoke = (...args: Array<SqliteValue>): SqliteValue => {
    for (let index = 0; index < args.length; index++) {
      const value = args[index]
      if (typeof value === 'object' && value !== null) args[index] = plainBytes(value)
    }
    state.isBusy = true
    try {
      return checkResult(name, implementation(...args))
    } catch (error) {
      state.thrown = { error }
      throw error
    } finally {
      state.isBusy = false
    }
  }
  // better-sqlite3 reads the number of arguments from the function and allows 100 unless they vary.
  const isVarying = options.argumentCount < 0 || options.argumentCount > 100
  if (!isVarying) Object.defineProperty(invoke, 'length', { value: options.argumentCount })
  try {
    state.database.function(name, { safeIntegers: true, varargs: isVarying }, invoke)
    state.registerFunction(name)
  } catch (error) {
    throw state.failure('createFunction', error)
  }
}

/** What a function returned, if SQLite can hold it. **Fails with** `SqliteError`. */
const checkResult = (name: string, result: SqliteValue | void): SqliteValue => {
  if (result === undefined || result === null) return null
  const isFitting =
    typeof result === 'bigint'
      ? BigInt.asIntN(64, result) === result
      : typeof result === 'number' || typeof result === 'string' || result instanceof Uint8Array
  if (isFitting) return result
  throw new SqliteError({
    reason: typeof result === 'bigint' ? 'Range' : 'Mismatch',
    operation: 'function',
    code: typeof result === 'bigint' ? 'SQLITE_RANGE' : 'SQLITE_MISMATCH',
    detail: `${name}() returned what is no SQLite value`,
  })
}

const openTransaction = (): SqliteError =>
  new SqliteError({
    reason: 'Misuse',
    operation: 'serialize',
    code: 'SQLITE_MISUSE',
    detail: 'a transaction is open: commit it or roll it back first',
  })
