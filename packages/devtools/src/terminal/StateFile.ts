/** What a store's state database says: how far it has come, its tables, the quarantine. */
import { formatPosition, type Position, type QuarantinedEvent, type SqliteValue } from '@headwater/core'
import type { SqliteConnection } from '@headwater/core/adapter'
import { guarded, openReadOnly } from './ReadOnlyDatabase.ts'
import { pageFaults } from './EventlogFile.ts'

/** Where the leader's state database stands. */
export interface StateSummary {
  /** `null`: it is empty, and made anew when the store is opened. */
  readonly head: { readonly position: Position; readonly epoch: number; readonly fingerprint: string } | null
  /** Events that can still be rolled back, and what that takes. */
  readonly changesets: { readonly count: number; readonly bytes: number }
  readonly quarantined: ReadonlyArray<QuarantinedEvent>
}

export interface StateTable {
  readonly name: string
  readonly rows: number
  readonly createSql: ReadonlyArray<string>
}

/** **Shape**  `rows` in the order of `columns`; INTEGERs as bigint. */
export interface TablePage {
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<SqliteValue>>
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

export class StateFile {
  readonly #path: string
  readonly #connection: SqliteConnection

  /** **Fails with** `FileUnreadable`, `SqliteError`. */
  constructor(path: string) {
    this.#path = path
    this.#connection = openReadOnly(path)
    this.#connection.exec('BEGIN')
  }

  #all(sql: string, params: ReadonlyArray<SqliteValue> = []): ReadonlyArray<ReadonlyArray<SqliteValue>> {
    return guarded(this.#path, () => this.#connection.prepare(sql).all(params))
  }

  #has(table: string): boolean {
    return this.#all("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", [table]).length > 0
  }

  summary(): StateSummary {
    const [head] = this.#has('__headwater_state_head')
      ? this.#all('SELECT seqNumGlobal, seqNumClient, epoch, fingerprint FROM __headwater_state_head')
      : []
    const [changesets] = this.#has('__headwater_session_changeset')
      ? this.#all('SELECT count(*), coalesce(sum(length(changeset)), 0) FROM __headwater_session_changeset')
      : []
    return {
      head:
        head === undefined
          ? null
          : {
              position: { global: head[0] as number, client: head[1] as number },
              epoch: head[2] as number,
              fingerprint: head[3] as string,
            },
      changesets: { count: Number(changesets?.[0] ?? 0), bytes: Number(changesets?.[1] ?? 0) },
      quarantined: this.quarantined(),
    }
  }

  quarantined(): ReadonlyArray<QuarantinedEvent> {
    if (!this.#has('__headwater_quarantine')) return []
    return this.#all(
      'SELECT eventId, seqNumGlobal, seqNumClient, error FROM __headwater_quarantine ORDER BY seqNumGlobal, seqNumClient',
    ).map(([eventId, global, client, error]) => ({
      eventId: eventId as string,
      position: { global: global as number, client: client as number },
      error: error as string,
    }))
  }

  /** The app's tables, by name. */
  tables(): ReadonlyArray<StateTable> {
    const names = this.#all(
      String.raw`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\_\_headwater\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`,
    ).map(([name]) => String(name))
    return names.map((name) => ({
      name,
      rows: Number(this.#all(`SELECT count(*) FROM ${quote(name)}`)[0]?.[0] ?? 0),
      createSql: this.#all(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type = 'table' DESC, name",
        [name],
      ).map(([sql]) => String(sql)),
    }))
  }

  /** Rows in storage order; `undefined` if there is no such table of the app's. */
  rows(table: string, limit: number, offset: number): TablePage | undefined {
    if (!this.tables().some(({ name }) => name === table)) return undefined
    return guarded(this.#path, () => {
      const statement = this.#connection.prepare(`SELECT * FROM ${quote(table)} LIMIT ? OFFSET ?`, {
        integers: 'bigint',
      })
      return { rows: statement.all([limit, offset]), columns: statement.columns }
    })
  }

  faults(): ReadonlyArray<string> {
    return guarded(this.#path, () => pageFaults(this.#connection))
  }

  close(): void {
    this.#connection.close()
  }
}

/** `e42`, or what an empty state is. */
export const stateHeadText = ({ head }: StateSummary): string =>
  head === null ? 'empty: made anew when the store is opened' : formatPosition(head.position)
