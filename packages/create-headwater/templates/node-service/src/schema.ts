import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

/** What the app reads: rows of SQLite, which events become. */
export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})

/** What the app writes: what happened, for good. Names and arguments stay readable for ever. */
export const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoToggled = defineEvent('todoToggled', Schema.Struct({ id: Schema.String, done: Schema.Boolean }))
export const todoDeleted = defineEvent('todoDeleted', Schema.Struct({ id: Schema.String }))

/** Raise `version` when tables or materializers change: every device makes its tables again from the events. */
export const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated, todoToggled, todoDeleted },
  materializers: {
    todoCreated: ({ id, text }) => todos.insert({ id, text }),
    todoToggled: ({ id, done }) => todos.update({ done }).where({ id }),
    todoDeleted: ({ id }) => todos.delete().where({ id }),
  },
})
