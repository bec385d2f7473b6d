/**
 * The port to one SQLite database, implemented by `@headwater/adapter-node` (better-sqlite3) and
 * `@headwater/sqlite-wasm` (wa-sqlite). It is synchronous and the smallest subset core uses; one conformance suite in
 * `@headwater/testkit` holds for every driver.
 *
 * Values cross the port with their storage class:
 *
 * | SQLite  | into SQLite (bind)                        | out of SQLite, `integers: 'number'`         | `integers: 'bigint'` |
 * | ------- | ----------------------------------------- | ------------------------------------------- | -------------------- |
 * | NULL    | `null`                                    | `null`                                      | `null`               |
 * | INTEGER | `bigint`, outside int64 `Range`           | `number`, unsafe ones `SqliteError.Range`   | `bigint`             |
 * | REAL    | `number` (always REAL; affinity decides)  | `number`                                    | `number`             |
 * | TEXT    | `string`                                  | `string`                                    | `string`             |
 * | BLOB    | `Uint8Array`                              | `Uint8Array`, a copy that the caller owns   | `Uint8Array`         |
 *
 * A `number` binds as REAL even when it is integral: a column of INTEGER affinity stores 5.0 as 5, LIMIT and rowid
 * comparisons accept it, and a column without affinity keeps the 1.0 that a changeset recorded. NaN binds as NULL.
 * *Unsafe* is what `Number.isSafeInteger` denies: 2^53 and beyond. Text is UTF-8 in SQLite: a lone surrogate goes in as
 * U+FFFD, and bytes that are no UTF-8 come out as U+FFFD. Any other JavaScript value fails with `SqliteError.Mismatch`.
 *
 * Every driver opens with the same settings: `foreign_keys=ON`, double-quoted strings refused, defensive mode.
 */

export type SqliteValue = null | number | bigint | string | Uint8Array

export interface PrepareOptions {
  /** How INTEGER values leave the statement. Default `'number'`. */
  readonly integers?: 'number' | 'bigint'
}

/**
 * One prepared statement. Not re-entrant: `all`, `get` and `run` reset it before they return, so that it holds no lock.
 *
 * Parameters are plain `?`, bound by position, and as many values as parameters are given (to an `EXPLAIN` too).
 * **Fails with** `SqliteError.Range` otherwise, also for `?1` or `:name`.
 */
export interface SqliteStatement {
  /** Names of the result columns, in order; empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<string>
  /** Every row, each an array in column order; none for a statement that returns no rows, which runs all the same. **Fails with** `SqliteError`. */
  readonly all: (params?: ReadonlyArray<SqliteValue>) => Array<Array<SqliteValue>>
  /** The first row or `undefined`. A SELECT stops there; a statement that writes (`RETURNING`) is always run to its end. */
  readonly get: (params?: ReadonlyArray<SqliteValue>) => Array<SqliteValue> | undefined
  /** Runs a statement for its effect; the answer is the number of rows it changed itself (not triggers or cascades). */
  readonly run: (params?: ReadonlyArray<SqliteValue>) => number
  /** Frees the statement; using it afterwards fails with `SqliteError.Misuse`. Idempotent. */
  readonly finalize: () => void
}

export interface FunctionOptions {
  /** -1 for any number of arguments. */
  readonly argumentCount: number
}

export interface SqliteConnection {
  /** For people: `better-sqlite3 13.2.0, SQLite 3.54.1`. */
  readonly description: string
  /** Runs any number of statements, returns nothing. **Fails with** `SqliteError`. */
  readonly exec: (sql: string) => void
  /** Compiles exactly one statement. **Fails with** `SqliteError` (also for an empty text or a second statement). */
  readonly prepare: (sql: string, options?: PrepareOptions) => SqliteStatement
  /**
   * Registers a scalar function, usable from TEMP triggers. Its arguments arrive as with `integers: 'bigint'`, and blobs
   * are copies: neither driver may hand out a rounded int64 or a view into its own memory. What it throws fails the
   * running statement and is thrown to the caller of that statement, unchanged; an open transaction stays open.
   *
   * While it runs, its own connection is busy: any use of it fails with `SqliteError.Misuse` (other connections work).
   */
  readonly createFunction: (
    name: string,
    options: FunctionOptions,
    implementation: (...args: Array<SqliteValue>) => SqliteValue | void,
  ) => void
  /** Whether a transaction is open on this connection; `false` after `close`. */
  readonly isInTransaction: () => boolean
  /**
   * The committed database as one image, openable by every driver (never marked as WAL). The caller owns the bytes and
   * may transfer their buffer. **Fails with** `SqliteError.Misuse` while a transaction is open.
   */
  readonly serialize: () => Uint8Array
  /** Closes the handle: open statements are finalized, an open transaction is rolled back. Idempotent; other use afterwards is `Misuse`. */
  readonly close: () => void
}
