import type { Item } from '../ItemRows.ts'
import { openRawItems } from '../RawItems.ts'
import { type OpenReadStore, readSizes } from '../ReadLoop.ts'

export const openRawReads: OpenReadStore = () => {
  const { database } = openRawItems({ sizes: readSizes, capture: false })
  const point = database.prepare<[string, number], Item>(
    'SELECT id, listId, position, text FROM items WHERE id = ? ORDER BY rowid LIMIT ?',
  )
  const list = database.prepare<[string], Item>(
    'SELECT id, listId, position, text FROM items WHERE listId = ? ORDER BY position, rowid',
  )
  const count = database
    .prepare<[string, number], number>('SELECT count(*) FROM items WHERE listId = ? AND position >= ?')
    .pluck()
  return Promise.resolve({
    point: (id) => point.get(id, 1),
    list: (listId) => list.all(listId),
    count: (listId, positionMin) => count.get(listId, positionMin) ?? -1,
    close: () => Promise.resolve(void database.close()),
  })
}
