import {
  type Adapter,
  Schema,
  type Store,
  column,
  createStore,
  defineEvent,
  defineSchema,
  table,
} from '@headwater/core'
import { type ItemSizes, itemRange } from './ItemRows.ts'

/** The app of the workloads about queries. */
export const items = table(
  'items',
  {
    id: column.text().primaryKey(),
    listId: column.text(),
    position: column.integer(),
    text: column.text(),
  },
  { indexes: [['listId'], ['position']] },
)

/** Makes rows `first … first + count - 1`: the event says which, so that a hundred thousand fit into a few. */
export const itemsFilled = defineEvent(
  'itemsFilled',
  Schema.Struct({ first: Schema.Number, count: Schema.Number, lists: Schema.Number, textLength: Schema.Number }),
)

export const itemRenamed = defineEvent('itemRenamed', Schema.Struct({ id: Schema.String, text: Schema.String }))

export const itemMoved = defineEvent('itemMoved', Schema.Struct({ id: Schema.String, position: Schema.Number }))

export const itemsWritten = defineEvent(
  'itemsWritten',
  Schema.Struct({ items: Schema.Array(Schema.Struct({ id: Schema.String, text: Schema.String })) }),
)

const itemSchema = defineSchema({
  version: 1,
  tables: { items },
  events: { itemsFilled, itemRenamed, itemMoved, itemsWritten },
  materializers: {
    itemsFilled: ({ first, count, lists, textLength }) =>
      items.insert(itemRange(first, count, { count, lists, textLength })),
    itemRenamed: ({ id, text }) => items.update({ text }).where({ id }),
    itemMoved: ({ id, position }) => items.update({ position }).where({ id }),
    itemsWritten: (written) => written.items.map(({ id, text }) => items.update({ text }).where({ id })),
  },
})

/** One event fills as many: its changeset is a message of some megabytes. */
const fillCount = 10_000

/** A store with `sizes.count` rows, which the leader has, too. */
export const openItemStore = async (adapter: Adapter, sizes: ItemSizes): Promise<Store> => {
  const store = await createStore({ schema: itemSchema, storeId: 'bench', adapter })
  const { lists, textLength } = sizes
  for (let first = 0; first < sizes.count; first += fillCount) {
    const count = Math.min(fillCount, sizes.count - first)
    store.commit(itemsFilled({ first, count, lists, textLength }))
  }
  await settled(store)
  return store
}

/** Resolves when nothing runs behind the app's back any more. */
export const settled = async (store: Store): Promise<void> => {
  await store.until(({ session }) => session.pending === 0)
}
