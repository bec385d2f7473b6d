/**
 * A value as SQLite stores it, by storage class: NULL, REAL, INTEGER, TEXT, BLOB.
 *
 * The same type as the port's (`sqlite/SqliteConnection.ts`), stated here because `schema/` imports nothing of
 * `sqlite/`; a type test keeps them equal.
 */
export type SqliteValue = null | number | bigint | string | Uint8Array

/** A result row, in column order. */
export type SqliteRow = ReadonlyArray<SqliteValue>
