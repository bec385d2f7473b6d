// @vitest-environment happy-dom
import { column, createStore, defineEvent, defineSchema, Schema, sql, type Store, table } from '@headwater/core'
import { memoryAdapter } from '@headwater/adapter-node'
import {
  dehydrate,
  StoreProvider,
  type StoreProviderProps,
  type StoreSnapshot,
  useCommit,
  useQuery,
  useStore,
  useSuspenseQuery,
  useSyncStatus,
} from '@headwater/react'
import { act, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Boundary, hydratePage } from './Page.tsx'
import { openStore, todoCreated, todos } from './Todos.ts'

let server: Store
beforeEach(async () => {
  server = await openStore()
  server.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: '2', text: 'b' }))
})
afterEach(() => server.close())

/** As a server does it: there is no document. */
const renderOnServer = (node: ReactNode): string => {
  vi.stubGlobal('document', undefined)
  try {
    return renderToString(node)
  } finally {
    vi.unstubAllGlobals()
  }
}

const overTheWire = (snapshot: StoreSnapshot): StoreSnapshot => JSON.parse(JSON.stringify(snapshot)) as StoreSnapshot

let renders = 0
const List = (): ReactNode => {
  const commit = useCommit()
  const rows = useQuery(todos.orderBy('text'))
  renders++
  return (
    <button onClick={() => commit(todoCreated({ id: '3', text: 'c' }))}>
      {rows.map(({ text }) => text).join(' ')}
    </button>
  )
}
const Status = (): ReactNode => useSyncStatus(({ leader }) => leader.connection)

const app = (props: Omit<StoreProviderProps, 'children'>, more?: ReactNode): ReactNode => (
  <StoreProvider {...props}>
    <List /> <Status /> {more}
  </StoreProvider>
)

test('HTML of an open store, hydrated from its snapshot before the browser’s store is open, then live', async () => {
  const snapshot = overTheWire(dehydrate(server, [todos.orderBy('text')]))
  const html = renderOnServer(app({ store: server, snapshot }))
  expect(html).toContain('<button>a b</button>')
  let open: () => void = () => undefined
  const browser = await openStore()
  browser.commit(todoCreated({ id: '2', text: 'b' }), todoCreated({ id: '1', text: 'a' }))
  renders = 0
  const page = await hydratePage(
    html,
    app({ snapshot, store: () => new Promise((resolve) => (open = () => resolve(browser))) }),
  )
  expect(page.problems).toEqual([])
  const button = page.container.querySelector('button')!
  expect(page.text()).toBe('a b connecting ')
  await act(async () => open())
  expect(page.text()).toBe('a b connected ')
  expect(renders, 'the store says the same as the snapshot').toBe(1)
  act(() => button.click())
  expect(page.text()).toBe('a b c connected ')
  expect(page.container.querySelector('button'), 'the server’s element').toBe(button)
  expect(renders).toBe(2)
  await page.leave()
})

test('a snapshot is all that a server needs; a browser that has other rows shows the snapshot first, then its own', async () => {
  const snapshot = overTheWire(dehydrate(server, [todos.orderBy('text')]))
  const neverHere = (): Promise<Store> => Promise.reject(new Error('a server opens nothing'))
  const html = renderOnServer(app({ store: neverHere, snapshot }))
  expect(html).toContain('<button>a b</button>')
  const browser = await openStore()
  browser.commit(todoCreated({ id: '9', text: 'z' }))
  const page = await hydratePage(html, app({ store: browser, snapshot }))
  expect(page.problems).toEqual([])
  expect(page.text()).toBe('z connected ')
  await page.leave()
  await browser.close()
})

test('without a snapshot, a server with a function renders the fallback, and the browser the rest', async () => {
  const props = { store: openStore, fallback: 'opening' }
  const html = renderOnServer(app(props))
  expect(html).toContain('opening')
  expect(html).not.toContain('<button>')
  const page = await hydratePage(html, app(props))
  while (page.container.querySelector('button') === null)
    await act(() => new Promise((resolve) => setImmediate(resolve)))
  expect(page.problems).toHaveLength(1)
  expect(String(page.problems[0])).toContain('not rendered on the server')
  expect(page.text()).toBe(' connected ')
  await page.leave()
})

