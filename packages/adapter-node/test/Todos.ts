import { Schema, column, defineEvent, defineSchema, table } from '@headwater/core'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})
/** Client-only: what is selected on this device. */
export const selections = table(
  'selections',
  { id: column.text().primaryKey(), n: column.integer() },
  { clientOnly: true },
)

export const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoRenamed = defineEvent('todoRenamed', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoDeleted = defineEvent('todoDeleted', Schema.Struct({ id: Schema.String }))
export const selected = defineEvent('selected', Schema.Struct({ id: Schema.String, n: Schema.Number }), {
  clientOnly: true,
})

export const schema = defineSchema({
  version: 1,
  tables: { todos, selections },
  events: { todoCreated, todoRenamed, todoDeleted, selected },
  materializers: {
    todoCreated: ({ id, text }) => todos.upsert({ id, text }),
    todoRenamed: ({ id, text }) => todos.update({ text }).where({ id }),
    todoDeleted: ({ id }) => todos.delete().where({ id }),
    selected: ({ id, n }) => selections.upsert({ id, n }),
  },
})
