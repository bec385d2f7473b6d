/**
 * The leader's durable log: what it does with the statements of `EventlogStatements.ts`.
 *
 * All writes of one step happen in one transaction of {@link Eventlog.write}, which checks the leader's term first: a
 * stale leader changes nothing (spec section 5, "Terms").
 */
import type { RefusedEvent, RejectedRow } from '../channel/LeaderMessage.ts'
import { type EventEnvelope, isSameEvent, type NumberedEvent } from '../event/EventEnvelope.ts'
import { type EventSequenceNumber, parentOf, type Position, root } from '../event/EventSequenceNumber.ts'
import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { eventlogApplicationId, eventlogTablesSql, formatVersion } from '../sqlite/SystemTables.ts'
import { CommitSync } from './CommitSync.ts'
import { readDamaged } from './DamagedRead.ts'
import {
  envelopeValues,
  prepareEventlogStatements,
  statusColumns,
  toLogRow,
  toRejectedRow,
  unreadableStatus,
  type EventlogStatements,
  type LogRow,
  type SyncStatusRow,
} from './EventlogStatements.ts'
import { FormatUnsupported, LeaderStale } from './LeaderError.ts'

/** One transaction on the log: what is taken away behind `base`, what is put in its place, and the status afterwards. */
export interface LogChange {
  /** Rows behind it are deleted; absent when nothing is rolled back. */
  readonly base?: Position
  readonly rows: ReadonlyArray<NumberedEvent>
  /** By event id, for events that came from the backend. */
  readonly syncMetadata?: ReadonlyMap<string, string | null>
  /** Rows that stay where they are and that the backend has now confirmed. */
  readonly confirmed?: ReadonlyArray<NumberedEvent>
  readonly status?: Partial<Omit<SyncStatusRow, 'term' | 'clientId'>>
  readonly rejected?: ReadonlyArray<RefusedEvent>
  readonly reinstated?: ReadonlyArray<EventEnvelope>
  readonly dismissed?: ReadonlyArray<string>
  /** The backend has all of it and would send it again: it need not be on disk before it is shown. */
  readonly isRepeatable?: boolean
}

const isEmptyDatabase = (connection: SqliteConnection): boolean =>
  connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined

/** Makes the tables in an empty database; refuses any other that is not an eventlog of a known format. */
const prepareFile = (connection: SqliteConnection, newClientId: () => string): void => {
  const pragma = (name: string) => Number(connection.prepare(`PRAGMA ${name}`).get()?.[0])
  if (!isEmptyDatabase(connection)) {
    const version = pragma('user_version')
    if (pragma('application_id') === eventlogApplicationId && version >= 1 && version <= formatVersion) return
    throw new FormatUnsupported({ file: 'eventlog', found: version, supported: formatVersion })
  }
  connection.exec(`BEGIN IMMEDIATE; ${eventlogTablesSql}
    PRAGMA application_id = ${eventlogApplicationId}; PRAGMA user_version = ${formatVersion};`)
  connection
    .prepare(`INSERT INTO __headwater_sync_status (id, ${statusColumns}) VALUES (1, 0, NULL, NULL, 0, NULL, 0, 0, ?)`)
    .run([newClientId()])
  connection.exec('COMMIT')
}

export class Eventlog {
  readonly connection: SqliteConnection
  readonly #statements: EventlogStatements
  readonly #sync: CommitSync
  #status: SyncStatusRow
  #hasRejected: boolean

  private constructor(connection: SqliteConnection, isDamaged: boolean) {
    this.connection = connection
    this.#statements = prepareEventlogStatements(connection)
    this.#sync = new CommitSync(connection)
    this.#status = isDamaged ? this.#statusIfReadable() : this.#readStatus()
    this.#hasRejected = isDamaged || this.#statements.rejectedAny.get() !== undefined
  }

  /** Opens the log, making its tables in an empty database. **Fails with** `FormatUnsupported`, `SqliteError`. */
  static open(connection: SqliteConnection, newClientId: () => string): Eventlog {
    prepareFile(connection, newClientId)
    return new Eventlog(connection, false)
  }

