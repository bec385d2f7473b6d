/** The app of the demo's first two parts: a list of tasks. */
import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const tasks = table('tasks', { id: column.text().primaryKey(), title: column.text() })

export const taskAdded = defineEvent('taskAdded', Schema.Struct({ id: Schema.String, title: Schema.String }))
export const taskRenamed = defineEvent('taskRenamed', Schema.Struct({ id: Schema.String, title: Schema.String }))

export const taskSchema = defineSchema({
  version: 1,
  tables: { tasks },
  events: { taskAdded, taskRenamed },
  materializers: {
    taskAdded: ({ id, title }) => tasks.insert({ id, title }),
    taskRenamed: ({ id, title }) => tasks.update({ title }).where({ id }),
  },
})
