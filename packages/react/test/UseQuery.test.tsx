// @vitest-environment happy-dom
import { type Query, Schema, sql, type Store } from '@headwater/core'
import { StoreProvider, useQuery } from '@headwater/react'
import { act, type ReactNode, StrictMode, useLayoutEffect } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openPage, withoutAct } from './Page.tsx'
import { openStore, todoCreated, todoDone, todoRenamed, todos } from './Todos.ts'

let store: Store
beforeEach(async () => {
  store = await openStore()
})
afterEach(() => store.close())

const List = ({ query }: { readonly query: Query<ReadonlyArray<{ readonly text: string }>> }): ReactNode =>
  useQuery(query)
    .map(({ text }) => text)
    .join(' ')

test('shows what is there, and what a commit makes of it before the commit’s act ends', async () => {
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const page = await openPage(
    <StoreProvider store={store}>
      <List query={todos.orderBy('id')} />
    </StoreProvider>,
  )
  expect(page.text()).toBe('a')
  act(() => void store.commit(todoCreated({ id: '2', text: 'b' })))
  expect(page.text()).toBe('a b')
  await page.leave()
})

test('aggregates: a value, null without one, rendered again only when it differs', async () => {
  let renders = 0
  const Aggregates = (): ReactNode => {
    renders++
    return `${useQuery(todos.min('text'))} ${useQuery(todos.where({ done: true }).max('text'))} ${useQuery(todos.max('done'))}`
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <Aggregates />
    </StoreProvider>,
  )
  expect(page.text()).toBe('null null null')
  act(() => void store.commit(todoCreated({ id: '1', text: 'b' })))
  expect(page.text()).toBe('b null false')
  act(() => void store.commit(todoDone({ id: '1' }), todoCreated({ id: '2', text: 'a' })))
  expect(page.text()).toBe('a b true')
  const before = renders
  act(() => void store.commit(todoCreated({ id: '3', text: 'c' })))
  expect(renders).toBe(before)
  await page.leave()
})

test('a query made while rendering is subscribed to once, in StrictMode too; other values are another query', async () => {
  const subscribe = vi.spyOn(store, 'subscribe')
  const renders: Array<number> = []
  const Counted = ({ done }: { readonly done: boolean }): ReactNode => {
    const count = useQuery(todos.where({ done }).count())
    renders.push(count)
    return count
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <Counted done={false} />
    </StoreProvider>,
  )
  expect(subscribe).toHaveBeenCalledTimes(1)
  act(() => void store.commit(todoCreated({ id: '1', text: 'a' })))
  act(() => void store.commit(todoCreated({ id: '2', text: 'b' })))
  expect(renders).toEqual([0, 1, 2])
  expect(subscribe).toHaveBeenCalledTimes(1)
  act(() => void store.commit(todoRenamed({ id: '2', text: 'c' })))
  expect(renders, 'an equal answer is no reason to render').toEqual([0, 1, 2])
  await page.show(
    <StoreProvider store={store}>
      <Counted done />
    </StoreProvider>,
  )
  expect(page.text()).toBe('0')
  expect(subscribe).toHaveBeenCalledTimes(2)
  act(() => void store.commit(todoDone({ id: '1' })))
  expect(page.text()).toBe('1')
  await page.leave()
  subscribe.mockClear()
  const strict = await openPage(
    <StrictMode>
      <StoreProvider store={store}>
        <Counted done={false} />
      </StoreProvider>
    </StrictMode>,
  )
  act(() => void store.commit(todoCreated({ id: '3', text: 'd' })))
  expect(strict.text()).toBe('2')
  expect(subscribe.mock.calls.length, 'mounted, unmounted, mounted').toBeLessThanOrEqual(2)
  await strict.leave()
})

test('components that ask the same share one live query, and leave it when the last is unmounted', async () => {
  let live = 0
  const subscribe = store.subscribe.bind(store)
  vi.spyOn(store, 'subscribe').mockImplementation((query, onResult) => {
    live++
    const leave = subscribe(query, onResult)
    return () => {
      live--
      leave()
    }
  })
  const page = await openPage(
    <StoreProvider store={store}>
      <List query={todos.orderBy('id')} />
      <List query={todos.orderBy('id')} />
    </StoreProvider>,
  )
  expect(live).toBe(1)
  act(() => void store.commit(todoCreated({ id: '1', text: 'a' })))
  expect(page.text()).toBe('aa')
  await page.show(
    <StoreProvider store={store}>
      <List query={todos.orderBy('id')} />
    </StoreProvider>,
  )
  expect(live).toBe(1)
  await page.leave()
  expect(live).toBe(0)
})

