import { setImmediate as nextTurn } from 'node:timers/promises'
import { createCollection, createLiveQueryCollection, localOnlyCollectionOptions } from '@tanstack/db'
import { type Item, itemRange } from '../../src/ItemRows.ts'
import { type OpenSortedStore, measureSortedRows, shownCount, sortedSizes } from '../../src/SortedRowsLoop.ts'

/** A collection without a server, which is what is fastest there, and a live query that is a collection, too. */
const openSortedRows: OpenSortedStore = async () => {
  const items = createCollection(
    localOnlyCollectionOptions({
      id: 'items',
      getKey: (item: Item) => item.id,
      initialData: [...itemRange(0, sortedSizes.count, sortedSizes)],
    }),
  )
  const live = createLiveQueryCollection({
    query: (from) => from.from({ item: items }).orderBy(({ item }) => item.position),
    startSync: true,
  })
  await live.preload()
  return {
    subscribe: (reading, hear) => {
      const subscription = live.subscribeChanges((changes) =>
        hear(
          reading === 'array'
            ? { changed: [], rows: live.toArray }
            : { changed: changes.map(({ value }) => value), rows: Array.from(live.values().take(shownCount)) },
        ),
      )
      return () => subscription.unsubscribe()
    },
    rename: (id, text) =>
      void items.update(id, (item) => {
        item.text = text
      }),
    move: (id, position) =>
      void items.update(id, (item) => {
        item.position = position
      }),
    // Its transaction ends in a microtask.
    settle: () => nextTurn(),
    close: () => Promise.all([live.cleanup(), items.cleanup()]).then(() => undefined),
  }
}

export const runs = { 'sorted-rows': () => measureSortedRows(openSortedRows) }
