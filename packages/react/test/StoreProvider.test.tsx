// @vitest-environment happy-dom
import type { Store } from '@headwater/core'
import {
  type Commit,
  dehydrate,
  StoreProvider,
  useCommit,
  useQuery,
  useStore,
  useSuspenseQuery,
  useSyncStatus,
} from '@headwater/react'
import { act, Activity, type ReactNode, StrictMode, Suspense } from 'react'
import { expect, test } from 'vitest'
import { Boundary, openPage, type Page, withoutAct } from './Page.tsx'
import { openStore, todoCreated, todos } from './Todos.ts'

const Count = (): ReactNode => useQuery(todos.count())

/** Opens stores and keeps them, to count and to look at. */
const makeOpener = (): { readonly open: (signal: AbortSignal) => Promise<Store>; readonly stores: Array<Store> } => {
  const stores: Array<Store> = []
  return {
    stores,
    open: async (signal) => {
      const store = await openStore(signal)
      stores.push(store)
      return store
    },
  }
}

const untilShown = async (page: Page, text: string): Promise<void> => {
  while (page.text() !== text) await act(() => new Promise((resolve) => setImmediate(resolve)))
}

const untilClosed = async (store: Store): Promise<void> => {
  while (!store.status.isClosed) await act(() => new Promise((resolve) => setImmediate(resolve)))
}

test('a promise: suspended until it resolves; the store stays open when the provider goes', async () => {
  const promise = openStore()
  const page = await openPage(
    <StoreProvider store={promise} fallback="opening">
      <Count />
    </StoreProvider>,
  )
  await untilShown(page, '0')
  const store = await promise
  act(() => void store.commit(todoCreated({ id: '1', text: 'a' })))
  expect(page.text()).toBe('1')
  await page.leave()
  expect(store.status.isClosed).toBe(false)
  await store.close()
})

test('a function written inline is called once, in StrictMode too, and what it opened is closed at the end', async () => {
  const { open, stores } = makeOpener()
  let calls = 0
  const app = (title: string): ReactNode => (
    <StrictMode>
      <StoreProvider
        store={(signal) => {
          calls++
          return open(signal)
        }}
        fallback="opening"
      >
        {title} <Count />
      </StoreProvider>
    </StrictMode>
  )
  const page = await openPage(app('one'))
  await untilShown(page, 'one 0')
  await page.show(app('two'))
  expect(page.text()).toBe('two 0')
  expect([calls, stores.length]).toEqual([1, 1])
  await page.leave()
  await untilClosed(stores[0]!)
})

test('a provider that goes while the store opens ends the opening, and closes what is opened all the same', async () => {
  const signals: Array<AbortSignal> = []
  const stores: Array<Store> = []
  let go: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (go = resolve))
  const page = await openPage(
    <StoreProvider
      store={async (signal) => {
        signals.push(signal)
        await gate
        const store = await openStore()
        stores.push(store)
        return store
      }}
      fallback="opening"
    >
      <Count />
    </StoreProvider>,
  )
  expect(page.text()).toBe('opening')
  await page.leave()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  await act(async () => go())
  while (stores.length === 0) await act(() => new Promise((resolve) => setImmediate(resolve)))
  await untilClosed(stores[0]!)
})

test('an opening that fails goes to the error boundary of who needs the store, from a promise and from a function', async () => {
  for (const store of [Promise.reject(new Error('no disk')), () => Promise.reject(new Error('no disk'))]) {
    const page = await openPage(
      <StoreProvider store={store}>
        shell <Boundary>{<Count />}</Boundary>
      </StoreProvider>,
    )
    await untilShown(page, 'shell caught no disk')
    await page.leave()
  }
})

test('what does not need the store is shown while it opens, if it does not stand behind what does', async () => {
  const { open, stores } = makeOpener()
  const Status = (): ReactNode => useSyncStatus(({ leader }) => leader.connection)
  const Live = (): ReactNode => useSuspenseQuery(todos.count())
  const page = await openPage(
    <StoreProvider store={(signal) => new Promise((resolve) => (go = () => resolve(open(signal))))}>
      <Status />{' '}
      <Suspense fallback="…">
        <Live />
      </Suspense>
    </StoreProvider>,
  )
  expect(page.text()).toBe('connecting …')
  await act(async () => go())
  await untilShown(page, 'connected 0')
  await page.leave()
  await untilClosed(stores[0]!)
})
let go: () => void = () => undefined

