/**
 * The part of wa-sqlite's Emscripten module that this driver calls. Pointers and handles are numbers; what is an int64 in
 * C is two int32 here, low word first, and an int64 result is its low word with the high word in `getTempRet0()`.
 */
export interface WasmExports {
  /** The heap. Replaced whenever memory grows, which any call may cause: read it again after every call. */
  readonly HEAPU8: Uint8Array
  readonly HEAP32: Int32Array
  readonly UTF8ToString: (pointer: number) => string
  readonly getTempRet0: () => number
  /** What C code reaches by a pointer that it was given as the key. */
  readonly setCallback: (key: number, callback: (...args: Array<number>) => void) => void
  readonly deleteCallback: (key: number) => void
  readonly vfs_register: (vfs: WasmVfs, makeDefault: boolean) => number

  readonly _malloc: (size: number) => number
  readonly _free: (pointer: number) => void
  readonly _sqlite3_malloc: (size: number) => number
  readonly _sqlite3_free: (pointer: number) => void

  readonly _sqlite3_open_v2: (filename: number, out: number, flags: number, vfs: number) => number
  readonly _sqlite3_close_v2: (db: number) => number
  readonly _sqlite3_libversion: () => number
  readonly _sqlite3_extended_result_codes: (db: number, onOff: number) => number
  readonly _sqlite3_extended_errcode: (db: number) => number
  readonly _sqlite3_errmsg: (db: number) => number
  readonly _sqlite3_errstr: (code: number) => number
  readonly _sqlite3_db_config: (db: number, option: number, args: number) => number
  readonly _sqlite3_limit: (db: number, id: number, value: number) => number
  readonly _sqlite3_get_autocommit: (db: number) => number
  readonly _sqlite3_changes: (db: number) => number
  readonly _sqlite3_total_changes: (db: number) => number
  readonly _sqlite3_exec: (db: number, sql: number, callback: number, context: number, error: number) => number
  readonly _sqlite3_serialize: (db: number, schema: number, size: number, flags: number) => number
  readonly _sqlite3_deserialize: (
    db: number,
    schema: number,
    bytes: number,
    sizeLow: number,
    sizeHigh: number,
    capacityLow: number,
    capacityHigh: number,
    flags: number,
  ) => number
  readonly _sqlite3_backup_init: (to: number, toSchema: number, from: number, fromSchema: number) => number
  readonly _sqlite3_backup_step: (backup: number, pages: number) => number
  readonly _sqlite3_backup_finish: (backup: number) => number

  readonly _sqlite3_prepare_v3: (
    db: number,
    sql: number,
    bytes: number,
    flags: number,
    out: number,
    tail: number,
  ) => number
  readonly _sqlite3_finalize: (statement: number) => number
  readonly _sqlite3_next_stmt: (db: number, statement: number) => number
  readonly _sqlite3_step: (statement: number) => number
  readonly _sqlite3_reset: (statement: number) => number
  readonly _sqlite3_stmt_readonly: (statement: number) => number
  readonly _sqlite3_bind_parameter_count: (statement: number) => number
  readonly _sqlite3_bind_parameter_name: (statement: number, index: number) => number
  readonly _sqlite3_bind_null: (statement: number, index: number) => number
  readonly _sqlite3_bind_double: (statement: number, index: number, value: number) => number
  readonly _sqlite3_bind_int64: (statement: number, index: number, low: number, high: number) => number
  readonly _sqlite3_bind_text: (statement: number, index: number, text: number, bytes: number, free: number) => number
  readonly _sqlite3_bind_blob: (statement: number, index: number, blob: number, bytes: number, free: number) => number
  readonly _sqlite3_column_count: (statement: number) => number
  readonly _sqlite3_column_name: (statement: number, column: number) => number
  readonly _sqlite3_column_type: (statement: number, column: number) => number
  readonly _sqlite3_column_int64: (statement: number, column: number) => number
  readonly _sqlite3_column_double: (statement: number, column: number) => number
  readonly _sqlite3_column_text: (statement: number, column: number) => number
  readonly _sqlite3_column_blob: (statement: number, column: number) => number
  readonly _sqlite3_column_bytes: (statement: number, column: number) => number

  /** wa-sqlite's `sqlite3_create_function_v2` for JavaScript callbacks; `key` points to 32 bits that tell which are async. */
  readonly _libfunction_create_function: (
    db: number,
    name: number,
    argumentCount: number,
    flags: number,
    key: number,
    hasCall: number,
    hasStep: number,
    hasFinal: number,
  ) => number
  readonly _sqlite3_value_type: (value: number) => number
  readonly _sqlite3_value_int64: (value: number) => number
  readonly _sqlite3_value_double: (value: number) => number
  readonly _sqlite3_value_text: (value: number) => number
  readonly _sqlite3_value_blob: (value: number) => number
  readonly _sqlite3_value_bytes: (value: number) => number
  readonly _sqlite3_result_null: (context: number) => void
  readonly _sqlite3_result_int64: (context: number, low: number, high: number) => void
  readonly _sqlite3_result_double: (context: number, value: number) => void
  readonly _sqlite3_result_text: (context: number, text: number, bytes: number, free: number) => void
  readonly _sqlite3_result_blob: (context: number, blob: number, bytes: number, free: number) => void
  readonly _sqlite3_result_error: (context: number, message: number, bytes: number) => void
}

/**
 * A virtual file system in JavaScript: an object made from wa-sqlite's `VFS.Base` or `FacadeVFS`, all of whose methods
 * are synchronous. A method reports a failure by its result code; what it throws tears SQLite down in mid-call.
 */
export interface WasmVfs {
  readonly name: string
  readonly mxPathname: number
  readonly hasAsyncMethod: (method: string) => boolean
}
