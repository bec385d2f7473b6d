/** The app of these tests. */
import { memoryAdapter } from '@headwater/adapter-node'
import { column, createStore, defineEvent, defineSchema, Schema, type Store, table } from '@headwater/core'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})

const IdAndText = Schema.Struct({ id: Schema.String, text: Schema.String })
export const todoCreated = defineEvent('todoCreated', IdAndText)
export const todoRenamed = defineEvent('todoRenamed', IdAndText)
export const todoDone = defineEvent('todoDone', Schema.Struct({ id: Schema.String }))
export const todoUndone = defineEvent('todoUndone', Schema.Struct({ id: Schema.String }))
export const manyCreated = defineEvent('manyCreated', Schema.Struct({ count: Schema.Int }))

/** Sorts as the number does. */
export const idOf = (index: number): string => String(index).padStart(4, '0')

export const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated, todoRenamed, todoDone, todoUndone, manyCreated },
  materializers: {
    todoCreated: ({ id, text }) => todos.insert({ id, text }),
    todoRenamed: ({ id, text }) => todos.update({ text }).where({ id }),
    todoDone: ({ id }) => todos.update({ done: true }).where({ id }),
    todoUndone: ({ id }) => todos.update({ done: false }).where({ id }),
    manyCreated: ({ count }) =>
      Array.from({ length: count }, (_, index) => todos.insert({ id: idOf(index), text: `todo ${index}` })),
  },
})

export const openStore = (signal?: AbortSignal): Promise<Store> =>
  createStore({
    schema,
    storeId: 'react',
    adapter: memoryAdapter(),
    log: 'error',
    ...(signal === undefined ? {} : { signal }),
  })
