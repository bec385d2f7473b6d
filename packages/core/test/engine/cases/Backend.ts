/** Spec section 7, rows 6 to 10: the backend is ahead, away, or does not know us. */
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { retryCapMs, type SyncBackendProvider, Unavailable } from '../../../src/backend.ts'
import { engineCase } from '../Case.ts'
import { shown, todoCreated, untilLogged, untilShown, untilSynced } from '../Todos.ts'

const never = 10 * 60_000

describe('a backend that is ahead', () => {
  for (const isMissingSent of [true, false]) {
    engineCase(
      `answers ${isMissingSent ? 'with' : 'without'} the missing tail: rebase and push again at once, without back-off`,
      async ({ client }) => {
        const backend = memoryBackend({ isMissingSent })
        // With the longest delays: a retry after a back-off would not come within this case.
        const [a, b] = [await client({ backend, jitter: 0.99 }).open(), await client({ backend, jitter: 0.99 }).open()]
        await untilSynced(a, 0)
        const [page, push] = [backend.hold('page'), backend.hold('push')]
        const mine = a.commit(todoCreated({ id: '1', text: 'a' }))
        const theirs = b.commit(todoCreated({ id: '2', text: 'b' }))
        await Promise.all([mine.persisted, theirs.persisted])
        push.release()
        page.release()
        const positions = await Promise.all([mine.confirmed, theirs.confirmed])
        expect(positions.map(({ position }) => position.global).toSorted((x, y) => x - y)).toEqual([1, 2])
        await untilSynced(a, 2)
        await untilSynced(b, 2)
        expect([shown(a), shown(b)]).toEqual(['1:a 2:b', '1:a 2:b'])
      },
    )
  }

  engineCase('without the missing tail, and with a live stream that is silent: it is pulled', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: false })
    const silent: SyncBackendProvider = {
      name: backend.name,
      make: (context) =>
        Effect.map(backend.make(context), (inner) => ({
          ...inner,
          pull: (request) =>
            request.isLive
              ? Stream.concat(inner.pull({ ...request, isLive: false }), Stream.never)
              : inner.pull(request),
        })),
    }
    const store = await client({ backend: silent }).open()
    await untilSynced(store, 0)
    const other = await client({ backend }).open()
    await other.commit(todoCreated({ id: '1', text: 'theirs' })).confirmed
    store.commit(todoCreated({ id: '2', text: 'mine' }))
    await untilLogged(backend, 2)
    await untilShown(store, '1:theirs 2:mine')
  })

  engineCase('works without live pull: the answer to a push is followed by a pull at once', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await untilSynced(store, 0)
    // The live stream breaks and may not come back within this case.
    backend.failNext('pull', new Unavailable({ detail: 'no streams today', retryAfterMs: never }))
    await store.until((status) => status.backend.error !== null)
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    expect((await receipt.confirmed).position.global).toBe(1)
  })
})

