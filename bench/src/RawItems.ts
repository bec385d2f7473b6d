import Database from 'better-sqlite3'
import { type Item, type ItemSizes, itemRange } from './ItemRows.ts'

export interface RawItemsOptions {
  readonly sizes: ItemSizes
  /** Also what makes an event reversible, in the same transaction; as in `RawTodos.ts`. */
  readonly capture: boolean
}

/** What a program without Headwater does for an item: better-sqlite3 with the same statements. */
export interface RawItems {
  readonly database: Database.Database
  /** One transaction for all of them. */
  readonly rename: (renamed: ReadonlyArray<Pick<Item, 'id' | 'text'>>) => void
}

const itemsSql = `
CREATE TABLE items (
  id TEXT NOT NULL PRIMARY KEY, listId TEXT NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX itemsByList ON items (listId);
CREATE INDEX itemsByPosition ON items (position);
`

const captureSql = `
CREATE TABLE changeset (seqNum INTEGER NOT NULL PRIMARY KEY, changeset BLOB NOT NULL);
CREATE TEMP TRIGGER captureUpdate AFTER UPDATE ON main.items
  BEGIN SELECT capture(1.0, old.id, old.listId, old.position, old.text, new.id, new.listId, new.position, new.text); END;
`

export const openRawItems = ({ sizes, capture }: RawItemsOptions): RawItems => {
  const database = new Database(':memory:')
  database.exec(itemsSql)
  const insert = database.prepare('INSERT INTO items (id, listId, position, text) VALUES (?, ?, ?, ?)')
  database.transaction(() => {
    for (const { id, listId, position, text } of itemRange(0, sizes.count, sizes))
      insert.run(id, listId, position, text)
  })()
  const update = database.prepare('UPDATE items SET text = ? WHERE id = ?')
  const [begin, commit] = [database.prepare('BEGIN'), database.prepare('COMMIT')]
  const keep = capture ? capturing(database) : () => undefined
  return {
    database,
    rename: (renamed) => {
      begin.run()
      for (const { id, text } of renamed) update.run(text, id)
      keep()
      commit.run()
    },
  }
}

/** The answer writes the row with what has changed since the last call. */
const capturing = (database: Database.Database): (() => void) => {
  let captured: Array<ReadonlyArray<unknown>> = []
  let seqNum = 0
  database.function('capture', { varargs: true }, (...call: Array<unknown>) => {
    captured.push(call)
    return null
  })
  database.exec(captureSql)
  const insert = database.prepare('INSERT INTO changeset (seqNum, changeset) VALUES (?, ?)')
  return () => {
    insert.run(++seqNum, Buffer.from(JSON.stringify(captured)))
    captured = []
  }
}
