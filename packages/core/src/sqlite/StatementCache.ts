import type { SqliteConnection, SqliteStatement } from './SqliteConnection.ts'

/**
 * Prepared statements of one connection, by text: the builder gives queries and writes of one shape the same text, so
 * an app prepares each shape once.
 *
 * Holds at most `entriesMax` statements and finalizes the one that was used longest ago. Finding that one looks at all
 * of them, which costs far less than the prepare that makes it necessary; a hit costs one map lookup.
 */
export interface StatementCache {
  /**
   * The statement of that text. Use it at once: a later `get` may finalize it.
   *
   * **Fails with** throws `SqliteError` if it does not compile.
   */
  readonly get: (sql: string, integers?: 'number' | 'bigint') => SqliteStatement
  /** How many statements are held. */
  readonly size: () => number
  /** Finalizes all of them, for instance before the schema is changed. The cache stays usable. */
  readonly clear: () => void
}

/** An app has tens of shapes of queries and writes; a prepared statement takes a few kB. */
export const statementsMaxDefault = 200

interface Entry {
  readonly statement: SqliteStatement
  usedAt: number
}

export const makeStatementCache = (
  connection: Pick<SqliteConnection, 'prepare'>,
  entriesMax: number = statementsMaxDefault,
): StatementCache => {
  // One map per mode spares joining mode and text into a key at every lookup.
  const entries = { number: new Map<string, Entry>(), bigint: new Map<string, Entry>() }
  let clock = 0
  const size = (): number => entries.number.size + entries.bigint.size

  return {
    get: (sql, integers = 'number') => {
      const known = entries[integers].get(sql)
      if (known !== undefined) {
        known.usedAt = ++clock
        return known.statement
      }
      const statement = connection.prepare(sql, { integers })
      if (size() >= Math.max(entriesMax, 1)) evictOldest(entries.number, entries.bigint)
      entries[integers].set(sql, { statement, usedAt: ++clock })
      return statement
    },
    size,
    clear: () => {
      for (const map of [entries.number, entries.bigint]) {
        for (const { statement } of map.values()) statement.finalize()
        map.clear()
      }
    },
  }
}

const evictOldest = (...maps: ReadonlyArray<Map<string, Entry>>): void => {
  let oldest: { map: Map<string, Entry>; sql: string; entry: Entry } | undefined
  for (const map of maps) {
    for (const [sql, entry] of map) {
      if (oldest === undefined || entry.usedAt < oldest.entry.usedAt) oldest = { map, sql, entry }
    }
  }
  oldest?.map.delete(oldest.sql)
  oldest?.entry.statement.finalize()
}
