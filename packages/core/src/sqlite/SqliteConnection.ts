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
 * | INTEGER | `bigint` (must fit int64)                 | `number`; beyond 2^53 `SqliteError.Range`   | `bigint`             |
 * | REAL    | `number` (always REAL; affinity decides)  | `number`                                    | `number`             |
 * | TEXT    | `string`                                  | `string`                                    | `string`             |
 * | BLOB    | `Uint8Array`                              | `Uint8Array`, a copy that the caller owns   | `Uint8Array`         |
 *
 * A `number` binds as REAL even when it is integral: a column of INTEGER affinity stores 5.0 as 5, LIMIT and rowid
 * comparisons accept it, and a column without affinity keeps the 1.0 that a changeset recorded.
 */

export type SqliteValue = null | number | bigint | string | Uint8Array

export interface PrepareOptions {
  /** How INTEGER values leave the statement. Default `'number'`. */
  readonly integers?: 'number' | 'bigint'
}

/** One prepared statement. Not re-entrant: `all`, `get` and `run` step it to its end and reset it before they return. */
export interface SqliteStatement {
  /** Names of the result columns, in order; empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<string>
  /** Every row, each an array in column order. **Fails with** `SqliteError`. */
  readonly all: (params?: ReadonlyArray<SqliteValue>) => Array<Array<SqliteValue>>
  /** The first row or `undefined`. */
  readonly get: (params?: ReadonlyArray<SqliteValue>) => Array<SqliteValue> | undefined
  /** Runs a statement that returns no rows; the answer is the number of rows it changed itself (not triggers or cascades). */
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
   * running statement and is thrown to the caller of that statement, unchanged.
   */
  readonly createFunction: (
    name: string,
    options: FunctionOptions,
    implementation: (...args: Array<SqliteValue>) => SqliteValue | void,
  ) => void
  /** Whether a transaction is open on this connection. */
  readonly isInTransaction: () => boolean
  /** The database as one image, openable by every driver (never marked as WAL). The caller owns the bytes. */
  readonly serialize: () => Uint8Array
  /** Closes the handle; open statements are finalized. Idempotent. */
  readonly close: () => void
}
