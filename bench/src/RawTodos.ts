import Database from 'better-sqlite3'
import { type TodoArgs, todosChecksum } from './TodoRows.ts'

/**
 * What a program without Headwater does: better-sqlite3 with the same statements, and (`capture`) also what makes an
 * event reversible, in the same transaction: TEMP triggers that hand the changed rows to a function, and one row with
 * them per event. Its encoding is JSON: a floor that anybody would write, not one that was tuned.
 */
export interface RawTodos {
  /** One transaction. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => void
  /** One transaction: takes back the last `undone` events, newest first, and then commits `events`. Only with `capture`. */
  readonly rebase: (undone: number, events: ReadonlyArray<TodoArgs>) => void
  /** Nothing will be taken back any more. Only with `capture`. */
  readonly forgetUndo: () => void
  readonly checksum: () => string
  readonly close: () => void
}

const todosSql =
  'CREATE TABLE todos (id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0) STRICT'

const captureSql = `
CREATE TABLE changeset (
  seqNumGlobal INTEGER NOT NULL, seqNumClient INTEGER NOT NULL, eventId TEXT NOT NULL, changeset BLOB NOT NULL,
  PRIMARY KEY (seqNumGlobal, seqNumClient)
) WITHOUT ROWID;
CREATE TEMP TRIGGER captureInsert AFTER INSERT ON main.todos BEGIN SELECT capture(0.0, new.id, new.text, new.done); END;
CREATE TEMP TRIGGER captureUpdate AFTER UPDATE ON main.todos
  BEGIN SELECT capture(1.0, old.id, old.text, old.done, new.id, new.text, new.done); END;
CREATE TEMP TRIGGER captureDelete AFTER DELETE ON main.todos BEGIN SELECT capture(2.0, old.id, old.text, old.done); END;
PRAGMA recursive_triggers = ON;
`

export const openRawTodos = (options: { readonly capture: boolean; readonly path?: string }): RawTodos => {
  const database = new Database(options.path ?? ':memory:')
  if (options.path !== undefined) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  database.exec(`PRAGMA foreign_keys = ON; ${todosSql}`)
  const insertTodo = database.prepare('INSERT INTO todos (id, text, done) VALUES (?, ?, ?)')
  const captured = options.capture ? capturing(database, insertTodo) : undefined
  const write = captured?.write ?? (({ id, text }: TodoArgs) => void insertTodo.run(id, text, 0))
  const begin = database.prepare('BEGIN')
  const commit = database.prepare('COMMIT')
  return {
    commit: (events) => {
      begin.run()
      for (const event of events) write(event)
      commit.run()
    },
    rebase: (undone, events) => {
      begin.run()
      captured?.undo(undone)
      for (const event of events) write(event)
      commit.run()
    },
    forgetUndo: () => captured?.forget(),
    checksum: () => {
      const rows = database.prepare<[], [string, string, number]>('SELECT id, text, done FROM todos ORDER BY id').raw()
      const [counted = -1] =
        database.prepare<[], [number]>('SELECT count(*) FROM todos WHERE done = 0').raw().get() ?? []
      return todosChecksum(rows.all(), counted)
    },
    close: () => database.close(),
  }
}

/** What capture makes possible, inside the caller's transaction. */
interface Captured {
  readonly write: (args: TodoArgs) => void
  readonly undo: (count: number) => void
  readonly forget: () => void
}

const capturing = (database: Database.Database, insertTodo: Database.Statement): Captured => {
  let captured: Array<ReadonlyArray<unknown>> = []
  let seq = 0
  database.function('capture', { varargs: true, safeIntegers: true }, (...call: Array<unknown>) => {
    captured.push(call)
    return null
  })
  database.exec(captureSql)
  const insertChangeset = database.prepare(
    'INSERT INTO changeset (seqNumGlobal, seqNumClient, eventId, changeset) VALUES (?, ?, ?, ?)',
  )
  const behind = database
    .prepare<[number], Buffer>('SELECT changeset FROM changeset WHERE seqNumGlobal > ? ORDER BY seqNumGlobal DESC')
    .pluck()
  const deleteBehind = database.prepare('DELETE FROM changeset WHERE seqNumGlobal > ?')
  const deleteTodo = database.prepare('DELETE FROM todos WHERE id = ?')
  /** Every event is one INSERT: its inverse deletes exactly that row. */
  const applyInverse = (changeset: Buffer): void => {
    for (const [, id] of JSON.parse(changeset.toString('utf8')) as ReadonlyArray<ReadonlyArray<unknown>>) {
      if (deleteTodo.run(id).changes !== 1) throw new Error(`todo ${String(id)} is gone`)
    }
  }
  return {
    write: ({ id, text }) => {
      captured = []
      insertTodo.run(id, text, 0)
      const changeset = JSON.stringify(captured, (_, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      )
      insertChangeset.run(++seq, 0, id, Buffer.from(changeset))
    },
    undo: (count) => {
      seq -= count
      for (const changeset of behind.all(seq)) applyInverse(changeset)
      deleteBehind.run(seq)
    },
    forget: () => void deleteBehind.run(0),
  }
}
