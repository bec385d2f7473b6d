import { memoryAdapter } from '@headwater/adapter-node'
import { createStore } from '@headwater/core'
import { StoreProvider } from '@headwater/react'
import type { ReactNode } from 'react'
import { App } from './App.tsx'
import { schema } from './Todos.ts'

export const Page = (): ReactNode => (
  <StoreProvider
    store={(signal) => createStore({ schema, storeId: 'todos', adapter: memoryAdapter(), signal })}
    fallback={<p>Opening …</p>}
  >
    <App />
  </StoreProvider>
)
