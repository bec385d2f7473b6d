import path from 'node:path'
import Database from 'better-sqlite3'
import { sampleMax } from './ListStore.ts'
import { todosChecksum } from './TodoRows.ts'

/** A store that has just been opened from its files. */
export interface Reopened {
  /** The first query. */
  readonly count: () => number
  readonly checksum: () => string
  readonly close: () => Promise<void>
}

/** Opens the store whose files are in `folder/bench`. */
export type Reopen = (folder: string) => Promise<Reopened>

/** What every program has to do that works in memory: open the state file and copy it there. */
export const openCopy = (folder: string): Promise<Reopened> => {
  const file = new Database(path.join(folder, 'bench', 'state-v1.db'))
  const image = file.serialize()
  // A database in memory knows no WAL: the two bytes of the header that say so.
  image[18] = image[19] = 1
  const copy = new Database(image)
  const count = (): number => copy.prepare<[], number>('SELECT count(*) FROM todos').pluck().get() ?? -1
  return Promise.resolve({
    count,
    checksum: () => {
      const rows = copy.prepare<[number], [string, string, number]>(
        'SELECT id, text, done FROM todos ORDER BY id DESC LIMIT ?',
      )
      return todosChecksum(rows.raw().all(sampleMax), count())
    },
    close: () => {
      copy.close()
      file.close()
      return Promise.resolve()
    },
  })
}
