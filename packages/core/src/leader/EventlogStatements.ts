/** Every statement on the eventlog database, and how its rows become what the leader works with. */
import type { RefusalReason, RejectedRow } from '../channel/LeaderMessage.ts'
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import type { SqliteConnection, SqliteStatement, SqliteValue } from '../sqlite/SqliteConnection.ts'

/** The one row of `__headwater_sync_status`. `head` is the settled backend head. */
export interface SyncStatusRow {
  readonly head: number
  readonly headEventId: string | null
  readonly backendId: string | null
  readonly attachment: number
  readonly cursorJson: string | null
  readonly epoch: number
  readonly term: number
  readonly clientId: string
}

/** `attachment` 0: when a backend comes it is attached anew, and nothing counts as settled then. */
export const unreadableStatus: SyncStatusRow = {
  head: 0,
  headEventId: null,
  backendId: null,
  attachment: 0,
  cursorJson: null,
  epoch: 0,
  term: 0,
  clientId: '',
}

/** A log row with what only the leader stores. */
export interface LogRow extends NumberedEvent {
  readonly syncMetadataJson: string | null
}

const rowColumns =
  'seqNumGlobal, seqNumClient, rebaseGeneration, eventId, commitId, name, argsJson, clientId, sessionId, createdAt, syncMetadataJson'
const rejectedColumns =
  'eventId, commitId, name, argsJson, clientId, sessionId, createdAt, isClientOnly, reason, detail, dismissed'
export const statusColumns = 'head, headEventId, backendId, attachment, cursorJson, epoch, term, clientId'

export type EventlogStatements = ReturnType<typeof prepareEventlogStatements>

/** **Fails with** `SqliteError`. */
export const prepareEventlogStatements = (connection: SqliteConnection) =>
  ({
    begin: connection.prepare('BEGIN IMMEDIATE'),
    commit: connection.prepare('COMMIT'),
    rollback: connection.prepare('ROLLBACK'),
    status: connection.prepare(`SELECT ${statusColumns} FROM __headwater_sync_status`),
    term: connection.prepare('SELECT term FROM __headwater_sync_status'),
    setStatus: connection.prepare(
      `UPDATE __headwater_sync_status SET ${statusColumns.replaceAll(/\w+/g, (name) => `${name} = ?`)}`,
    ),
    insert: connection.prepare(
      `INSERT INTO eventlog (${rowColumns}, parentSeqNumGlobal, parentSeqNumClient) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    deleteBehind: connection.prepare('DELETE FROM eventlog WHERE (seqNumGlobal, seqNumClient) > (?, ?)'),
    setMetadata: connection.prepare(
      'UPDATE eventlog SET syncMetadataJson = ? WHERE seqNumGlobal = ? AND seqNumClient = ?',
    ),
    last: connection.prepare(
      `SELECT ${rowColumns} FROM eventlog ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 1`,
    ),
    page: connection.prepare(
      `SELECT ${rowColumns} FROM eventlog WHERE (seqNumGlobal, seqNumClient) > (?, ?) ORDER BY seqNumGlobal, seqNumClient LIMIT ?`,
    ),
    at: connection.prepare(`SELECT ${rowColumns} FROM eventlog WHERE seqNumGlobal = ? AND seqNumClient = ?`),
    byId: connection.prepare(`SELECT ${rowColumns} FROM eventlog WHERE eventId = ?`),
    hasId: connection.prepare('SELECT 1 FROM eventlog WHERE eventId = ?'),
    lastAtGlobal: connection.prepare(
      `SELECT ${rowColumns} FROM eventlog WHERE seqNumGlobal = ? ORDER BY seqNumClient DESC LIMIT 1`,
    ),
    rejectedById: connection.prepare(`SELECT ${rejectedColumns} FROM __headwater_rejected WHERE eventId = ?`),
    rejectedAll: connection.prepare(`SELECT ${rejectedColumns} FROM __headwater_rejected ORDER BY rowid`),
    rejectedOf: connection.prepare(
      `SELECT ${rejectedColumns} FROM __headwater_rejected WHERE sessionId = ? ORDER BY rowid`,
    ),
    rejectedAny: connection.prepare('SELECT 1 FROM __headwater_rejected LIMIT 1'),
    insertRejected: connection.prepare(
      `INSERT INTO __headwater_rejected (${rejectedColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
    ),
    deleteRejected: connection.prepare(
      'DELETE FROM __headwater_rejected WHERE eventId = ? AND clientId = ? AND name = ? AND argsJson = ?',
    ),
    dismissRejected: connection.prepare('UPDATE __headwater_rejected SET dismissed = 1 WHERE eventId = ?'),
  }) satisfies Record<string, SqliteStatement>

const envelopeAt = (row: ReadonlyArray<SqliteValue>, first: number): Omit<EventEnvelope, 'isClientOnly'> => ({
  id: row[first] as string,
  commitId: row[first + 1] as string,
  name: row[first + 2] as string,
  argsJson: row[first + 3] as string,
  clientId: row[first + 4] as string,
  sessionId: row[first + 5] as string,
  createdAt: row[first + 6] as number,
})

export const toLogRow = (row: ReadonlyArray<SqliteValue>): LogRow => ({
  seq: { global: row[0] as number, client: row[1] as number, rebaseGeneration: row[2] as number },
  event: { ...envelopeAt(row, 3), isClientOnly: (row[1] as number) > 0 },
  syncMetadataJson: row[10] as string | null,
})

export const toRejectedRow = (row: ReadonlyArray<SqliteValue>): RejectedRow => ({
  event: { ...envelopeAt(row, 0), isClientOnly: row[7] === 1 },
  reason: row[8] as RefusalReason,
  detail: row[9] as string,
  isDismissed: row[10] === 1,
})

export const envelopeValues = (event: EventEnvelope): Array<SqliteValue> => [
  event.id,
  event.commitId,
  event.name,
  event.argsJson,
  event.clientId,
  event.sessionId,
  event.createdAt,
]
