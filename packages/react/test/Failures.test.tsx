// @vitest-environment happy-dom
import { type Query, Schema, sql, type Store } from '@headwater/core'
import { dehydrate, StoreProvider, useCommit, useQuery, useSyncStatus } from '@headwater/react'
import { act, type ReactNode, StrictMode } from 'react'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Boundary, openPage } from './Page.tsx'
import { openStore, todoCreated, todoDone, todos, todoUndone } from './Todos.ts'

let store: Store
beforeEach(async () => {
  store = await openStore()
})
afterEach(() => store.close())

const Count = ({ query = todos.count() }: { readonly query?: Query<number> }): ReactNode => useQuery(query)

test('a store that is closed under mounted components: they keep their answers, the status tells, commits throw', async () => {
  let commit: ReturnType<typeof useCommit>
  const Closed = (): ReactNode => {
    commit = useCommit()
    return useSyncStatus(({ isClosed }) => isClosed) ? 'closed' : 'open'
  }
  const app = (later: ReactNode): ReactNode => (
    <StrictMode>
      <StoreProvider store={store}>
        <Closed /> <Count /> {later}
      </StoreProvider>
    </StrictMode>
  )
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const page = await openPage(app(null))
  expect(page.text()).toBe('open 1 ')
  await act(() => store.close())
  expect(page.text()).toBe('closed 1 ')
  expect(() => commit(todoCreated({ id: '2', text: 'b' }))).toThrow(expect.objectContaining({ _tag: 'StoreClosed' }))
  await page.show(app(<Count />))
  expect(page.text(), 'an answer that is known is there for others too').toBe('closed 1 1')
  await page.show(
    app(
      <Boundary>
        <Count query={todos.where({ done: true }).count()} />
      </Boundary>,
    ),
  )
  expect(page.text()).toBe('closed 1 caught StoreClosed')
  await page.leave()
})

test('a query that fails goes to the nearest error boundary; its neighbours go on', async () => {
  const NoColumn = (): ReactNode => useQuery(sql`SELECT nothing FROM todos`.as(Schema.Struct({}))).length
  const NoBuilderColumn = (): ReactNode => useQuery(todos.where({ nothing: 1 } as never)).length
  const Writes = (): ReactNode => useQuery(sql`DELETE FROM todos`.as(Schema.Struct({}))).length
  const WrongForm = (): ReactNode => useQuery(sql`SELECT id FROM todos`.as(Schema.Struct({ id: Schema.Int }))).length
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const page = await openPage(
    <StoreProvider store={store}>
      {[NoColumn, NoBuilderColumn, Writes, WrongForm].map((Failing, index) => (
        <p key={index}>
          <Boundary>
            <Failing />
          </Boundary>
        </p>
      ))}
      <p>
        <Count />
      </p>
    </StoreProvider>,
  )
  const shown = (): ReadonlyArray<string | null> =>
    Array.from(page.container.querySelectorAll('p'), ({ textContent }) => textContent)
  const caught = ['caught SqliteError', 'caught UnknownColumn', 'caught StatementRefused', 'caught RowInvalid']
  expect(shown()).toEqual([...caught, '1'])
  act(() => void store.commit(todoCreated({ id: '2', text: 'b' })))
  expect(shown()).toEqual([...caught, '2'])
  await page.leave()
})

test('a query whose answer stops fitting its schema goes to the error boundary, and is there again when it fits', async () => {
  const Undone = (): ReactNode =>
    useQuery(sql`SELECT done FROM todos ORDER BY id`.as(Schema.Struct({ done: Schema.Literal(0) }))).length
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const app = (key: string): ReactNode => (
    <StoreProvider store={store}>
      <Boundary key={key}>
        <Undone />
      </Boundary>{' '}
      <Count query={todos.where({ done: true }).count()} />
    </StoreProvider>
  )
  const page = await openPage(app('first'))
  expect(page.text()).toBe('1 0')
  act(() => void store.commit(todoDone({ id: '1' })))
  expect(page.text()).toBe('caught RowInvalid 1')
  act(() => void store.commit(todoUndone({ id: '1' })))
  await page.show(app('later'))
  expect(page.text(), 'a boundary that starts over').toBe('1 0')
  await page.leave()
})

test('a query that fails and answers again before anything renders shows its answer', async () => {
  let answers = 0
  const Undone = (): ReactNode => {
    answers++
    return useQuery(sql`SELECT done FROM todos ORDER BY id`.as(Schema.Struct({ done: Schema.Literal(0) }))).length
  }
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const page = await openPage(
    <StoreProvider store={store}>
      <Boundary>
        <Undone />
      </Boundary>
    </StoreProvider>,
  )
  act(() => {
    store.commit(todoDone({ id: '1' }))
    store.commit(todoUndone({ id: '1' }))
  })
  expect(page.text()).toBe('1')
  act(() => {
    store.commit(todoDone({ id: '1' }))
    store.commit(todoUndone({ id: '1' }), todoCreated({ id: '2', text: 'b' }))
  })
  expect(page.text()).toBe('2')
  expect(answers).toBeLessThanOrEqual(5)
  await page.leave()
})

test('a commit inside an effect and one inside a live query’s subscriber are shown', async () => {
  const leave = store.subscribe(todos.count(), (count) => {
    if (count === 1) store.commit(todoCreated({ id: '2', text: 'b' }))
  })
  const page = await openPage(
    <StoreProvider store={store}>
      <Count />
    </StoreProvider>,
  )
  act(() => void store.commit(todoCreated({ id: '1', text: 'a' })))
  expect(page.text()).toBe('2')
  leave()
  await page.leave()
})

test('a hook outside of every provider says so', async () => {
  const page = await openPage(
    <Boundary>
      <Count />
    </Boundary>,
  )
  expect(page.text()).toBe('caught StoreProviderMissing')
  await page.leave()
})

test('a store that is closed before anything was asked shows what a snapshot has', async () => {
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const snapshot = dehydrate(store, [todos.count()])
  await store.close()
  const page = await openPage(
    <StoreProvider store={store} snapshot={snapshot}>
      <Count />
    </StoreProvider>,
  )
  expect(page.text()).toBe('1')
  await page.leave()
})
