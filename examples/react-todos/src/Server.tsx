import type { Store } from '@headwater/core'
import { dehydrate, StoreProvider } from '@headwater/react'
import { renderToString } from 'react-dom/server'
import { App } from './App.tsx'
import { todos } from './Todos.ts'

export const renderPage = (store: Store): string => {
  const snapshot = dehydrate(store, [todos.where({ done: false }).orderBy('text')])
  const html = renderToString(
    <StoreProvider store={store} snapshot={snapshot}>
      <App />
    </StoreProvider>,
  )
  const json = JSON.stringify(snapshot).replaceAll('<', '\\u003c')
  return `<main>${html}</main><script type="application/json" id="snapshot">${json}</script>`
}