test('what is committed between rendering and mounting is shown', async () => {
  let isCommitted = false
  const Committing = (): ReactNode => {
    useLayoutEffect(() => {
      if (isCommitted) return
      isCommitted = true
      store.commit(todoCreated({ id: '1', text: 'a' }))
    })
    return <List query={todos.orderBy('id')} />
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <Committing />
    </StoreProvider>,
  )
  expect(page.text()).toBe('a')
  await page.leave()
})

test('a controlled input keeps what is typed: the commit of its handler is shown in the same event', async () => {
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const Field = (): ReactNode => {
    const todo = useQuery(todos.where({ id: '1' }).first())
    return (
      <input
        value={todo?.text ?? ''}
        onChange={({ target }) => store.commit(todoRenamed({ id: '1', text: target.value }))}
      />
    )
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <Field />
    </StoreProvider>,
  )
  const input = page.container.querySelector('input')!
  await withoutAct(async () => {
    // As a browser does it: past React's own setter, by which it knows what it has shown.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, 'ab')
    input.dispatchEvent(new Event('input', { bubbles: true }))
    expect(input.value, 'before anything else runs: React takes back what the state does not say').toBe('ab')
    expect(store.query(todos.where({ id: '1' }).first())?.text).toBe('ab')
  })
  await page.leave()
})

test('a function makes the query, again only when a dependency differs', async () => {
  let made = 0
  const Made = ({ done, other }: { readonly done: boolean; readonly other: number }): ReactNode => {
    const rows = useQuery(() => {
      made++
      return todos.where({ done })
    }, [done])
    return `${rows.length} ${other}`
  }
  const show = (done: boolean, other: number): ReactNode => (
    <StoreProvider store={store}>
      <Made done={done} other={other} />
    </StoreProvider>
  )
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const page = await openPage(show(false, 1))
  await page.show(show(false, 2))
  expect([page.text(), made]).toEqual(['1 2', 1])
  await page.show(show(true, 2))
  expect([page.text(), made]).toEqual(['0 2', 2])
  await page.leave()
})

test('first() that finds nothing is undefined, then a row, then the same row', async () => {
  const seen: Array<unknown> = []
  const One = (): ReactNode => {
    seen.push(useQuery(todos.where({ id: '1' }).first()))
    return null
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <One />
    </StoreProvider>,
  )
  act(() => void store.commit(todoCreated({ id: '1', text: 'a' })))
  act(() => void store.commit(todoCreated({ id: '2', text: 'b' })))
  expect(seen).toEqual([undefined, { id: '1', text: 'a', done: false }])
  await page.leave()
})

test('raw SQL made while rendering, with its schema, is subscribed to once; two schemas do not mix', async () => {
  const subscribe = vi.spyOn(store, 'subscribe')
  const Texts = (): ReactNode =>
    useQuery(sql`SELECT text FROM ${todos}`.as(Schema.Struct({ text: Schema.String })))
      .map(({ text }) => text)
      .join()
  const Lengths = (): ReactNode =>
    useQuery(sql`SELECT text FROM ${todos}`.as(Schema.Struct({ text: Schema.Trim })))
      .map(({ text }) => text)
      .join()
  const page = await openPage(
    <StoreProvider store={store}>
      <Texts />|<Lengths />
    </StoreProvider>,
  )
  act(() => void store.commit(todoCreated({ id: '1', text: ' a ' })))
  act(() => void store.commit(todoCreated({ id: '2', text: ' b ' })))
  expect(page.text()).toBe(' a , b |a,b')
  expect(subscribe).toHaveBeenCalledTimes(2)
  await page.leave()
})

test('one row and rows of one are two queries, though their SQL is the same', async () => {
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const Both = (): ReactNode => {
    const first = useQuery(todos.where({ id: '1' }).first())
    const rows = useQuery(todos.where({ id: '1' }).limit(1))
    return `${first?.text} ${rows.length}`
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <Both />
    </StoreProvider>,
  )
  expect(page.text()).toBe('a 1')
  await page.leave()
})

test('a subscription that fails is tried again with the next commit', async () => {
  vi.spyOn(store, 'subscribe').mockImplementationOnce(() => {
    throw new Error('the disk is busy')
  })
  const page = await openPage(
    <StoreProvider store={store}>
      <List query={todos.orderBy('id')} />
    </StoreProvider>,
  )
  expect(page.text()).toBe('')
  act(() => void store.commit(todoCreated({ id: '1', text: '1' })))
  expect(page.text()).toBe('1')
  act(() => void store.commit(todoCreated({ id: '2', text: '2' })))
  expect(page.text()).toBe('1 2')
  await page.leave()
})
