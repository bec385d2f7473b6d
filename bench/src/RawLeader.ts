import path from 'node:path'
import Database from 'better-sqlite3'
import { Checksum } from './Checksum.ts'
import { type RawTodos, openRawTodos } from './RawTodos.ts'
import { type TodoArgs, todosChecksum } from './TodoRows.ts'

/**
 * The durable floor: one program, one thread, the same statements as ours: session tables with capture in memory, the
 * eventlog on disk (WAL, `synchronous=FULL`), the state database with its changeset rows beside it (`NORMAL`).
 */
export interface RawLeader {
  /** One transaction in memory. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => void
  /** One transaction on each file; durable when it returns. */
  readonly persist: (events: ReadonlyArray<TodoArgs>) => void
  /** Takes back the last `undone` events and puts `events` in their place: the three databases, each in one transaction. */
  readonly rebase: Readonly<
    Record<'log' | 'session' | 'state', (undone: number, events: ReadonlyArray<TodoArgs>) => void>
  >
  /** What is there stays there. */
  readonly forgetUndo: () => void
  /** Of the session's tables. */
  readonly checksum: () => string
  readonly close: () => void
}

const eventlogSql = `
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE eventlog (
  seqNumGlobal INTEGER NOT NULL, seqNumClient INTEGER NOT NULL, rebaseGeneration INTEGER NOT NULL,
  parentSeqNumGlobal INTEGER NOT NULL, parentSeqNumClient INTEGER NOT NULL,
  eventId TEXT NOT NULL UNIQUE, commitId TEXT NOT NULL, name TEXT NOT NULL, argsJson TEXT NOT NULL,
  clientId TEXT NOT NULL, sessionId TEXT NOT NULL, createdAt INTEGER NOT NULL, syncMetadataJson TEXT,
  PRIMARY KEY (seqNumGlobal, seqNumClient)
) WITHOUT ROWID;
`

/** A session's or client's id is as long as that. */
const anyId = '00000000-0000-4000-8000-ffffffffffff'

export const openRawLeader = (directory: string): RawLeader => {
  const session: RawTodos = openRawTodos({ capture: true })
  const state = openRawTodos({ capture: true, path: path.join(directory, 'state-v1.db') })
  const log = new Database(path.join(directory, 'eventlog-v1.db'))
  log.exec(eventlogSql)
  const insert = log.prepare('INSERT INTO eventlog VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const deleteBehind = log.prepare('DELETE FROM eventlog WHERE (seqNumGlobal, seqNumClient) > (?, ?)')
  const [begin, commit] = [log.prepare('BEGIN IMMEDIATE'), log.prepare('COMMIT')]
  let seq = 0
  const append = (event: TodoArgs): void => {
    seq++
    const id = `${event.id.slice(0, -13)}-${event.id.slice(-12)}`
    const now = Date.now()
    insert.run(seq, 0, 0, seq - 1, 0, id, id, 'todoCreated', JSON.stringify(event), anyId, anyId, now, null)
  }
  const rebaseLog = (undone: number, events: ReadonlyArray<TodoArgs>): void => {
    begin.run()
    seq -= undone
    if (undone > 0) deleteBehind.run(seq, 0)
    for (const event of events) append(event)
    commit.run()
  }
  return {
    commit: session.commit,
    persist: (events) => {
      rebaseLog(0, events)
      state.commit(events)
    },
    rebase: { log: rebaseLog, session: session.rebase, state: state.rebase },
    forgetUndo: () => {
      session.forgetUndo()
      state.forgetUndo()
    },
    checksum: session.checksum,
    close: () => {
      session.close()
      state.close()
      log.close()
    },
  }
}

/**
 * What the two files in `folder` hold once everything is closed: the args of the log in order, and the state's todos.
 * Read with better-sqlite3 alone, so that it says what is on the disk and not what we think is there.
 */
export const filesChecksum = (folder: string): string => {
  const log = new Database(path.join(folder, 'eventlog-v1.db'), { readonly: true })
  const state = new Database(path.join(folder, 'state-v1.db'), { readonly: true })
  try {
    const checksum = new Checksum()
    const args = log.prepare<[], [string, string]>(
      'SELECT name, argsJson FROM eventlog ORDER BY seqNumGlobal, seqNumClient',
    )
    for (const row of args.raw().iterate()) checksum.add(JSON.stringify(row))
    const rows = state.prepare<[], [string, string, number]>('SELECT id, text, done FROM todos ORDER BY id').raw().all()
    return `${checksum.digest()}-${todosChecksum(rows, rows.length)}`
  } finally {
    log.close()
    state.close()
  }
}
