import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})

export const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoDone = defineEvent('todoDone', Schema.Struct({ id: Schema.String }))

export const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated, todoDone },
  materializers: {
    todoCreated: ({ id, text }) => todos.insert({ id, text }),
    todoDone: ({ id }) => todos.update({ done: true }).where({ id }),
  },
})
