import { setImmediate as nextTurn } from 'node:timers/promises'
import { makeAdapter } from '@livestore/adapter-node'
import { Events, Schema, State, createStorePromise, makeSchema, queryDb } from '@livestore/livestore'
import { type Item, type ItemSizes, itemRange } from '../../src/ItemRows.ts'
import { type OpenWatchedStore, type Watch, watchedSizes } from '../../src/LiveQueriesLoop.ts'
import { type OpenReactiveStore, reactiveSizes } from '../../src/ReactiveLoop.ts'
import { type OpenReadStore, readSizes } from '../../src/ReadLoop.ts'

/** `ItemStore.ts` in LiveStore's words. */
const items = State.SQLite.table({
  name: 'items',
  columns: {
    id: State.SQLite.text({ primaryKey: true }),
    listId: State.SQLite.text(),
    position: State.SQLite.integer(),
    text: State.SQLite.text(),
  },
  indexes: [
    { name: 'itemsByList', columns: ['listId'] },
    { name: 'itemsByPosition', columns: ['position'] },
  ],
})

const events = {
  itemsFilled: Events.synced({
    name: 'itemsFilled',
    schema: Schema.Struct({
      first: Schema.Number,
      count: Schema.Number,
      lists: Schema.Number,
      textLength: Schema.Number,
    }),
  }),
  itemsWritten: Events.synced({
    name: 'itemsWritten',
    schema: Schema.Struct({ items: Schema.Array(Schema.Struct({ id: Schema.String, text: Schema.String })) }),
  }),
}

const schema = makeSchema({
  events,
  state: State.SQLite.makeState({
    tables: { items },
    materializers: State.SQLite.materializers(events, {
      itemsFilled: ({ first, count, lists, textLength }) =>
        itemRange(first, count, { count, lists, textLength }).map((item) => items.insert(item)),
      itemsWritten: (written) => written.items.map(({ id, text }) => items.update({ text }).where({ id })),
    }),
  }),
})

/** One event fills as many. */
const fillCount = 1_000

const open = async ({ count, lists, textLength }: ItemSizes) => {
  const store = await createStorePromise({
    adapter: makeAdapter({ storage: { type: 'in-memory' } }),
    schema,
    storeId: 'bench',
    disableDevtools: true,
    batchUpdates: (run) => run(),
  })
  for (let first = 0; first < count; first += fillCount) {
    store.commit(events.itemsFilled({ first, count: Math.min(fillCount, count - first), lists, textLength }))
    await synced(store)
  }
  return store
}

/** As in `LivestoreStore.ts`: nothing is pending any more. */
const synced = async (store): Promise<void> => {
  while (!store.syncStatus().isSynced) await nextTurn()
}

const listOf = (listId: string) => items.where({ listId }).orderBy('position', 'asc')

export const openLivestoreReactive: OpenReactiveStore = async () => {
  const store = await open(reactiveSizes)
  return {
    subscribe: (listId, hear) =>
      store.subscribe(queryDb(listOf(listId), { deps: [listId] }), (rows: ReadonlyArray<Item>) => hear(rows)),
    write: (written) => store.commit(events.itemsWritten({ items: written })),
    settle: () => synced(store),
    close: () => store.shutdownPromise(),
  }
}

const watched = ({ listId, positionMin, positionMax, textMin }: Watch) => {
  let query = items.orderBy('position', 'asc')
  if (listId !== undefined) query = query.where('listId', '=', listId)
  if (positionMin !== undefined) query = query.where('position', '>=', positionMin)
  if (positionMax !== undefined) query = query.where('position', '<=', positionMax)
  return textMin === undefined ? query : query.where('text', '>=', textMin)
}

export const openLivestoreWatched: OpenWatchedStore = async () => {
  const store = await open(watchedSizes)
  return {
    rename: (id, text) => store.commit(events.itemsWritten({ items: [{ id, text }] })),
    renameAll: (renamed) => store.commit(events.itemsWritten({ items: renamed })),
    watch: (watch) => {
      let last: ReadonlyArray<Item> = []
      const query = queryDb(watched(watch), { deps: [JSON.stringify(watch)] })
      const end = store.subscribe(query, (rows: ReadonlyArray<Item>) => {
        last = rows
      })
      return { answer: () => last, end }
    },
    settle: () => synced(store),
    close: () => store.shutdownPromise(),
  }
}

/** A query that is handed to `query` as the builder makes it: nothing is subscribed to, nothing kept. */
export const openLivestoreReads: OpenReadStore = async () => {
  const store = await open(readSizes)
  return {
    point: (id) => store.query(items.where({ id }))[0],
    list: (listId) => store.query(listOf(listId)),
    count: (listId, positionMin) =>
      store.query(items.where({ listId, position: { op: '>=', value: positionMin } }).count()),
    close: () => store.shutdownPromise(),
  }
}
