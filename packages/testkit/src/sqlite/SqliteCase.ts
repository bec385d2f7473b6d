import { SqliteError, type SqliteConnection, type SqliteReason, type SqliteValue } from '@headwater/core/sqlite'
import { equal, fail, thrownBy } from '../Assert.ts'

/** What a case is given. Everything opened through it is closed for it. */
export interface SqliteCaseContext {
  /** A fresh, empty database in memory. */
  readonly connection: SqliteConnection
  readonly open: (image?: Uint8Array) => Promise<SqliteConnection>
  readonly openFile: (name: string, image?: Uint8Array) => Promise<SqliteConnection>
}

export interface SqliteCase {
  readonly name: string
  /** Left out for drivers without files, or without WAL. */
  readonly needs?: 'file' | 'wal'
  readonly run: (context: SqliteCaseContext) => void | Promise<void>
}

/** The `SqliteError` that `run` must throw. */
export const failsWith = (
  expected: { readonly reason: SqliteReason; readonly code?: string },
  run: () => unknown,
): SqliteError => {
  const error = thrownBy(run, expected.reason)
  if (!(error instanceof SqliteError)) return fail(`expected SqliteError ${expected.reason}, got ${String(error)}`)
  equal(error.reason, expected.reason, error.message)
  if (expected.code !== undefined) equal(error.code, expected.code, error.message)
  return error
}

/** Runs one statement once. */
export const query = (
  connection: SqliteConnection,
  sql: string,
  params: ReadonlyArray<SqliteValue> = [],
  integers: 'number' | 'bigint' = 'bigint',
): Array<Array<SqliteValue>> => {
  const statement = connection.prepare(sql, { integers })
  try {
    return statement.all(params)
  } finally {
    statement.finalize()
  }
}
