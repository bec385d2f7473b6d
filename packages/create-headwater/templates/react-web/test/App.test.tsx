import { memoryAdapter } from '@headwater/adapter-node'
import { createStore } from '@headwater/core'
import { StoreProvider } from '@headwater/react'
import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test } from 'vitest'
import { App } from '../src/App.tsx'
import { schema, todoCreated, todos } from '../src/schema.ts'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

test('shows what is in the store, and commits what is clicked', async () => {
  // Real SQLite, in memory: nothing of the app is replaced in its tests.
  const store = await createStore({ schema, storeId: 'test', adapter: memoryAdapter() })
  store.commit(todoCreated({ id: '1', text: 'milk' }))
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  await act(async () =>
    root.render(
      <StoreProvider store={store}>
        <App />
      </StoreProvider>,
    ),
  )
  expect(document.querySelector('li')?.textContent).toContain('milk')

  act(() => document.querySelector<HTMLInputElement>('input[type=checkbox]')!.click())
  expect(store.query(todos.where({ done: true }).count())).toBe(1)

  act(() => void store.commit(todoCreated({ id: '2', text: 'bread' })))
  expect(Array.from(document.querySelectorAll('li span'), ({ textContent }) => textContent)).toEqual(['bread', 'milk'])

  act(() => document.querySelector<HTMLButtonElement>('button[aria-label="Delete milk"]')!.click())
  expect(store.query(todos.all())).toEqual([{ id: '2', text: 'bread', done: false }])

  await act(async () => root.unmount())
  await store.close()
})