test('hidden and shown again (Activity), the store is closed and opened anew, one after the other', async () => {
  const { open, stores } = makeOpener()
  let closeNow: () => void = () => undefined
  const mayClose = new Promise<void>((resolve) => (closeNow = resolve))
  const openNext = async (signal: AbortSignal): Promise<Store> => {
    expect(stores.every(({ status }) => status.isClosed)).toBe(true)
    const store = await open(signal)
    const close = store.close.bind(store)
    store.close = async () => {
      await mayClose
      await close()
    }
    return store
  }
  const app = (mode: 'visible' | 'hidden'): ReactNode => (
    <Activity mode={mode}>
      <StoreProvider store={openNext} fallback="opening">
        <Count />
      </StoreProvider>
    </Activity>
  )
  const page = await openPage(app('visible'))
  await untilShown(page, '0')
  act(() => void stores[0]!.commit(todoCreated({ id: '1', text: 'in memory only' })))
  expect(page.text()).toBe('1')
  await page.show(app('hidden'))
  await page.show(app('visible'))
  expect(stores).toHaveLength(1)
  await act(async () => closeNow())
  while (stores.length === 1) await act(() => new Promise((resolve) => setImmediate(resolve)))
  act(() => void stores[1]!.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: '2', text: 'b' })))
  while (!page.text().includes('2')) await act(() => new Promise((resolve) => setImmediate(resolve)))
  await page.leave()
  await untilClosed(stores[1]!)
  expect(stores).toHaveLength(2)
})

test('another store is another state; nested providers are the nearest one’s', async () => {
  const [one, two] = [await openStore(), await openStore()]
  one.commit(todoCreated({ id: '1', text: 'a' }))
  const seen = new Set<Store>()
  const Seen = (): ReactNode => {
    seen.add(useStore())
    return <Count />
  }
  const app = (store: Store): ReactNode => (
    <StoreProvider store={store}>
      <Seen />
      <StoreProvider store={two}>
        <Count />
      </StoreProvider>
    </StoreProvider>
  )
  const page = await openPage(app(one))
  expect(page.text()).toBe('10')
  await page.show(app(two))
  expect(page.text()).toBe('00')
  act(() => void two.commit(todoCreated({ id: '2', text: 'b' })))
  act(() => void one.commit(todoCreated({ id: '3', text: 'c' })))
  expect(page.text()).toBe('11')
  expect([...seen]).toEqual([one, two])
  await page.leave()
  await Promise.all([one.close(), two.close()])
})

test('commit is the same function in every render; it throws while the store opens', async () => {
  const commits = new Set<Commit>()
  const Committing = (): ReactNode => {
    commits.add(useCommit())
    return useSyncStatus(({ session }) => session.localHead.global)
  }
  const page = await openPage(
    <StoreProvider store={(signal) => new Promise((resolve) => (go = () => resolve(openStore(signal))))}>
      <Committing />
    </StoreProvider>,
  )
  const [commit] = commits
  expect(() => commit!(todoCreated({ id: '1', text: 'a' }))).toThrow(expect.objectContaining({ _tag: 'StoreOpening' }))
  await act(async () => go())
  while (page.container.textContent === null) await act(async () => undefined)
  await act(async () => new Promise((resolve) => setImmediate(resolve)))
  await act(async () => await commit!(todoCreated({ id: '1', text: 'a' })).persisted)
  await untilShown(page, '1')
  expect(commits.size).toBe(1)
  await page.leave()
})

test('with a snapshot, StrictMode shows it until the store is open, and what waits does not hide it for a moment', async () => {
  const server = await openStore()
  server.commit(todoCreated({ id: '1', text: 'a' }))
  const snapshot = dehydrate(server, [todos.count()])
  let fallbacks = 0
  const Fallback = (): ReactNode => {
    fallbacks++
    return 'opening'
  }
  const Live = (): ReactNode => useSuspenseQuery(todos.count())
  const page = await openPage(
    <StrictMode>
      <StoreProvider
        store={(signal) => new Promise((resolve) => (go = () => resolve(openStore(signal))))}
        snapshot={snapshot}
        fallback={<Fallback />}
      >
        <Count />{' '}
        <Suspense fallback="…">
          <Live />
        </Suspense>
      </StoreProvider>
    </StrictMode>,
  )
  expect(page.text()).toBe('1 …')
  await withoutAct(async () => {
    go()
    while (page.text() !== '0 0') await new Promise((resolve) => setImmediate(resolve))
  })
  expect(fallbacks).toBe(0)
  await page.leave()
  await server.close()
})
