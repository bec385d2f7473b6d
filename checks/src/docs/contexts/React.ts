/** Of docs/react.md: the names of `examples/react-todos`, which runs. */
import type { ReactNode } from 'react'
import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export { memoryAdapter } from '@headwater/adapter-node'
export { createStore, type Row, type Store } from '@headwater/core'
export {
  dehydrate,
  StoreProvider,
  type StoreSnapshot,
  useCommit,
  useQuery,
  useReceipt,
  useStore,
  useStoreNotice,
  useSyncStatus,
} from '@headwater/react'
export { memo, type ReactNode } from 'react'
export { hydrateRoot, type Root } from 'react-dom/client'
export { renderToString } from 'react-dom/server'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})
export const todoDone = defineEvent('todoDone', Schema.Struct({ id: Schema.String }))
export const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoDone },
  materializers: { todoDone: ({ id }) => todos.update({ done: true }).where({ id }) },
})
export declare const App: () => ReactNode
