import type { Item } from '../ItemRows.ts'
import { type OpenWatchedStore, type Watch, watchedSizes } from '../LiveQueriesLoop.ts'
import { openRawItems } from '../RawItems.ts'

/** The query of a watch, with its values. */
const sqlOf = ({ listId, positionMin, positionMax, textMin }: Watch) => {
  const conditions = [
    ['listId = ?', listId],
    ['position >= ?', positionMin],
    ['position <= ?', positionMax],
    ['text >= ?', textMin],
  ].filter(([, value]) => value !== undefined)
  const where = conditions.map(([text]) => text).join(' AND ')
  return {
    sql: `SELECT id, listId, position, text FROM items WHERE ${where} ORDER BY position, rowid`,
    params: conditions.map(([, value]) => value),
  }
}

/** A program that knows, without looking, which of its queries a commit concerns: it runs those again, prepared. */
export const openRawLiveQueries: OpenWatchedStore = () => {
  const { database, rename } = openRawItems({ sizes: watchedSizes, capture: true })
  const concerned = new Set<() => void>()
  const renameAll = (renamed: ReadonlyArray<Pick<Item, 'id' | 'text'>>): void => {
    rename(renamed)
    for (const run of concerned) run()
  }
  return Promise.resolve({
    rename: (id, text) => renameAll([{ id, text }]),
    renameAll,
    watch: (watch) => {
      const { sql, params } = sqlOf(watch)
      const select = database.prepare<Array<unknown>, Item>(sql)
      let last: ReadonlyArray<Item> = []
      const run = (): void => {
        last = select.all(...params)
      }
      run()
      if (watch.listId === 'list-0') concerned.add(run)
      return { answer: () => last, end: () => concerned.delete(run) }
    },
    settle: () => Promise.resolve(),
    close: () => Promise.resolve(void database.close()),
  })
}
