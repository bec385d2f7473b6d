import { createStore, type Store } from '@headwater/core'
import { expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import type { RowChange } from '../../src/sqlite/RowChange.ts'
import { LiveQueries } from '../../src/store/LiveQueries.ts'
import { schema, todoCreated, todos } from '../engine/Todos.ts'

test('a count that is subscribed to between a commit and its refresh counts that commit once', async () => {
  const store: Store = await createStore({ schema, storeId: 'live', adapter: memoryAdapter() })
  const counts: Array<number> = []
  store.subscribe(todos.orderBy('id'), (rows) => {
    if (rows.length !== 1) return
    store.commit(todoCreated({ id: '2', text: 'b' }))
    store.subscribe(todos.count(), (count) => counts.push(count))
  })
  store.commit(todoCreated({ id: '1', text: 'a' }))
  expect(counts).toEqual([2])
  store.commit(todoCreated({ id: '3', text: 'c' }))
  expect(counts).toEqual([2, 3])
  await store.close()
})

test('a count that a snapshot runs anew counts a commit that waits behind it once', () => {
  let count = 1
  const added = { table: { name: 'todos' }, before: undefined, after: ['2', 'b', 0] } as unknown as RowChange
  const live = new LiveQueries({
    run: () => ({ rows: [[count]], columns: ['count'] }),
    tablesOf: () => ['todos'],
    onError: (error) => {
      throw error
    },
  })
  // Counts too, but not row by row: the first to run anew.
  let isCommitted = true
  live.subscribe(todos.limit(5).count(), () => {
    if (isCommitted) return
    isCommitted = true
    count++
    live.refresh([() => [added]])
  })
  const counts: Array<number> = []
  live.subscribe(todos.count(), (answer) => counts.push(answer))
  isCommitted = false
  count = 5
  live.refresh('everything')
  expect(counts).toEqual([1, 6])
})
