import type { Item } from '../ItemRows.ts'
import { openRawItems } from '../RawItems.ts'
import { type OpenReactiveStore, reactiveSizes } from '../ReactiveLoop.ts'

/** A program that knows, without looking, in which list a row is: it reads that list again, prepared. */
export const openRawReactive: OpenReactiveStore = () => {
  const { database, rename } = openRawItems({ sizes: reactiveSizes, capture: true })
  const select = database.prepare<[string], Item>(
    'SELECT id, listId, position, text FROM items WHERE listId = ? ORDER BY position, rowid',
  )
  const subscribers = new Map<string, () => void>()
  const listOf = new Map(
    database
      .prepare<[], Pick<Item, 'id' | 'listId'>>('SELECT id, listId FROM items')
      .all()
      .map(({ id, listId }) => [id, listId]),
  )
  return Promise.resolve({
    subscribe: (listId, hear) => {
      const run = (): void => hear(select.all(listId))
      subscribers.set(listId, run)
      run()
      return () => subscribers.delete(listId)
    },
    write: (written) => {
      rename(written)
      for (const { id } of written) subscribers.get(listOf.get(id)!)!()
    },
    settle: () => Promise.resolve(),
    close: () => Promise.resolve(void database.close()),
  })
}
