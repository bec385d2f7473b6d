import { type SqliteConnection, SqliteError, clearWalMark } from '@headwater/core/sqlite'
import { nomem, ok } from './ResultCode.ts'
import {
  type WasmConnectionState,
  codeError,
  failure,
  makeState,
  misuse,
  refuseUnsafeText,
} from './WasmConnectionState.ts'
import type { WasmVfs } from './WasmExports.ts'
import { createFunction, releaseFunctions } from './WasmFunction.ts'
import type { WasmSqlite } from './WasmSqlite.ts'
import { prepareStatement } from './WasmStatement.ts'

export interface WasmSqliteOptions {
  /** A file of the VFS, made when it is missing, or `':memory:'` (default). */
  readonly filename?: string
  /** Where files live; registered on the module if it is not yet. Default: files in the module's memory. */
  readonly vfs?: WasmVfs
  /** Becomes the content of the database, whatever the file held; an image marked as WAL too. It is copied. */
  readonly image?: Uint8Array
}

/**
 * Opens a database on a loaded module.
 *
 * **Fails with** `SqliteError`: `CannotOpen`, for an image also `NotADatabase`. A file that is no database fails at its
 * first use. `Error` for a VFS that cannot be registered.
 */
export const openWasmSqlite = (sqlite: WasmSqlite, options: WasmSqliteOptions = {}): SqliteConnection => {
  if (options.vfs !== undefined) sqlite.registerVfs(options.vfs)
  const filename = options.filename ?? ':memory:'
  const state = openHandle(sqlite, filename, options.vfs?.name)
  try {
    if (options.image !== undefined) {
      if (filename === ':memory:') deserialize(state, options.image)
      else copyImage(state, options.image)
    }
  } catch (error) {
    closeHandle(state)
    throw error
  }
  return makeConnection(state)
}

const makeConnection = (state: WasmConnectionState): SqliteConnection => {
  const guard = (operation: string): void => {
    if (state.isBusy) throw misuse(state, operation)
  }
  return {
    description: `wa-sqlite, SQLite ${state.sqlite.version}`,
    exec: (sql) => {
      guard('exec')
      execute(state, sql)
    },
    prepare: (sql, options) => prepareStatement(state, sql, options),
    createFunction: (name, options, implementation) => {
      guard('createFunction')
      createFunction(state, name, options, implementation)
    },
    isInTransaction: () => !state.isClosed && isInTransaction(state),
    serialize: () => {
      guard('serialize')
      return serialize(state)
    },
    close: () => {
      if (state.isClosed) return
      guard('close')
      closeHandle(state)
    },
  }
}

/** SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE */
const openFlags = 2 | 4

const openHandle = (sqlite: WasmSqlite, filename: string, vfsName: string | undefined): WasmConnectionState => {
  const { exports } = sqlite
  const state = makeState(sqlite)
  const name = state.arena.putText(filename)
  const vfs = vfsName === undefined ? 0 : state.arena.putText(vfsName).pointer
  const code = exports._sqlite3_open_v2(name.pointer, state.out, openFlags, vfs)
  state.db = exports.HEAP32[state.out >> 2]!
  state.arena.clear()
  if (code !== ok) {
    const error = state.db === 0 ? codeError(exports, 'open', code) : failure(state, 'open')
    closeHandle(state)
    throw error
  }
  configure(state)
  return state
}

/** Settings of `sqlite3_db_config`. */
const enableDefensive = 1010
const allowQuotedStringsInDml = 1013
const allowQuotedStringsInDdl = 1014
/** SQLITE_LIMIT_LENGTH, and what the other driver allows: no JavaScript string can be longer. */
const lengthLimit = 0
const longestValue = 2 ** 29 - 24

