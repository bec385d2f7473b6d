/** Of docs/live-queries.md: a list and an order, and somebody to show them to. */
import { memoryAdapter } from '@headwater/adapter-node'
import { column, createStore, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  listId: column.text(),
  text: column.text(),
  position: column.integer(),
})
export const orders = table('orders', { id: column.text().primaryKey(), cents: column.integer() })
const todoAdded = defineEvent(
  'todoAdded',
  Schema.Struct({ id: Schema.String, listId: Schema.String, text: Schema.String, position: Schema.Int }),
)
const schema = defineSchema({
  version: 1,
  tables: { todos, orders },
  events: { todoAdded },
  materializers: { todoAdded: (todo) => todos.insert(todo) },
})

export const store = await createStore({ schema, storeId: 'docs', adapter: memoryAdapter() })
store.commit(todoAdded({ id: '1', listId: 'a', text: 'milk', position: 1 }))

const shown: Array<unknown> = []
export const show = (value: unknown): void => void shown.push(value)
export const showProblem = show
export const render = show
export const log = (...values: ReadonlyArray<unknown>): void => void shown.push(values)
