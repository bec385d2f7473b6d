// @vitest-environment happy-dom
import { memoryAdapter } from '@headwater/adapter-node'
import { createStore, type Store } from '@headwater/core'
import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test } from 'vitest'
import { hydratePage } from '../src/Browser.tsx'
import { Page } from '../src/Page.tsx'
import { renderPage } from '../src/Server.tsx'
import { schema, todoCreated } from '../src/Todos.ts'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

const open = (): Promise<Store> => createStore({ schema, storeId: 'todos', adapter: memoryAdapter() })

const buttons = (): ReadonlyArray<string | null> =>
  Array.from(document.querySelectorAll('button'), ({ textContent }) => textContent)

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await act(() => new Promise((resolve) => setImmediate(resolve)))
}

const add = (text: string): void => {
  const input = document.querySelector<HTMLInputElement>('input[name=text]')!
  // As a browser does it: past React's own setter, by which it knows what it has shown.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, text)
  act(() => void input.dispatchEvent(new Event('input', { bubbles: true })))
  act(() => document.querySelector('form')!.requestSubmit())
}

test('opens, adds, ticks off, and says when everything is saved', async () => {
  const main = document.createElement('main')
  document.body.replaceChildren(main)
  const root = createRoot(main)
  await act(async () => root.render(<Page />))
  await until(() => document.querySelector('form') !== null)
  add('b')
  add('a')
  expect(buttons()).toEqual(['a', 'b'])
  act(() => document.querySelector('button')!.click())
  expect(buttons()).toEqual(['b'])
  await until(() => document.body.textContent?.includes('everything is saved') === true)
  act(() => document.querySelector<HTMLInputElement>('input[type=checkbox]')!.click())
  expect(buttons()).toEqual(['a'])
  await act(async () => root.unmount())
})

test('the server’s page is taken over by the browser', async () => {
  const server = await open()
  server.commit(todoCreated({ id: '1', text: '</script><b>' }))
  document.body.innerHTML = renderPage(server)
  expect(buttons()).toEqual(['</script><b>'])
  const button = document.querySelector('button')
  let resolve: (store: Store) => void = () => undefined
  const root = await act(async () => hydratePage(() => new Promise((opened) => (resolve = opened))))
  expect(document.querySelector('button')).toBe(button)
  const browser = await open()
  browser.commit(todoCreated({ id: '1', text: '</script><b>' }))
  await act(async () => resolve(browser))
  add('zz')
  expect(buttons()).toEqual(['</script><b>', 'zz'])
  expect(document.querySelector('button')).toBe(button)
  await act(async () => root.unmount())
  await server.close()
})

test('the program of the README shows what is committed', async () => {
  document.body.innerHTML = '<main></main>'
  await act(() => import('../src/Notes.tsx'))
  await until(() => document.querySelector('button') !== null)
  act(() => document.querySelector('button')!.click())
  act(() => document.querySelector('button')!.click())
  expect(Array.from(document.querySelectorAll('p'), ({ textContent }) => textContent)).toEqual(['hello', 'hello'])
})
