import type { StorageStatus } from '../channel/LeaderMessage.ts'
import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'

/** What is left of a corrupt eventlog, and the empty one in its place. */
export interface SetAsideEventlog {
  readonly eventlog: SqliteConnection
  /** The kept file, read-only, for salvage; `undefined` if it is nothing that SQLite can open. */
  readonly corrupt: SqliteConnection | undefined
  readonly keptAs: string
  /**
   * Everything that could be saved is committed, and `corrupt` is closed. Until this was called a process that dies
   * leaves the corrupt eventlog where it is found and salvaged again.
   */
  readonly done: () => void
}

/**
 * The leader's two databases, provided by an adapter while it holds the store's lock.
 *
 * **Fails with**  `SqliteError` from every method.
 */
export interface LeaderStorage {
  /** The durable log: WAL with `synchronous=FULL` where the platform has files. Called once. */
  readonly openEventlog: () => SqliteConnection
  /**
   * The state database as it was left, or an empty one; opened as the log is. It can always be made again, so most of its
   * COMMITs are synced later (`CommitSync.ts`).
   */
  readonly openState: () => SqliteConnection
  /**
   * Puts `image` (or an empty database, for `null`) in the place of the state database, atomically: after a crash either
   * the old one or the new one is opened. The caller has closed the handle that it had.
   */
  readonly replaceState: (image: Uint8Array | null) => SqliteConnection
  /** Stores the exported log of a `reset` durably, beside the store's own files, and answers where. */
  readonly keepExport: (bytes: Uint8Array) => string
  /**
   * Keeps a corrupt eventlog aside and opens an empty one in its place. **Fails with** `SqliteError`, also when it is the
   * machine that keeps the corrupt one from being opened.
   */
  readonly setAsideEventlog: () => SetAsideEventlog
  /** What the sessions' status says of it. Without it: files that stay. */
  readonly status?: StorageStatusSource
  /**
   * A new log starts above this term: for storage that can vanish while sessions live on, which ignore a leader whose
   * term is lower than the last one's. Must rise from one new log to the next.
   */
  readonly newLogTerm?: number
}

export interface StorageStatusSource {
  readonly current: () => StorageStatus
  /** Called with every change. */
  readonly onChange: (listener: () => void) => void
}