/** What better-sqlite3 is compiled with, so that the same SQL does the same everywhere. */
const configure = (state: WasmConnectionState): void => {
  const { exports, out } = state
  const set = (option: number, isOn: boolean): void => {
    // Variable arguments: an int and where to write the new setting (nowhere).
    exports.HEAP32[out >> 2] = isOn ? 1 : 0
    exports.HEAP32[(out + 4) >> 2] = 0
    exports._sqlite3_db_config(state.db, option, out)
  }
  exports._sqlite3_extended_result_codes(state.db, 1)
  exports._sqlite3_limit(state.db, lengthLimit, longestValue)
  set(enableDefensive, true)
  set(allowQuotedStringsInDml, false)
  set(allowQuotedStringsInDdl, false)
  execute(state, 'PRAGMA foreign_keys = ON')
}

const execute = (state: WasmConnectionState, sql: string): void => {
  refuseUnsafeText('exec', sql)
  const { exports, arena } = state
  try {
    const text = arena.putText(sql)
    if (text.pointer === 0) throw codeError(exports, 'exec', nomem, sql)
    if (exports._sqlite3_exec(state.db, text.pointer, 0, 0, 0) !== ok) throw failure(state, 'exec', sql)
  } finally {
    arena.clear()
  }
}

const isInTransaction = (state: WasmConnectionState): boolean => state.exports._sqlite3_get_autocommit(state.db) === 0

const serialize = (state: WasmConnectionState): Uint8Array => {
  if (isInTransaction(state)) throw openTransaction()
  const { exports, arena, out } = state
  const schema = arena.putText('main')
  const pointer = exports._sqlite3_serialize(state.db, schema.pointer, out, 0)
  arena.clear()
  // An int64, but what lies in this heap is shorter than 2^31.
  const bytes = exports.HEAP32[out >> 2]!
  if (pointer === 0 && bytes !== 0) throw codeError(exports, 'serialize', nomem)
  const image = exports.HEAPU8.slice(pointer, pointer + bytes)
  exports._sqlite3_free(pointer)
  clearWalMark(image)
  return image
}

const openTransaction = (): SqliteError =>
  new SqliteError({
    reason: 'Misuse',
    operation: 'serialize',
    code: 'SQLITE_MISUSE',
    detail: 'a transaction is open: commit it or roll it back first',
  })

/** SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE */
const deserializeFlags = 1 | 2

/** Makes the image the content of an in-memory database. */
const deserialize = (state: WasmConnectionState, image: Uint8Array): void => {
  const { exports, arena } = state
  const bytes = image.length
  const pointer = exports._sqlite3_malloc(Math.max(bytes, 1))
  if (pointer === 0) throw codeError(exports, 'open', nomem)
  const heap = exports.HEAPU8
  heap.set(image, pointer)
  clearWalMark(heap.subarray(pointer, pointer + bytes))
  const schema = arena.putText('main')
  // SQLite owns the memory from here on, also when it fails.
  const code = exports._sqlite3_deserialize(state.db, schema.pointer, pointer, bytes, 0, bytes, 0, deserializeFlags)
  arena.clear()
  if (code !== ok) throw failure(state, 'open')
  // Reading the header now tells a broken image at once.
  execute(state, 'PRAGMA schema_version')
}

/** Writes the image into a file of any VFS, page by page, as one transaction. */
const copyImage = (state: WasmConnectionState, image: Uint8Array): void => {
  const { exports, arena } = state
  const source = openHandle(state.sqlite, ':memory:', undefined)
  try {
    deserialize(source, image)
    const main = arena.putText('main').pointer
    const backup = exports._sqlite3_backup_init(state.db, main, source.db, main)
    if (backup === 0) throw failure(state, 'open')
    const allPages = -1
    exports._sqlite3_backup_step(backup, allPages)
    if (exports._sqlite3_backup_finish(backup) !== ok) throw failure(state, 'open')
  } finally {
    arena.clear()
    closeHandle(source)
  }
}

const closeHandle = (state: WasmConnectionState): void => {
  const { exports, db } = state
  state.isClosed = true
  state.isBusy = true
  if (db !== 0) {
    for (let statement = exports._sqlite3_next_stmt(db, 0); statement !== 0;) {
      exports._sqlite3_finalize(statement)
      statement = exports._sqlite3_next_stmt(db, 0)
    }
    exports._sqlite3_close_v2(db)
  }
  releaseFunctions(state)
  state.arena.dispose()
  exports._free(state.out)
}
