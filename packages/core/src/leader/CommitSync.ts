import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'

/** `PRAGMA synchronous`: what a COMMIT in WAL mode syncs. */
const synchronous = { later: 1, now: 2 } as const

/**
 * Whether the next COMMIT waits until it is on disk, or leaves that to the next one that does: a WAL is synced as a
 * whole, and what a power loss takes from it is always its end.
 *
 * Only a WAL that syncs every COMMIT is switched. One that never waits (`durability: 'normal'`) has nothing to gain, and
 * a rollback journal that is not synced can lose more than its last COMMIT.
 *
 * **Source**  sqlite.org/pragma.html#pragma_synchronous
 */
export class CommitSync {
  readonly #connection: SqliteConnection
  /** Asked for when it is needed: of a damaged file not even that may be readable. */
  #isSwitched: boolean | undefined
  #current: keyof typeof synchronous = 'now'

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Between transactions. **Fails with** `SqliteError`, and then nothing has changed. */
  choose(wanted: keyof typeof synchronous): void {
    if (wanted === this.#current) return
    this.#isSwitched ??= this.#syncsEveryCommit()
    if (!this.#isSwitched) return
    this.#connection.exec(`PRAGMA synchronous = ${synchronous[wanted]}`)
    this.#current = wanted
  }

  #syncsEveryCommit(): boolean {
    const pragma = (name: string) => this.#connection.prepare(`PRAGMA ${name}`).get()?.[0]
    return pragma('journal_mode') === 'wal' && Number(pragma('synchronous')) === synchronous.now
  }
}
