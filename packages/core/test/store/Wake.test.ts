/** A platform may tell that the backend is within reach again (`AdapterConnection.onWake`). */
import { createStore } from '@headwater/core'
import type { Adapter } from '@headwater/core/adapter'
import { Unavailable } from '@headwater/core/backend'
import { expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import { memoryBackend } from '../../../testkit/src/MemoryBackend.ts'
import { schema, todoCreated, untilSynced } from '../engine/Todos.ts'

/** Longer than any test. **Units** ms. */
const never = 600_000

test('a platform that wakes the store ends every back-off, until the store is closed', async () => {
  const wakes = new Set<() => void>()
  const inner = memoryAdapter()
  const adapter: Adapter = {
    ...inner,
    connect: async (context) => ({
      ...(await inner.connect(context)),
      onWake: (wake) => {
        wakes.add(wake)
        return () => wakes.delete(wake)
      },
    }),
  }
  const backend = memoryBackend()
  const store = await createStore({ schema, storeId: 'wake', adapter, backend })
  await untilSynced(store, 0)
  backend.failNext('push', new Unavailable({ detail: 'come back later', retryAfterMs: never }))
  const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
  await store.until((status) => status.backend.error !== null)
  for (const wake of wakes) wake()
  await receipt.confirmed
  await store.close()
  expect(wakes.size).toBe(0)
})