test('what waits for the store keeps the server’s HTML until it is open', async () => {
  const Live = (): ReactNode => <i>{useSuspenseQuery(todos.count())}</i>
  const Id = (): ReactNode => useStore().storeId
  const live = (
    <>
      <Live /> <Id />
    </>
  )
  const snapshot = overTheWire(dehydrate(server, [todos.orderBy('text')]))
  const html = renderOnServer(app({ store: server, snapshot }, live))
  let open: () => void = () => undefined
  const browser = await openStore()
  browser.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: '2', text: 'b' }))
  const page = await hydratePage(
    html,
    app({ snapshot, store: () => new Promise((resolve) => (open = () => resolve(browser))) }, live),
  )
  expect(page.text()).toBe('a b connecting 2 react')
  await act(async () => open())
  expect(page.text()).toBe('a b connected 2 react')
  act(() => void browser.commit(todoCreated({ id: '3', text: 'c' })))
  expect(page.text()).toBe('a b c connected 3 react')
  expect(page.problems).toEqual([])
  await page.leave()
})

test('a snapshot holds every kind of value, also those that JSON does not', async () => {
  const things = table('things', {
    id: column.text().primaryKey(),
    big: column.bigint(),
    bytes: column.blob(),
    real: column.real(),
    json: column.json(Schema.Struct({ a: Schema.Array(Schema.Int) })),
    at: column.datetime(),
  })
  const made = defineEvent('made', Schema.Struct({}))
  const values = {
    id: 'x',
    big: 2n ** 62n,
    bytes: new Uint8Array([0, 255, 16]),
    real: 1.5,
    json: { a: [1, 2] },
    at: new Date(5),
  }
  const store = await createStore({
    schema: defineSchema({
      version: 1,
      tables: { things },
      events: { made },
      materializers: { made: () => things.insert(values) },
    }),
    storeId: 'things',
    adapter: memoryAdapter(),
  })
  store.commit(made({}))
  const odd = sql`SELECT 9e999 AS infinite, -9e999 AS less, NULL AS missing`.as(
    Schema.Struct({ infinite: Schema.Number, less: Schema.Number, missing: Schema.Null }),
  )
  const snapshot = overTheWire(
    dehydrate(store, [things.orderBy('id'), odd, things.first(), things.where({ id: 'y' }).first()]),
  )
  const seen: Array<unknown> = []
  const Seen = (): ReactNode => {
    seen.push(
      useQuery(things.orderBy('id')),
      useQuery(odd),
      useQuery(things.first()),
      useQuery(things.where({ id: 'y' }).first()),
    )
    return null
  }
  renderOnServer(
    <StoreProvider store={openStore} snapshot={snapshot}>
      <Seen />
    </StoreProvider>,
  )
  expect(seen).toEqual([[values], [{ infinite: Infinity, less: -Infinity, missing: null }], values, undefined])
  await store.close()
})

test('a snapshot of another form is refused', async () => {
  const page = await hydratePage(
    '',
    <Boundary>{app({ store: server, snapshot: { format: 2, answers: {} } as never })}</Boundary>,
  )
  expect(page.text()).toBe('caught SnapshotInvalid')
  await page.leave()
})

test('HTML of an open store without a snapshot stays as it is until the promise of the browser’s resolves', async () => {
  const browser = await openStore()
  browser.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: '2', text: 'b' }))
  let open: () => void = () => undefined
  const store = new Promise<Store>((resolve) => (open = () => resolve(browser)))
  const rendered = renderOnServer(app({ store: server }))
  const page = await hydratePage(rendered, app({ store }))
  const button = page.container.querySelector('button')
  await act(async () => open())
  act(() => void browser.commit(todoCreated({ id: '3', text: 'c' })))
  expect(page.text()).toBe('a b c connected ')
  expect(page.container.querySelector('button')).toBe(button)
  expect(page.problems).toEqual([])
  await page.leave()
  await browser.close()
})
