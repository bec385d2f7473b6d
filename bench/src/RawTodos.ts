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
  const write = options.capture
    ? capturing(database, insertTodo)
    : ({ id, text }: TodoArgs) => void insertTodo.run(id, text, 0)
  const begin = database.prepare('BEGIN')
  const commit = database.prepare('COMMIT')
  return {
    commit: (events) => {
      begin.run()
      for (const event of events) write(event)
      commit.run()
    },
    checksum: () => {
      const rows = database.prepare<[], [string, string, number]>('SELECT id, text, done FROM todos ORDER BY id').raw()
      const [counted = -1] =
        database.prepare<[], [number]>('SELECT count(*) FROM todos WHERE done = 0').raw().get() ?? []
      return todosChecksum(rows.all(), counted)
    },
    close: () => database.close(),
  }
}

const capturing = (database: Database.Database, insertTodo: Database.Statement): ((args: TodoArgs) => void) => {
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
  return ({ id, text }) => {
    captured = []
    insertTodo.run(id, text, 0)
    const changeset = JSON.stringify(captured, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    )
    insertChangeset.run(++seq, 0, id, Buffer.from(changeset))
  }
}
