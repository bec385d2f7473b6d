// @vitest-environment happy-dom
import type { Query, Store } from '@headwater/core'
import { StoreProvider, useQuery } from '@headwater/react'
import { act, type ReactNode, startTransition, useEffect, useLayoutEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPage, withoutAct } from './Page.tsx'
import { openStore, todoCreated, todos } from './Todos.ts'

let store: Store
beforeEach(async () => {
  store = await openStore()
})
afterEach(() => store.close())

/** What one would write first: the answer in a state, kept up to date by an effect. */
const useNaiveQuery = <A,>(query: Query<A>): A => {
  const [answer, setAnswer] = useState(() => store.query(query))
  useEffect(() => store.subscribe(query, (result) => setAnswer(() => result)), [])
  return answer
}

const cellCount = 12

/** Renders a slow tree in a transition, commits while React is in the middle of it, and tells what was painted. */
const paintedWith = async (useCount: (query: Query<number>) => number): Promise<ReadonlyArray<string>> => {
  const painted: Array<string> = []
  let committed = 0
  const Cell = ({ index }: { readonly index: number }): ReactNode => {
    const count = useCount(todos.count())
    // Longer than a slice of React's scheduler: it yields to the host behind each cell.
    for (const end = performance.now() + 8; performance.now() < end;);
    if (index === 4 && committed === 0)
      setImmediate(() => store.commit(todoCreated({ id: `t${committed++}`, text: '' })))
    return <i>{count}</i>
  }
  const Tree = (): ReactNode => {
    useLayoutEffect(() => {
      painted.push(Array.from(page.container.querySelectorAll('i'), ({ textContent }) => textContent).join(''))
    })
    return Array.from({ length: cellCount }, (_, index) => <Cell key={index} index={index} />)
  }
  let showTree: (isShown: boolean) => void = () => undefined
  const Switch = (): ReactNode => {
    const [isShown, setIsShown] = useState(false)
    showTree = setIsShown
    return isShown && <Tree />
  }
  const page = await openPage(
    <StoreProvider store={store}>
      <Switch />
    </StoreProvider>,
  )
  await withoutAct(async () => {
    startTransition(() => showTree(true))
    while (painted.length === 0) await new Promise((resolve) => setImmediate(resolve))
  })
  await act(async () => undefined)
  expect(committed).toBe(1)
  expect(Array.from(page.container.querySelectorAll('i'), ({ textContent }) => textContent).join('')).toBe(
    '1'.repeat(cellCount),
  )
  await page.leave()
  return painted
}

test('a commit in the middle of a concurrent render does not tear, where a naive hook does', async () => {
  const [naive] = await paintedWith(useNaiveQuery)
  expect(naive, 'the naive hook shows two states at once').toMatch(/^0+1+$/)
  await store.close()
  store = await openStore()
  const painted = await paintedWith(useQuery)
  for (const shown of painted) expect(new Set(shown).size, shown).toBe(1)
})

test('a render in the middle of a refresh shows all queries of before, the next all of after', async () => {
  const pairs: Array<string> = []
  const Pair = ({ round }: { readonly round: number }): ReactNode => {
    const count = useQuery(todos.count())
    const rows = useQuery(todos.orderBy('id'))
    pairs.push(`${round}: ${count} ${rows.length}`)
    return null
  }
  const show = (round: number): ReactNode => (
    <StoreProvider store={store}>
      <Pair round={round} />
    </StoreProvider>
  )
  const First = (): ReactNode => useQuery(todos.count())
  const first = await openPage(
    <StoreProvider store={store}>
      <First />
    </StoreProvider>,
  )
  // Between the count, which is live already, and the rows, which will be: both orders of refreshing are covered.
  let inRefresh: () => void = () => undefined
  const leave = store.subscribe(todos.where({ done: false }), () => inRefresh())
  const page = await openPage(show(1))
  let setRound: (round: number) => void = () => undefined
  const Rounds = (): ReactNode => {
    const [round, set] = useState(1)
    setRound = set
    return <Pair round={round} />
  }
  await page.show(
    <StoreProvider store={store}>
      <Rounds />
    </StoreProvider>,
  )
  pairs.length = 0
  inRefresh = () => flushSync(() => setRound(2))
  await withoutAct(async () => {
    store.commit(todoCreated({ id: '1', text: 'a' }))
    await new Promise((resolve) => setImmediate(resolve))
  })
  expect(pairs.at(0)).toBe('2: 0 0')
  expect(pairs.at(-1)).toBe('2: 1 1')
  for (const pair of pairs) expect(['2: 0 0', '2: 1 1']).toContain(pair)
  leave()
  await page.leave()
  await first.leave()
})
