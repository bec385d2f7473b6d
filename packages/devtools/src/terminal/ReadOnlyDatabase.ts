import { existsSync, readFileSync, statSync } from 'node:fs'
import { openBetterSqlite } from '@headwater/adapter-node'
import { type SqliteConnection, SqliteError } from '@headwater/core/adapter'
import { FileUnreadable } from './TerminalError.ts'

/**
 * A larger file is read where it is. SQLite leaves an empty WAL and its index beside a database that nobody else had open,
 * which belong to whoever looked: were that root, the app could not open its store any more.
 */
const copiedBytesMax = 64 * 1024 * 1024

/** A copy is of one moment if the file was the same before and after; somebody opens the store if not. */
const triesMax = 3

/**
 * Opens a database file for reading, whoever has it open meanwhile. A file that nobody has open is read from a copy in
 * memory, so that nothing is left beside it.
 *
 * **Fails with**  `FileUnreadable`, `SqliteError`.
 */
export const openReadOnly = (path: string): SqliteConnection => {
  const connection = guarded(path, () => copyOf(path) ?? openBetterSqlite({ path, readonly: true }))
  try {
    // A file that is no database fails at its first use.
    guarded(path, () => connection.prepare('PRAGMA schema_version').get())
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Runs `read`. **Fails with** `FileUnreadable` where the file is damaged. */
export const guarded = <A>(path: string, read: () => A): A => {
  try {
    return read()
  } catch (error) {
    if (error instanceof SqliteError && error.isDamage) throw new FileUnreadable({ path, detail: error.detail })
    throw error
  }
}

/** `undefined`: somebody has it open, or it is large. */
const copyOf = (path: string): SqliteConnection | undefined => {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const before = statSync(path)
    if (existsSync(`${path}-wal`) || before.size > copiedBytesMax) return undefined
    const image = readFileSync(path)
    const after = statSync(path)
    const isSame = before.mtimeMs === after.mtimeMs && before.size === after.size && before.ino === after.ino
    if (isSame && !existsSync(`${path}-wal`)) return openBetterSqlite(image.length === 0 ? {} : { image })
  }
  return undefined
}
