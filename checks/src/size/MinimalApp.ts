/** The smallest app in a browser that does everything: what {@link measureSizes} builds. It is not run. */
import { webAdapter } from '@headwater/adapter-web'
import { httpBackend } from '@headwater/backend-http'
import { column, createStore, defineEvent, defineSchema, Schema, table } from '@headwater/core'

const todos = table('todos', { id: column.text().primaryKey(), text: column.text() })
const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))

const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated },
  materializers: { todoCreated: (todo) => todos.insert(todo) },
})

const backend = httpBackend({ url: '/sync' })
const store = await createStore({ schema, storeId: 'demo', adapter: webAdapter(), backend })
store.subscribe(todos.count(), (count) => console.log(count))
store.commit(todoCreated({ id: crypto.randomUUID(), text: 'hello' }))
