import { memoryAdapter } from '@headwater/adapter-node'
import { expect, onTestFinished, test } from 'vitest'
import { heldBackend } from '../src/HeldBackend.ts'
import { todoArgs, todoRange } from '../src/TodoRows.ts'
import { openTodoStore, todoCreated, todos } from '../src/TodoStore.ts'

test('what is held stays pending, what is delivered comes before it, what is let through is confirmed', async () => {
  const backend = heldBackend()
  const { store } = await openTodoStore(memoryAdapter(), backend.provider)
  onTestFinished(() => store.close())
  await store.until(({ isSynced }) => isSynced)

  await store.commit(todoCreated(todoArgs(0)), todoCreated(todoArgs(1))).persisted
  backend.deliver('todoCreated', todoRange(10, 3))
  // Three are settled in front of the two that are not.
  const { leader, backend: told } = await store.until(({ session }) => session.upstreamHead.global === 5)
  expect([leader.settledHead.global, told.pending]).toEqual([3, 2])
  expect(store.query(todos.count())).toBe(5)

  backend.release()
  await store.until(({ isSynced }) => isSynced)
  backend.hold()
  store.commit(todoCreated(todoArgs(2)))
  await store.until(({ backend: { pending } }) => pending === 1)
  expect(store.query(todos.count())).toBe(6)
  backend.release()
  await store.until(({ isSynced }) => isSynced)
})
