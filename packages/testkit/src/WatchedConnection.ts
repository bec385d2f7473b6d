import type { SqliteConnection, SqliteStatement } from '@headwater/core/sqlite'

/** One call through the port that SQLite runs something for. */
export interface WatchedCall {
  readonly kind: 'exec' | 'prepare' | 'all' | 'get' | 'run' | 'serialize'
  /** Empty for `serialize`. */
  readonly sql: string
}

/** Runs the call, or does something else in its place. */
export type Watch = <A>(call: WatchedCall, run: () => A) => A

/** `inner` with `watch` around every call that can fail for SQLite's own reasons: all but finalize and close. */
export const watchedConnection = (inner: SqliteConnection, watch: Watch): SqliteConnection => {
  const wrap = (sql: string, statement: SqliteStatement): SqliteStatement => ({
    get columns() {
      return statement.columns
    },
    all: (params) => watch({ kind: 'all', sql }, () => statement.all(params)),
    get: (params) => watch({ kind: 'get', sql }, () => statement.get(params)),
    run: (params) => watch({ kind: 'run', sql }, () => statement.run(params)),
    finalize: () => statement.finalize(),
  })
  return {
    ...inner,
    exec: (sql) => watch({ kind: 'exec', sql }, () => inner.exec(sql)),
    prepare: (sql, options) =>
      wrap(
        sql,
        watch({ kind: 'prepare', sql }, () => inner.prepare(sql, options)),
      ),
    serialize: () => watch({ kind: 'serialize', sql: '' }, () => inner.serialize()),
  }
}
