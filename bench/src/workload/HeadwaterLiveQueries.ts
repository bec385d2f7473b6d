import type { Adapter } from '@headwater/core'
import type { Item } from '../ItemRows.ts'
import { itemRenamed, items, itemsWritten, openItemStore, settled } from '../ItemStore.ts'
import { type OpenWatchedStore, type Watch, watchedSizes } from '../LiveQueriesLoop.ts'

const queryOf = ({ listId, positionMin, positionMax, textMin }: Watch) =>
  items
    .where({
      ...(listId === undefined ? {} : { listId }),
      ...(positionMin === undefined && positionMax === undefined
        ? {}
        : {
            position: {
              ...(positionMin === undefined ? {} : { '>=': positionMin }),
              ...(positionMax === undefined ? {} : { '<=': positionMax }),
            },
          }),
      ...(textMin === undefined ? {} : { text: { '>=': textMin } }),
    })
    .orderBy('position')

export const openHeadwaterLiveQueries =
  (adapter: Adapter): OpenWatchedStore =>
  async () => {
    const store = await openItemStore(adapter, watchedSizes)
    return {
      rename: (id, text) => void store.commit(itemRenamed({ id, text })),
      renameAll: (renamed) => void store.commit(itemsWritten({ items: renamed })),
      watch: (watch) => {
        let last: ReadonlyArray<Item> = []
        const end = store.subscribe(queryOf(watch), (rows) => {
          last = rows
        })
        return { answer: () => last, end }
      },
      settle: () => settled(store),
      close: () => store.close(),
    }
  }
