/** Every statement that the leader runs on its state database, and the row that says where that stands. */
import type { Position } from '../event/EventSequenceNumber.ts'
import type { SqliteConnection, SqliteStatement, SqliteValue } from '../sqlite/SqliteConnection.ts'

/** The one row of `__headwater_state_head`. */
export interface StateHead {
  readonly position: Position
  readonly eventId: string | null
  readonly epoch: number
  readonly trimmedTo: Position
  /** In which everything up to `trimmedTo` is settled. */
  readonly attachment: number
  readonly fingerprint: string
}

/** In the order in which {@link StateHead} is written. */
export const headColumns =
  'seqNumGlobal, seqNumClient, eventId, epoch, term, trimmedToGlobal, trimmedToClient, attachment, fingerprint, isComplete'

/** A head as the statements take it: every one of {@link headColumns} but the last, which is always 1. */
export const headValues = (head: StateHead, term: number): ReadonlyArray<SqliteValue> => [
  head.position.global,
  head.position.client,
  head.eventId,
  head.epoch,
  term,
  head.trimmedTo.global,
  head.trimmedTo.client,
  head.attachment,
  head.fingerprint,
]

export type StateStatements = ReturnType<typeof prepareStateStatements>

/** **Fails with** `SqliteError`. */
export const prepareStateStatements = (connection: SqliteConnection) =>
  ({
    begin: connection.prepare('BEGIN IMMEDIATE'),
    commit: connection.prepare('COMMIT'),
    rollback: connection.prepare('ROLLBACK'),
    term: connection.prepare('SELECT term FROM __headwater_state_head'),
    setHead: connection.prepare(
      `INSERT INTO __headwater_state_head (id, ${headColumns}) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
       ON CONFLICT (id) DO UPDATE SET (${headColumns}) = (excluded.seqNumGlobal, excluded.seqNumClient, excluded.eventId, excluded.epoch, excluded.term, excluded.trimmedToGlobal, excluded.trimmedToClient, excluded.attachment, excluded.fingerprint, excluded.isComplete)`,
    ),
    changesetsBehind: connection.prepare(
      `SELECT seqNumGlobal, seqNumClient, eventId, changeset FROM __headwater_session_changeset
       WHERE (seqNumGlobal, seqNumClient) > (?, ?) ORDER BY seqNumGlobal DESC, seqNumClient DESC`,
    ),
    names: connection.prepare(
      `SELECT seqNumGlobal, seqNumClient, eventId FROM __headwater_session_changeset
       WHERE (seqNumGlobal, seqNumClient) > (?, ?) ORDER BY seqNumGlobal, seqNumClient LIMIT ?`,
    ),
    insertChangeset: connection.prepare(
      'INSERT INTO __headwater_session_changeset (seqNumGlobal, seqNumClient, eventId, changeset, debug) VALUES (?, ?, ?, ?, NULL)',
    ),
    deleteBehind: connection.prepare(
      'DELETE FROM __headwater_session_changeset WHERE (seqNumGlobal, seqNumClient) > (?, ?)',
    ),
    trim: connection.prepare('DELETE FROM __headwater_session_changeset WHERE (seqNumGlobal, seqNumClient) <= (?, ?)'),
    quarantine: connection.prepare(
      'INSERT INTO __headwater_quarantine (eventId, seqNumGlobal, seqNumClient, error) VALUES (?, ?, ?, ?)',
    ),
    isQuarantined: connection.prepare('SELECT 1 FROM __headwater_quarantine WHERE eventId = ?'),
    releaseBehind: connection.prepare('DELETE FROM __headwater_quarantine WHERE (seqNumGlobal, seqNumClient) > (?, ?)'),
  }) satisfies Record<string, SqliteStatement>
