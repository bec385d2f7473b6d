import { createStore } from '@headwater/core'
import { expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import { draftSaved, schema, todoCreated, todos } from '../engine/Todos.ts'

test('onRefresh is told once every live query has its answer, also of what a subscriber commits', async () => {
  const store = await createStore({ schema, storeId: 'refresh', adapter: memoryAdapter() })
  const told: Array<string> = []
  let answers = { rows: 0, count: 0 }
  store.subscribe(todos.orderBy('id'), ({ length }) => {
    answers = { ...answers, rows: length }
    if (length === 1) store.commit(todoCreated({ id: '2', text: 'b' }))
  })
  store.subscribe(todos.count(), (count) => {
    answers = { ...answers, count }
  })
  const leave = store.onRefresh(() => told.push(`${answers.rows} rows, ${answers.count} counted`))
  store.commit(todoCreated({ id: '1', text: 'a' }))
  expect(told).toEqual(['2 rows, 2 counted'])
  store.commit(draftSaved({ id: 'x', text: 'read by nobody' }))
  expect(told).toHaveLength(2)
  leave()
  store.commit(todoCreated({ id: '3', text: 'c' }))
  expect(told).toHaveLength(2)
  await store.close()
})

test('a listener of onRefresh that throws or commits does not keep the others from being told', async () => {
  const store = await createStore({ schema, storeId: 'refresh', adapter: memoryAdapter(), log: () => undefined })
  const seen: Array<number> = []
  store.onRefresh(() => {
    if (store.query(todos.count()) === 1) store.commit(todoCreated({ id: '2', text: 'b' }))
    throw new Error('not its neighbours’ problem')
  })
  store.onRefresh(() => seen.push(store.query(todos.count())))
  store.commit(todoCreated({ id: '1', text: 'a' }))
  expect(seen).toEqual([2, 2])
  await store.close()
})

test('the status of a closed store says so', async () => {
  const store = await createStore({ schema, storeId: 'refresh', adapter: memoryAdapter() })
  const told: Array<boolean> = []
  store.onStatus(({ isClosed }) => told.push(isClosed))
  await store.close()
  expect(told.at(0)).toBe(false)
  expect(told.at(-1)).toBe(true)
  expect(store.status.isClosed).toBe(true)
})
