import type { Adapter } from '@headwater/core'
import { items, openItemStore } from '../ItemStore.ts'
import { type OpenReadStore, readSizes } from '../ReadLoop.ts'

/** Every call builds its query, as an app does. */
export const openHeadwaterReads =
  (adapter: Adapter): OpenReadStore =>
  async () => {
    const store = await openItemStore(adapter, readSizes)
    return {
      point: (id) => store.query(items.where({ id }).first()),
      list: (listId) => store.query(items.where({ listId }).orderBy('position')),
      count: (listId, positionMin) => store.query(items.where({ listId, position: { '>=': positionMin } }).count()),
      close: () => store.close(),
    }
  }
