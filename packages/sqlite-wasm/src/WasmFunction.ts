import { type FunctionOptions, SqliteError, type SqliteValue } from '@headwater/core/sqlite'
import { fitsInt64, highWord, joinWords, lowWord } from './Int64.ts'
import { nomem, ok } from './ResultCode.ts'
import { type WasmConnectionState, codeError, failure } from './WasmConnectionState.ts'
import type { WasmExports } from './WasmExports.ts'
import { readText } from './WasmText.ts'

const utf8 = 1
/** SQLITE_TRANSIENT: SQLite copies the result before it returns. */
const transient = -1

type SqliteFunction = (...args: Array<SqliteValue>) => SqliteValue | void

/** Registers a scalar function on one connection. **Fails with** `SqliteError`. */
export const createFunction = (
  state: WasmConnectionState,
  name: string,
  options: FunctionOptions,
  implementation: SqliteFunction,
): void => {
  const { exports } = state
  const call = (context: number, argumentCount: number, values: number): void => {
    try {
      const args: Array<SqliteValue> = []
      // The heap may be replaced by any read: look the array of values up each time.
      for (let index = 0; index < argumentCount; index++) {
        args.push(readValue(exports, exports.HEAP32[(values >> 2) + index]!))
      }
      setResult(state, name, context, invoke(state, implementation, args))
    } catch (error) {
      // JavaScript must not unwind through SQLite's frames: SQLite fails the statement, its caller throws this.
      state.thrown = { error }
      exports._sqlite3_result_error(context, state.out, 0)
    }
  }
  const key = register(state, name, options.argumentCount, call)
  // SQLite ignores the case of ASCII letters only.
  const signature = `${name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())}/${options.argumentCount}`
  const replaced = state.functionKeys.get(signature)
  state.functionKeys.set(signature, key)
  if (replaced !== undefined) exports.deleteCallback(replaced)
}

/**
 * Goes below wa-sqlite's own `create_function`, which keeps callbacks by function name alone, so that a second
 * connection silently takes away the first one's function. Its table of C functions cannot grow, so there is no way
 * around its C part, which calls the key's callback with the method's name before SQLite's three arguments.
 */
const register = (
  state: WasmConnectionState,
  name: string,
  argumentCount: number,
  call: (context: number, argumentCount: number, values: number) => void,
): number => {
  const { exports, arena } = state
  // SQLite frees it, also when the call below fails.
  const key = exports._sqlite3_malloc(4)
  exports.HEAP32[key >> 2] = 0
  exports.setCallback(key, (_method, context = 0, count = 0, values = 0) => call(context, count, values))
  const text = arena.putText(name)
  const code = exports._libfunction_create_function(state.db, text.pointer, argumentCount, utf8, key, 1, 0, 0)
  arena.clear()
  if (code === ok) return key
  exports.deleteCallback(key)
  throw failure(state, 'createFunction')
}

/** Lets go of the functions of a closed connection. */
export const releaseFunctions = (state: WasmConnectionState): void => {
  for (const key of state.functionKeys.values()) state.exports.deleteCallback(key)
  state.functionKeys.clear()
}

const invoke = (state: WasmConnectionState, implementation: SqliteFunction, args: Array<SqliteValue>) => {
  state.isBusy = true
  try {
    return implementation(...args)
  } finally {
    state.isBusy = false
  }
}

const readValue = (exports: WasmExports, value: number): SqliteValue => {
  switch (exports._sqlite3_value_type(value)) {
    case 1:
      return joinWords(exports._sqlite3_value_int64(value), exports.getTempRet0())
    case 2:
      return exports._sqlite3_value_double(value)
    case 3: {
      const pointer = exports._sqlite3_value_text(value)
      const bytes = exports._sqlite3_value_bytes(value)
      if (pointer === 0) throw codeError(exports, 'function', nomem)
      return readText(exports.HEAPU8, pointer, bytes)
    }
    case 4: {
      // A view would show other bytes as soon as SQLite goes on.
      const pointer = exports._sqlite3_value_blob(value)
      const bytes = exports._sqlite3_value_bytes(value)
      return exports.HEAPU8.slice(pointer, pointer + bytes)
    }
    default:
      return null
  }
}

/** The arena's parameters of the running statement stay: a result is put behind them. */
const setResult = (state: WasmConnectionState, name: string, context: number, result: SqliteValue | void): void => {
  const { exports, arena } = state
  if (result === undefined || result === null) exports._sqlite3_result_null(context)
  else if (typeof result === 'number') exports._sqlite3_result_double(context, result)
  else if (typeof result === 'bigint') {
    if (!fitsInt64(result)) throw unfitResult(name, 'Range')
    exports._sqlite3_result_int64(context, lowWord(result), highWord(result))
  } else if (typeof result === 'string' || result instanceof Uint8Array) {
    const mark = arena.mark
    const slice = typeof result === 'string' ? arena.putText(result) : arena.putBlob(result)
    if (slice.pointer === 0) throw codeError(exports, 'function', nomem)
    const set = typeof result === 'string' ? exports._sqlite3_result_text : exports._sqlite3_result_blob
    set(context, slice.pointer, slice.bytes, transient)
    arena.release(mark)
  } else throw unfitResult(name, 'Mismatch')
}

const unfitResult = (name: string, reason: 'Range' | 'Mismatch'): SqliteError =>
  new SqliteError({
    reason,
    operation: 'function',
    code: reason === 'Range' ? 'SQLITE_RANGE' : 'SQLITE_MISMATCH',
    detail: `${name}() returned what is no SQLite value`,
  })
