import type { Adapter } from '@headwater/core'
import { itemMoved, itemRenamed, items, openItemStore, settled } from '../ItemStore.ts'
import { type OpenSortedStore, shownCount, sortedSizes } from '../SortedRowsLoop.ts'

const byPosition = items.orderBy('position')

export const openHeadwaterSortedRows =
  (adapter: Adapter): OpenSortedStore =>
  async () => {
    const store = await openItemStore(adapter, sortedSizes)
    return {
      subscribe: (reading, hear) => {
        let isFirst = true
        const unlessFirst = (tell: () => void): void => {
          if (!isFirst) tell()
          isFirst = false
        }
        return reading === 'array'
          ? store.subscribe(byPosition, (rows) => unlessFirst(() => hear({ changed: [], rows })))
          : store.subscribeChanges(byPosition, ({ rows, changes = [] }) =>
              unlessFirst(() => hear({ changed: changes.map(({ row }) => row), rows: rows.slice(0, shownCount) })),
            )
      },
      rename: (id, text) => void store.commit(itemRenamed({ id, text })),
      move: (id, position) => void store.commit(itemMoved({ id, position })),
      settle: () => settled(store),
      close: () => store.close(),
    }
  }
