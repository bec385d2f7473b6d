import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'

/** `PRAGMA synchronous`: what a COMMIT in WAL mode syncs. */
const synchronous = { later: 1, now: 2 } as const

/**
 * COMMITs in a row that may be left for later: bounds what a power loss takes, and how long the WAL gets before it is
 * copied into the database.
 */
const laterMax = 32

/**
 * Whether the next COMMIT waits until it is on disk, or leaves that to the next one that does: a WAL is synced as a
 * whole, and what a power loss takes from it is always its end.
 *
 * Only a COMMIT that waits may copy the WAL into the database. The copying would sync it too, but SQLite tells nobody when
 * that fails; and a system that has said so once takes what it could not write for written, and leaves a hole in the WAL.
 *
 * Only a WAL that syncs every COMMIT is switched. One that never waits (`durability: 'normal'`) has nothing to gain, and
 * a rollback journal that is not synced can lose more than its last COMMIT.
 *
 * **Source**  sqlite.org/pragma.html#pragma_synchronous, /c3ref/wal_autocheckpoint.html; danluu.com/fsyncgate
 */
export class CommitSync {
  readonly #connection: SqliteConnection
  /** Pages in the WAL before it is copied; `null` if this one is not switched. Asked for when it is needed: a damaged file may not tell. */
  #checkpointPages: number | null | undefined
  #current: keyof typeof synchronous = 'now'
  #leftForLater = 0

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Between transactions. **Fails with** `SqliteError`, and then nothing has changed. */
  choose(wanted: keyof typeof synchronous): void {
    const chosen = this.#leftForLater < laterMax ? wanted : 'now'
    this.#leftForLater = chosen === 'later' ? this.#leftForLater + 1 : 0
    if (chosen === this.#current) return
    if (this.#checkpointPages === undefined) this.#checkpointPages = this.#readCheckpointPages()
    if (this.#checkpointPages === null) return
    const pages = chosen === 'now' ? this.#checkpointPages : 0
    this.#connection.exec(`PRAGMA synchronous = ${synchronous[chosen]}; PRAGMA wal_autocheckpoint = ${pages}`)
    this.#current = chosen
  }

  /**
   * After a failure to sync, or where nobody knows whether somebody before had one: the database has everything then, and
   * the WAL, of which a part may be missing on disk, begins anew with the next COMMIT; that one has to wait.
   * **Fails with** `SqliteError`.
   */
  copyWal(): void {
    this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  #readCheckpointPages(): number | null {
    const pragma = (name: string) => this.#connection.prepare(`PRAGMA ${name}`).get()?.[0]
    const isSwitched = pragma('journal_mode') === 'wal' && Number(pragma('synchronous')) === synchronous.now
    return isSwitched ? Number(pragma('wal_autocheckpoint')) : null
  }
}
