/** Of docs/queries.md: its tables with a list in them, and somebody to show answers to. */
import { memoryAdapter } from '@headwater/adapter-node'
import { column, createStore, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export { column, Schema, sql, table } from '@headwater/core'
export { firstOf, kyselyOf, nullable, rowsOf } from '@headwater/core/kysely'

export const lists = table('lists', { id: column.text().primaryKey(), name: column.text() })
export const todos = table('todos', {
  id: column.text().primaryKey(),
  listId: column.text().references(() => lists.columns.id),
  text: column.text(),
  done: column.boolean().default(false),
  dueAt: column.datetime().nullable(),
  minutes: column.integer().default(0),
})

const listAdded = defineEvent('listAdded', Schema.Struct({ id: Schema.String, name: Schema.String }))
export const todoAdded = defineEvent(
  'todoAdded',
  Schema.Struct({ id: Schema.String, listId: Schema.String, text: Schema.String }),
)
export const schema = defineSchema({
  version: 1,
  tables: { lists, todos },
  events: { listAdded, todoAdded },
  materializers: {
    listAdded: (list) => lists.insert(list),
    todoAdded: (todo) => todos.insert({ ...todo, dueAt: new Date(0) }),
  },
})

export const store = await createStore({ schema, storeId: 'docs', adapter: memoryAdapter() })
store.commit(listAdded({ id: 'home', name: 'At home' }))

/** What was shown, oldest first. */
export const shown: Array<unknown> = []
export const show = (value: unknown): void => void shown.push(structuredClone(value))
const controller = new AbortController()
export const signal: AbortSignal = controller.signal
/** Ends the loop that it is called in. */
export const render = (value: unknown): Promise<void> => {
  show(value)
  controller.abort()
  return Promise.resolve()
}