  /** Opens what is left of a corrupt log, to read what can be read. **Fails with** `SqliteError`, `FormatUnsupported`. */
  static openDamaged(connection: SqliteConnection): Eventlog {
    return new Eventlog(connection, true)
  }

  get status(): SyncStatusRow {
    return this.#status
  }

  #readStatus(): SyncStatusRow {
    const row = this.#statements.status.get()
    if (row === undefined) throw new FormatUnsupported({ file: 'eventlog', found: 0, supported: formatVersion })
    return Object.fromEntries(statusColumns.split(', ').map((name, i) => [name, row[i]])) as unknown as SyncStatusRow
  }

  #statusIfReadable(): SyncStatusRow {
    return readDamaged(
      () => this.#readStatus(),
      () => unreadableStatus,
    )
  }

  /** Takes the lead: raises the term (beyond `above`), durably. Every leader before this one is stale from here on. */
  raiseTerm(above = 0): void {
    this.#sync.copyWal()
    this.#transaction('now', () => {
      this.#status = this.#readStatus()
      this.#writeStatus({ ...this.#status, term: Math.max(this.#status.term, above) + 1 })
    })
  }

  /**
   * After a COMMIT that failed: it may have taken effect, and what can be read may not be synced, nor will it be where a
   * sync has failed. So it is copied into the database; then the status is read anew and written once more, into a WAL
   * that begins with it. **Fails with** `LeaderStale`, `SqliteError`.
   */
  recover(): void {
    this.#sync.copyWal()
    this.#transaction('now', () => {
      this.#fence()
      const status = this.#readStatus()
      // SQLite leaves a page alone, and the file unsynced, when an UPDATE changes nothing: this one does, for a moment.
      this.#writeStatus({ ...status, epoch: status.epoch + 1 })
      this.#writeStatus(status)
    })
  }

  /** **Fails with** `LeaderStale`; `SqliteError`, and then nobody knows whether the change is stored before `recover`. */
  write(change: LogChange): void {
    this.#transaction(change.isRepeatable === true ? 'later' : 'now', () => {
      this.#fence()
      if (change.base !== undefined) this.#statements.deleteBehind.run([change.base.global, change.base.client])
      for (const row of change.rows) this.#insert(row, change.syncMetadata?.get(row.event.id) ?? null)
      for (const { seq, event } of change.confirmed ?? []) {
        const metadata = change.syncMetadata?.get(event.id) ?? null
        if (metadata !== null) this.#statements.setMetadata.run([metadata, seq.global, seq.client])
      }
      this.#writeDeadLetters(change)
      if (change.status !== undefined) this.#writeStatus({ ...this.#status, ...change.status })
    })
  }

  /** Runs `body` while no other leader can take over. **Fails with** `LeaderStale`, and then `body` has not run; `SqliteError`. */
  fenced<A>(body: () => A): A {
    this.#statements.begin.run()
    try {
      this.#fence()
      return body()
    } finally {
      if (this.connection.isInTransaction()) this.#statements.rollback.run()
    }
  }

  #writeDeadLetters({ rejected = [], reinstated = [], dismissed = [] }: LogChange): void {
    for (const event of reinstated)
      this.#statements.deleteRejected.run([event.id, event.clientId, event.name, event.argsJson])
    for (const { event, reason, detail } of rejected) {
      this.#statements.insertRejected.run([...envelopeValues(event), event.isClientOnly ? 1 : 0, reason, detail])
    }
    for (const id of dismissed) this.#statements.dismissRejected.run([id])
    // Set before COMMIT: true although the table is empty costs one look-up, the other way round would lose a dead letter.
    if (rejected.length > 0) this.#hasRejected = true
  }

  #transaction(synced: 'now' | 'later', body: () => void): void {
    const before = this.#status
    this.#sync.choose(synced)
    this.#statements.begin.run()
    try {
      body()
      this.#statements.commit.run()
    } catch (error) {
      this.#status = before
      if (this.connection.isInTransaction()) this.#statements.rollback.run()
      throw error
    }
  }

  #fence(): void {
    const current = Number(this.#statements.term.get()?.[0])
    if (current !== this.#status.term) throw new LeaderStale({ term: this.#status.term, current })
  }

  #writeStatus(status: SyncStatusRow): void {
    const { head, headEventId, backendId, attachment, cursorJson, epoch, term, clientId } = status
    this.#statements.setStatus.run([head, headEventId, backendId, attachment, cursorJson, epoch, term, clientId])
    this.#status = status
  }

  #insert({ seq, event }: NumberedEvent, syncMetadataJson: string | null): void {
    const parent = parentOf(seq)
    this.#statements.insert.run([
      seq.global,
      seq.client,
      seq.rebaseGeneration,
      ...envelopeValues(event),
      syncMetadataJson,
      parent.global,
      parent.client,
    ])
  }

  /** Position of the last row; the root for an empty log. */
  localHead(): EventSequenceNumber {
    const row = this.#statements.last.get()
    return row === undefined ? root : toLogRow(row).seq
  }

  /** **Shape** oldest first, at most `limit`, strictly behind `after`. */
  page(after: Position, limit: number): Array<LogRow> {
    return this.#statements.page.all([after.global, after.client, limit]).map(toLogRow)
  }

  at(position: Position): LogRow | undefined {
    const row = this.#statements.at.get([position.global, position.client])
    return row === undefined ? undefined : toLogRow(row)
  }

  /** Id at a position: `null` at the root, `undefined` where no row is. */
  idAt(position: Position): string | null | undefined {
    return position.global === 0 && position.client === 0 ? null : this.at(position)?.event.id
  }

  has(id: string): boolean {
    return this.#statements.hasId.get([id]) !== undefined
  }

  byId(id: string): LogRow | undefined {
    const row = this.#statements.byId.get([id])
    return row === undefined ? undefined : toLogRow(row)
  }

  /** The last row whose `global` is this one: where the client-only events behind a synced event end. */
  lastAtGlobal(global: number): EventSequenceNumber {
    const row = this.#statements.lastAtGlobal.get([global])
    return row === undefined ? { ...root, global } : toLogRow(row).seq
  }

  /** Dead letters with this id, dismissed ones included. Costs nothing while there are none. */
  rejectedById(id: string): ReadonlyArray<RejectedRow> {
    return this.#hasRejected ? this.#statements.rejectedById.all([id]).map(toRejectedRow) : []
  }

  isRejected(event: EventEnvelope): boolean {
    return this.rejectedById(event.id).some((row) => isSameEvent(row.event, event))
  }

  /**
   * Whether another event of this id has been in the log: then the id alone does not say which of the two somebody has
   * at the same place. Costs nothing while there are no dead letters.
   */
  hasCollided(id: string): boolean {
    return this.rejectedById(id).length > 0
  }

  rejected(): ReadonlyArray<RejectedRow> {
    return this.#hasRejected ? this.#statements.rejectedAll.all().map(toRejectedRow) : []
  }

  /** Dead letters that may still be pending in this session: what it has committed. Dismissed ones too, it may not have heard of them yet. */
  rejectedOf(sessionId: string): ReadonlyArray<RejectedRow> {
    return this.#hasRejected ? this.#statements.rejectedOf.all([sessionId]).map(toRejectedRow) : []
  }

  close(): void {
    this.connection.close()
  }
}

/**
 * Makes an exported log ready to be another client's: it keeps its events and gets a client id of its own, because two
 * devices that commit under one id would be one to everybody else. An empty database or a damaged one is refused: an
 * import is all of a log or nothing.
 *
 * **Fails with**  `FormatUnsupported`, `SqliteError`.
 */
export const prepareImportedLog = (connection: SqliteConnection, newClientId: string): void => {
  if (isEmptyDatabase(connection)) throw new FormatUnsupported({ file: 'eventlog', found: 0, supported: formatVersion })
  mustBeWhole(connection)
  Eventlog.open(connection, () => newClientId)
  connection.prepare('UPDATE __headwater_sync_status SET clientId = ?').run([newClientId])
}

const mustBeWhole = (connection: SqliteConnection): void => {
  const found = connection.prepare('PRAGMA integrity_check(1)').get()?.[0]
  if (found !== 'ok')
    throw new SqliteError({ reason: 'Corrupt', operation: 'open', code: 'SQLITE_CORRUPT', detail: String(found) })
}
