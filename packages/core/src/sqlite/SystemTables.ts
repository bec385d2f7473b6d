/**
 * The tables Headwater keeps beside the app's own, in three kinds of database.
 *
 * | Database          | Tables                                                                                          |
 * | ----------------- | ----------------------------------------------------------------------------------------------- |
 * | eventlog (leader) | `eventlog`, `__headwater_sync_status`, `__headwater_rejected`                                   |
 * | state (leader)    | the app's, `__headwater_session_changeset`, `__headwater_quarantine`, `__headwater_state_head`  |
 * | state (session)   | the app's, `__headwater_session_changeset`, `__headwater_quarantine`                            |
 *
 * A database says what it is in `PRAGMA application_id` and which version of these tables it has in
 * `PRAGMA user_version`. The eventlog is the only one that holds what cannot be made again.
 *
 * **Source**  spec section 2.
 */

/** `HWlg`, big-endian ASCII. */
export const eventlogApplicationId = 0x48576c67
/** `HWst`. */
export const stateApplicationId = 0x48577374

/** Version of the tables in this file. A newer file is refused, an older one is migrated in `Eventlog.ts`. */
export const formatVersion = 1

export const eventlogTablesSql = `
CREATE TABLE eventlog (
  seqNumGlobal INTEGER NOT NULL,
  seqNumClient INTEGER NOT NULL,
  rebaseGeneration INTEGER NOT NULL,
  parentSeqNumGlobal INTEGER NOT NULL,
  parentSeqNumClient INTEGER NOT NULL,
  eventId TEXT NOT NULL UNIQUE,
  commitId TEXT NOT NULL,
  name TEXT NOT NULL,
  argsJson TEXT NOT NULL,
  clientId TEXT NOT NULL,
  sessionId TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  syncMetadataJson TEXT,
  PRIMARY KEY (seqNumGlobal, seqNumClient)
) WITHOUT ROWID;
CREATE TABLE __headwater_sync_status (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  head INTEGER NOT NULL,
  headEventId TEXT,
  backendId TEXT,
  attachment INTEGER NOT NULL,
  cursorJson TEXT,
  epoch INTEGER NOT NULL,
  term INTEGER NOT NULL,
  clientId TEXT NOT NULL
);
CREATE TABLE __headwater_rejected (
  eventId TEXT NOT NULL,
  commitId TEXT NOT NULL,
  name TEXT NOT NULL,
  argsJson TEXT NOT NULL,
  clientId TEXT NOT NULL,
  sessionId TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  isClientOnly INTEGER NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  dismissed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX __headwater_rejected_by_event ON __headwater_rejected (eventId);
`

/** In both kinds of state database. */
export const effectTablesSql = `
CREATE TABLE __headwater_session_changeset (
  seqNumGlobal INTEGER NOT NULL,
  seqNumClient INTEGER NOT NULL,
  eventId TEXT NOT NULL,
  changeset BLOB NOT NULL,
  debug TEXT,
  PRIMARY KEY (seqNumGlobal, seqNumClient)
) WITHOUT ROWID;
CREATE TABLE __headwater_quarantine (
  eventId TEXT PRIMARY KEY,
  seqNumGlobal INTEGER NOT NULL,
  seqNumClient INTEGER NOT NULL,
  error TEXT NOT NULL
) WITHOUT ROWID;
`

/** Only in the leader's state database. */
export const stateHeadTableSql = `
CREATE TABLE IF NOT EXISTS __headwater_state_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seqNumGlobal INTEGER NOT NULL,
  seqNumClient INTEGER NOT NULL,
  eventId TEXT,
  epoch INTEGER NOT NULL,
  term INTEGER NOT NULL,
  trimmedToGlobal INTEGER NOT NULL,
  trimmedToClient INTEGER NOT NULL,
  attachment INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  isComplete INTEGER NOT NULL
);
`
