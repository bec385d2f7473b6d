/** An app with a column of every kind, and its store on both drivers. */
import { Leader, type LeaderStorage, localLeaderClient } from '@headwater/core/adapter'
import { column, createStore, defineEvent, defineSchema, Schema, type Store, table } from '@headwater/core'
import { onTestFinished } from 'vitest'
import type { Adapter, SqliteConnection } from '../../src/adapter.ts'
import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { loadWasmSqlite } from '../../../sqlite-wasm/src/WasmSqlite.ts'
import { openWasmSqlite } from '../../../sqlite-wasm/src/WasmSqliteConnection.ts'

export const lists = table('lists', {
  id: column.text().primaryKey(),
  name: column.text(),
  parentId: column.text().nullable(),
})
export const todos = table('todos', {
  id: column.text().primaryKey(),
  listId: column.text(),
  text: column.text(),
  done: column.boolean().default(false),
  createdAt: column.datetime(),
  size: column.bigint(),
  weight: column.real().nullable(),
  tags: column.json(Schema.Array(Schema.String)),
  image: column.blob().nullable(),
})

const listAdded = defineEvent(
  'listAdded',
  Schema.Struct({ id: Schema.String, name: Schema.String, parentId: Schema.NullOr(Schema.String) }),
)
const todoAdded = defineEvent(
  'todoAdded',
  Schema.Struct({
    id: Schema.String,
    listId: Schema.String,
    done: Schema.Boolean,
    day: Schema.Int,
    size: Schema.BigIntFromString,
    weight: Schema.NullOr(Schema.Number),
    tags: Schema.Array(Schema.String),
  }),
)
const todoRemoved = defineEvent('todoRemoved', Schema.Struct({ id: Schema.String }))
export const events = { listAdded, todoAdded, todoRemoved }

export const day = (count: number): Date => new Date(count * 86_400_000)

export const schema = defineSchema({
  version: 1,
  tables: { lists, todos },
  events,
  materializers: {
    listAdded: (list) => lists.insert(list),
    todoAdded: ({ day: at, ...todo }) =>
      todos.insert({ ...todo, text: `todo ${todo.id}`, createdAt: day(at), image: null }),
    todoRemoved: ({ id }) => todos.delete().where({ id }),
  },
})

const wasm = await loadWasmSqlite()
type Open = (options: { readonly image?: Uint8Array }) => SqliteConnection
export const drivers: ReadonlyArray<readonly [string, Open]> = [
  ['better-sqlite3', (options) => openBetterSqlite(options)],
  ['wa-sqlite', (options) => openWasmSqlite(wasm, options)],
]

const adapterOf = (open: Open): Adapter => ({
  name: 'memory',
  connect: ({ environment }) => {
    const storage: LeaderStorage = {
      openEventlog: () => open({}),
      openState: () => open({}),
      replaceState: (image) => open(image === null ? {} : { image }),
      keepExport: () => 'memory',
      setAsideEventlog: () => ({ eventlog: open({}), corrupt: undefined, keptAs: 'memory', done: () => undefined }),
    }
    const leader = new Leader({ environment, storage })
    return Promise.resolve({
      client: localLeaderClient(leader, environment, () => leader.close()),
      openDatabase: (image) => open(image === undefined ? {} : { image }),
    })
  },
  importLog: () => Promise.resolve(),
  wipe: () => Promise.resolve(),
})

let stores = 0
export const openShop = async (open: Open): Promise<Store> => {
  const store = await createStore({ schema, storeId: `shop-${stores++}`, adapter: adapterOf(open) })
  onTestFinished(() => store.close())
  return store
}

export interface TodoInput {
  readonly id: string
  readonly listId?: string
  readonly done?: boolean
  readonly day?: number
  readonly size?: bigint
  readonly weight?: number | null
  readonly tags?: ReadonlyArray<string>
}

export const addTodo = (store: Store, { id, ...rest }: TodoInput): unknown =>
  store.commit(todoAdded({ id, listId: 'a', done: false, day: 0, size: 0n, weight: null, tags: [], ...rest }))

export const addList = (store: Store, id: string, parentId: string | null = null): unknown =>
  store.commit(listAdded({ id, name: `list ${id}`, parentId }))
