import { setImmediate as nextTurn } from 'node:timers/promises'
import { makeAdapter } from '@livestore/adapter-node'
import { Events, Schema, State, createStorePromise, makeSchema, queryDb } from '@livestore/livestore'
import type { OpenPeerStore } from '../../src/PeerLoop.ts'
import { todosChecksum } from '../../src/TodoRows.ts'

/** The app of every workload in LiveStore's words: an event `{id, text}` that becomes one INSERT. */
const todos = State.SQLite.table({
  name: 'todos',
  columns: {
    id: State.SQLite.text({ primaryKey: true }),
    text: State.SQLite.text(),
    done: State.SQLite.boolean({ default: false }),
  },
})

const events = {
  todoCreated: Events.synced({
    name: 'todoCreated',
    schema: Schema.Struct({ id: Schema.String, text: Schema.String }),
  }),
}

const schema = makeSchema({
  events,
  state: State.SQLite.makeState({
    tables: { todos },
    materializers: State.SQLite.materializers(events, {
      todoCreated: ({ id, text }) => todos.insert({ id, text, done: false }),
    }),
  }),
})

/** In memory, or in a folder; the leader in the same thread, devtools off; `NODE_ENV` is `production` in every run. */
export const openLivestore =
  (directory?: string): OpenPeerStore =>
  async ({ count, others }) => {
    const storage = directory === undefined ? { type: 'in-memory' } : { type: 'fs', baseDirectory: directory }
    const store = await createStorePromise({
      adapter: makeAdapter({ storage }),
      schema,
      storeId: 'bench',
      disableDevtools: true,
      batchUpdates: (run) => run(),
    })
    const open = todos.where({ done: false }).count()
    let live: number | undefined
    if (count) store.subscribe(queryDb(open), (value) => (live = value))
    for (let other = 0; other < others; other++) {
      const text = `other ${other}`
      store.subscribe(queryDb(todos.where({ text }), { deps: [text] }), () => {})
    }
    return {
      commit: (batch) => store.commit(...batch.map((args) => events.todoCreated(args))),
      settle: () => synced(store),
      checksum: () => {
        const rows = store.query(todos.orderBy('id', 'asc')).map(({ id, text, done }) => [id, text, Number(done)])
        return todosChecksum(rows, live ?? store.query(open))
      },
      close: () => store.shutdownPromise(),
    }
  }

/** Its session has nothing pending any more: the leader has everything. Asked at every turn, which its leader needs, too. */
const synced = async (store): Promise<void> => {
  while (!store.syncStatus().isSynced) await nextTurn()
}