describe('a backend that is away', () => {
  engineCase(
    'offline: local work goes on, the status says so; online again: everything is pushed',
    async ({ client }) => {
      const backend = memoryBackend()
      const store = await client({ backend }).open()
      await untilSynced(store, 0)
      backend.setOnline(false)
      await store.until(({ backend: { connection } }) => connection === 'offline')
      const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
      await receipt.persisted
      expect([store.status.isSynced, store.status.backend.pending, shown(store)]).toEqual([false, 1, '1:a'])
      backend.setOnline(true)
      await receipt.confirmed
      await untilSynced(store, 1)
      expect(store.status.backend.error).toBeNull()
    },
  )

  engineCase('a store opens while the backend is away', async ({ client }) => {
    const backend = memoryBackend()
    backend.setOnline(false)
    const store = await client({ backend }).open()
    store.commit(todoCreated({ id: '1', text: 'a' }))
    expect(shown(store)).toBe('1:a')
    backend.setOnline(true)
    await untilSynced(store, 1)
  })

  engineCase('failures are retried with backoff, for ever', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    backend.failNext('push', new Unavailable({ detail: '503' }), 12)
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    await receipt.confirmed
    expect(backend.calls.push).toBe(13)
  })

  engineCase('a pull that fails is tried again for ever, too', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    const other = await client({ backend }).open()
    await untilSynced(store, 0)
    await untilSynced(other, 0)
    backend.failNext('pull', new Unavailable({ detail: '503' }), 24)
    backend.restart()
    other.commit(todoCreated({ id: '1', text: 'a' }))
    await untilSynced(store, 1)
  })

  engineCase('each back-off is longer than the one before', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend, jitter: 0.2 }).open()
    await untilSynced(store, 0)
    backend.failNext('push', new Unavailable({ detail: '503' }), 4)
    const startedAt = performance.now()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    // 50 + 100 + 200 + 400 ms; a timer may be a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThan(740)
  })

  engineCase('regained connectivity ends every back-off', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    await untilSynced(store, 0)
    backend.failNext('push', new Unavailable({ detail: 'come back later', retryAfterMs: never }))
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    await store.until((status) => status.backend.error !== null)
    backend.setOnline(false)
    backend.setOnline(true)
    await receipt.confirmed
  })

  engineCase('the app can end every back-off', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    await untilSynced(store, 0)
    backend.failNext('push', new Unavailable({ detail: 'come back later', retryAfterMs: never }))
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    await store.until((status) => status.backend.error !== null)
    await store.retrySync()
    await receipt.confirmed
  })

  engineCase('a back-off that was ended starts again from the shortest', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend, jitter: 0.99 }).open()
    await untilSynced(store, 0)
    const failures = 7
    for (let i = 0; i < failures; i++)
      backend.failNext('push', new Unavailable({ detail: `${i}`, retryAfterMs: never }))
    backend.failNext('push', new Unavailable({ detail: 'the last one' }))
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    for (let i = 0; i < failures; i++) {
      await store.until(({ backend: { error } }) => error?.message.includes(`${i}`) === true)
      await store.retrySync()
    }
    const startedAt = performance.now()
    await receipt.confirmed
    // Otherwise it would now wait for 99 % of the cap.
    expect(performance.now() - startedAt).toBeLessThan(0.9 * retryCapMs)
  })

  engineCase('401 is a status, local work goes on, and sync goes on with the next token', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    await untilSynced(store, 0)
    backend.setAuthorized(false)
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    const { backend: status } = await store.until(({ backend: { connection } }) => connection === 'unauthorized')
    expect(status.error?.tag).toBe('Unauthorized')
    await receipt.persisted
    backend.setAuthorized(true)
    await receipt.confirmed
    await store.until(({ backend: { connection } }) => connection === 'online')
  })

  engineCase("the status has the backend's head as soon as anybody has pushed", async ({ client }) => {
    const backend = memoryBackend()
    const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
    a.commit(todoCreated({ id: '1', text: 'a' }))
    await b.until((status) => status.backend.head === 1)
    await a.until((status) => status.backend.head === 1)
    await untilShown(b, '1:a')
  })
})

describe("the sessions that run the app's backend", () => {
  engineCase('one that brings none may come first: the next one that does starts to sync', async ({ client }) => {
    const backend = memoryBackend()
    const device = client()
    const [local, synced] = [await device.open({ backend: null }), await device.open({ backend })]
    local.commit(todoCreated({ id: '1', text: 'a' }))
    await untilSynced(local, 1)
    await untilSynced(synced, 1)
  })

  engineCase('when the one that runs it leaves, another one does, with what was under way', async ({ client }) => {
    const backend = memoryBackend()
    const device = client()
    const local = await device.open({ backend: null })
    const [first, second] = [await device.open({ backend }), await device.open({ backend })]
    await untilSynced(local, 0)
    const gate = backend.hold('push')
    const receipt = local.commit(todoCreated({ id: '1', text: 'a' }))
    await receipt.persisted
    await Effect.runPromise(gate.entered)
    await device.close(first)
    gate.release()
    await receipt.confirmed
    await untilSynced(second, 1)
    expect(backend.log('demo')).toHaveLength(1)
  })

  engineCase('when the last one leaves, local work goes on; the next one syncs it', async ({ client }) => {
    const backend = memoryBackend()
    const device = client()
    const [local, synced] = [await device.open({ backend: null }), await device.open({ backend })]
    await untilSynced(local, 0)
    await device.close(synced)
    const receipt = local.commit(todoCreated({ id: '1', text: 'a' }))
    await receipt.persisted
    await local.until((status) => status.backend.connection === 'offline')
    await device.open({ backend })
    await receipt.confirmed
  })
})
