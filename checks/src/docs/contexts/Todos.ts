/** The todos of README.md in an open store: what most pages speak of. */
import { memoryAdapter, nodeAdapter as nodeAdapterWith } from '@headwater/adapter-node'
import {
  type Adapter,
  column,
  createStore,
  defineEvent,
  defineSchema,
  Schema,
  type Store,
  table,
} from '@headwater/core'
import { memoryBackend } from '@headwater/testkit'

export {
  and,
  column,
  createStore,
  defineEvent,
  defineSchema,
  type EventInput,
  formatPosition,
  importStore,
  inspectStore,
  or,
  Schema,
  sql,
  type Store,
  table,
} from '@headwater/core'
export { memoryAdapter } from '@headwater/adapter-node'
export { memoryBackend } from '@headwater/testkit'
export { httpBackend } from '@headwater/backend-http'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})
export const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoRenamed = defineEvent('todoRenamed', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoDone = defineEvent('todoDone', Schema.Struct({ id: Schema.String }))
export const todoDeleted = defineEvent('todoDeleted', Schema.Struct({ id: Schema.String }))
export const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated, todoRenamed, todoDone, todoDeleted },
  materializers: {
    todoCreated: ({ id, text }) => todos.insert({ id, text }),
    todoRenamed: ({ id, text }) => todos.update({ text }).where({ id }),
    todoDone: ({ id }) => todos.update({ done: true }).where({ id }),
    todoDeleted: ({ id }) => todos.delete().where({ id }),
  },
})

export const backend = memoryBackend()
export const openClient = (): Promise<Store> =>
  createStore({ schema, storeId: 'demo', adapter: memoryAdapter(), backend })
export const store = await openClient()
export const directory = './data'
/** Real files, without the second that each worker takes to start; pages that import the adapter themselves have one. */
export const nodeAdapter = (options: { readonly directory: string }): Adapter =>
  nodeAdapterWith({ ...options, leader: 'same-thread' })
/** Everybody has what everybody has committed. */
export const synced = async (...stores: ReadonlyArray<Store>): Promise<void> => {
  for (const each of stores) await each.until(({ isSynced }) => isSynced)
  const head = (): number => backend.log('demo').length
  for (const each of stores)
    await each.until(({ isSynced, session }) => isSynced && session.settledHead.global === head())
}
