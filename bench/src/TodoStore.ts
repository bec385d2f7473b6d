import {
  type Adapter,
  Schema,
  type Store,
  type SyncBackendProvider,
  column,
  createStore,
  defineEvent,
  defineSchema,
  table,
} from '@headwater/core'
import { todosChecksum } from './TodoRows.ts'

/** The app of every workload: an event `{id, text}` that becomes one INSERT. */
export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})

export const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))

export const todoSchema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated },
  materializers: { todoCreated: ({ id, text }) => todos.insert({ id, text }) },
})

/** A store with one live count query, which is what `count` says. */
export interface TodoStore {
  readonly store: Store
  readonly count: () => number
  readonly checksum: () => string
}

export const openTodoStore = async (adapter: Adapter, backend?: SyncBackendProvider): Promise<TodoStore> => {
  const store = await createStore({
    schema: todoSchema,
    storeId: 'bench',
    adapter,
    ...(backend === undefined ? {} : { backend }),
  })
  let counted = -1
  store.subscribe(todos.where({ done: false }).count(), (count) => {
    counted = count
  })
  return {
    store,
    count: () => counted,
    checksum: () => {
      const rows = store.query(todos.orderBy('id')).map(({ id, text, done }) => [id, text, Number(done)] as const)
      return todosChecksum(rows, counted)
    },
  }
}
