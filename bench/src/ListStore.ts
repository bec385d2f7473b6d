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
import { todoRange, todosChecksum } from './TodoRows.ts'

/** An app whose log grows while its tables do not: one event fills in many todos, the other writes one anew. */
export const listTodos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})

export const todosFilled = defineEvent('todosFilled', Schema.Struct({ first: Schema.Int, count: Schema.Int }))

export const todoTouched = defineEvent('todoTouched', Schema.Struct({ id: Schema.String, text: Schema.String }))

const listSchema = defineSchema({
  version: 1,
  tables: { todos: listTodos },
  events: { todosFilled, todoTouched },
  materializers: {
    todosFilled: ({ first, count }) => listTodos.insert([...todoRange(first, count)]),
    todoTouched: ({ id, text }) => listTodos.update({ text }).where({ id }),
  },
})

/** Its tables hold so many rows, however long the log is. */
export const rowCount = 100_000
/** So many events have filled them in. */
export const fillCount = 1_000
export const fillSize = rowCount / fillCount

export const openListStore = (adapter: Adapter, backend?: SyncBackendProvider): Promise<Store> =>
  createStore({
    schema: listSchema,
    storeId: 'bench',
    adapter,
    ...(backend === undefined ? {} : { backend }),
  })

export const countOf = (store: Store): number => store.query(listTodos.count())

/** Hashing all of a large table would take longer than what is measured: the last so many by id, and the count. */
export const sampleMax = 1_000

export const listChecksum = (store: Store): string =>
  todosChecksum(
    store
      .query(listTodos.orderBy('id', 'desc').limit(sampleMax))
      .map(({ id, text, done }) => [id, text, Number(done)] as const),
    countOf(store),
  )
