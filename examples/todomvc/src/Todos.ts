import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  title: column.text(),
  completed: column.boolean().default(false),
  createdAt: column.datetime(),
})

/** In the order in which they were written down, also those of clients that were offline meanwhile. */
const inOrder = (where: Parameters<typeof todos.where>[0]) => todos.where(where).orderBy('createdAt').orderBy('id')

export const allTodos = inOrder({})
export const activeTodos = inOrder({ completed: false })
export const completedTodos = inOrder({ completed: true })

/** An event says what somebody meant: these todos, not "all that are there by now". */
const Ids = Schema.Array(Schema.String)

export const todoAdded = defineEvent('todoAdded', Schema.Struct({ id: Schema.String, title: Schema.String }))
export const todoRenamed = defineEvent('todoRenamed', Schema.Struct({ id: Schema.String, title: Schema.String }))
export const todosCompleted = defineEvent('todosCompleted', Schema.Struct({ ids: Ids }))
export const todosReopened = defineEvent('todosReopened', Schema.Struct({ ids: Ids }))
export const todosRemoved = defineEvent('todosRemoved', Schema.Struct({ ids: Ids }))

export const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoAdded, todoRenamed, todosCompleted, todosReopened, todosRemoved },
  materializers: {
    todoAdded: ({ id, title }, { event }) => todos.insert({ id, title, createdAt: new Date(event.createdAt) }),
    todoRenamed: ({ id, title }) => todos.update({ title }).where({ id }),
    todosCompleted: ({ ids }) => todos.update({ completed: true }).where({ id: { in: ids } }),
    todosReopened: ({ ids }) => todos.update({ completed: false }).where({ id: { in: ids } }),
    todosRemoved: ({ ids }) => todos.delete().where({ id: { in: ids } }),
  },
})
