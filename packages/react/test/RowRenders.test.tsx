// @vitest-environment happy-dom
import type { Row } from '@headwater/core'
import { StoreProvider, useQuery } from '@headwater/react'
import { act, memo, type ReactNode } from 'react'
import { expect, test } from 'vitest'
import { openPage } from './Page.tsx'
import { idOf, manyCreated, openStore, todoCreated, todoDone, todoRenamed, todos } from './Todos.ts'

const rowCount = 1000

test('of a list of 1,000 rows, a commit renders the list and the rows it changed', async () => {
  const store = await openStore()
  store.commit(manyCreated({ count: rowCount }))
  let lists = 0
  let rendered: Array<string> = []
  const Todo = memo(({ todo }: { readonly todo: Row<typeof todos> }): ReactNode => {
    rendered.push(todo.id)
    return <li>{`${todo.text}${todo.done ? '*' : ''}`}</li>
  })
  const List = (): ReactNode => {
    lists++
    return useQuery(todos.orderBy('text')).map((todo) => <Todo key={todo.id} todo={todo} />)
  }
  const Other = (): ReactNode => useQuery(todos.where({ done: true }).count())
  const page = await openPage(
    <StoreProvider store={store}>
      <List />
      <Other />
    </StoreProvider>,
  )
  expect([lists, rendered.length]).toEqual([1, rowCount])
  const counted = (commit: () => void): { readonly lists: number; readonly rows: ReadonlyArray<string> } => {
    lists = 0
    rendered = []
    act(commit)
    return { lists, rows: rendered }
  }
  const changed = counted(() => void store.commit(todoDone({ id: idOf(500) })))
  expect(changed).toEqual({ lists: 1, rows: [idOf(500)] })
  const moved = counted(() => void store.commit(todoRenamed({ id: idOf(500), text: 'a, first now' })))
  expect(moved).toEqual({ lists: 1, rows: [idOf(500)] })
  const inserted = counted(() => void store.commit(todoCreated({ id: 'new', text: 'todo 5 and a half' })))
  expect(inserted).toEqual({ lists: 1, rows: ['new'] })
  const two = counted(() => {
    store.commit(todoRenamed({ id: idOf(3), text: 'zz' }))
    store.commit(todoRenamed({ id: idOf(900), text: 'b' }))
  })
  expect({ lists: two.lists, rows: [...two.rows].sort() }).toEqual({ lists: 1, rows: [idOf(3), idOf(900)] })
  const none = counted(() => void store.commit(todoDone({ id: idOf(500) })))
  expect(none).toEqual({ lists: 0, rows: [] })
  const shown = Array.from(page.container.querySelectorAll('li'), ({ textContent }) => textContent)
  expect(shown).toEqual(store.query(todos.orderBy('text')).map(({ text, done }) => `${text}${done ? '*' : ''}`))
  const total = changed.rows.length + moved.rows.length + inserted.rows.length + two.rows.length + none.rows.length
  console.log(`PROOF react-rows=${shown.length} react-commits=6 react-row-renders=${total}`)
  await page.leave()
  await store.close()
})
