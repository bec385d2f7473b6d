import type { Adapter } from '@headwater/core'
import { items, itemsWritten, openItemStore, settled } from '../ItemStore.ts'
import { type OpenReactiveStore, reactiveSizes } from '../ReactiveLoop.ts'

export const openHeadwaterReactive =
  (adapter: Adapter): OpenReactiveStore =>
  async () => {
    const store = await openItemStore(adapter, reactiveSizes)
    return {
      subscribe: (listId, hear) => store.subscribe(items.where({ listId }).orderBy('position'), hear),
      write: (written) => void store.commit(itemsWritten({ items: written })),
      settle: () => settled(store),
      close: () => store.close(),
    }
  }
