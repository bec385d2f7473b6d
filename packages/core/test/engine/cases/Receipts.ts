/** Spec section 8: receipts, closing, and whatever waits. */
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { EventNotFound, type Store, StoreClosed } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import { draftSaved, shown, todoCreated, todoMustExist, untilSynced } from '../Todos.ts'

describe('a receipt', () => {
  engineCase('follows its events through a rebase: the position is the final one', async ({ client }) => {
    const backend = memoryBackend()
    const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
    await untilSynced(a, 0)
    backend.setOnline(false)
    const receipt = a.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: '2', text: 'b' }))
    await receipt.persisted
    backend.setOnline(true)
    await b.commit(todoCreated({ id: '3', text: 'c' })).confirmed
    const { position, events, effect } = await receipt.confirmed
    expect([events.map(({ eventId }) => eventId), effect]).toEqual([receipt.eventIds, 'applied'])
    expect(position.global).toBe(backend.log('demo').find(({ id }) => id === receipt.eventIds[1])!.global)
  })

  engineCase('follows its events through a restart', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const a = await device.open()
    backend.setOnline(false)
    const { eventIds, persisted } = a.commit(todoCreated({ id: '1', text: 'a' }))
    await persisted
    await device.close(a)
    await device.kill()
    const again = await device.open()
    const receipt = again.receipt(eventIds[0]!)
    await receipt.persisted
    backend.setOnline(true)
    expect((await receipt.confirmed).position.global).toBe(1)
  })

  engineCase('of an id that nobody has rejects with EventNotFound', async ({ client }) => {
    const a = await client().open()
    await expect(a.receipt('nothing').persisted).rejects.toThrow(EventNotFound)
  })

  engineCase('of client-only events: `confirmed` equals `persisted`, also while offline', async ({ client }) => {
    const backend = memoryBackend()
    backend.setOnline(false)
    const a = await client({ backend }).open()
    a.commit(todoCreated({ id: '1', text: 'a' }))
    const receipt = a.commit(draftSaved({ id: 'd', text: 'x' }))
    await receipt.persisted
    expect((await receipt.confirmed).position.client).toBe(1)
  })

  engineCase(
    'that nobody reads raises no unhandled rejection, nor does one that is read and dropped',
    async ({ client }) => {
      const backend = memoryBackend()
      backend.setValidator(() => 'never')
      const a = await client({ backend }).open()
      const receipt = a.commit(todoCreated({ id: '1', text: 'a' }))
      void receipt.confirmed
      void receipt.persisted
      a.commit(todoCreated({ id: '2', text: 'b' }))
      await a.until(() => shown(a) === '')
    },
  )

  engineCase('rejects with StoreClosed when its store closes before', async ({ client }) => {
    const device = client()
    const a = await device.open()
    const { confirmed, persisted } = a.commit(todoCreated({ id: '1', text: 'a' }))
    await persisted
    await device.close(a)
    await expect(confirmed).rejects.toThrow(StoreClosed)
  })

  engineCase(
    'is asked for when it is stored and when the settled head gets there, not at each page',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const a = await device.open()
      const confirmed = Array.from(
        { length: 4000 },
        (_, i) => a.commit(todoCreated({ id: `${i}`, text: 'a' })).confirmed,
      )
      await Promise.all(confirmed)
      const asked = device
        .link(a)
        .sent.flatMap((message) =>
          message._tag === 'request' && message.request === 'locate' && 'ids' in message.ask ? message.ask.ids : [],
        )
      expect(asked.length).toBeLessThanOrEqual(2 * confirmed.length)
    },
  )

  engineCase('of a group answers for each of its events', async ({ client }) => {
    const a = await client({ backend: memoryBackend() }).open()
    const receipt = a.commit(
      todoCreated({ id: '1', text: 'a' }),
      draftSaved({ id: 'd', text: 'x' }),
      todoMustExist({ id: '1' }),
    )
    const { events } = await receipt.confirmed
    expect(events.map(({ position: { global, client: c } }) => `${global}.${c}`)).toEqual(['1.0', '1.1', '2.0'])
  })
})

describe('close', () => {
  engineCase('waits until everything is persisted', async ({ client }) => {
    const device = client()
    const a = await device.open()
    for (let i = 0; i < 100; i++) a.commit(todoCreated({ id: `${i}`, text: 'a' }))
    await device.close(a)
    await device.kill()
    const again = await device.open()
    expect(again.status.session.localHead.global).toBe(100)
  })

  engineCase('gives up with the signal, and the store stays open', async ({ client }) => {
    const device = client()
    const a = await device.open()
    await device.kill()
    a.commit(todoCreated({ id: '1', text: 'a' }))
    const aborter = new AbortController()
    const closing = a.close({ signal: aborter.signal })
    aborter.abort(new Error('enough'))
    await expect(closing).rejects.toThrow('enough')
    a.commit(todoCreated({ id: '2', text: 'b' }))
    device.startLeader()
    await device.close(a)
    expect(() => a.commit(todoCreated({ id: '3', text: 'c' }))).toThrow(StoreClosed)
    expect(() => shown(a)).toThrow(StoreClosed)
    await expect(a.rejected.list()).rejects.toThrow(StoreClosed)
    await expect(a.until(() => false)).rejects.toThrow(StoreClosed)
  })
})

describe('an AbortSignal', () => {
  const cases = {
    until: (store, signal) => store.until(() => false, signal),
    export: (store, signal) => store.export(signal),
    'rejected.list': (store, signal) => store.rejected.list({ signal }),
    'rejected.dismiss': (store, signal) => store.rejected.dismiss(['x'], { signal }),
    'rejected.retry': (store, signal) => store.rejected.retry('x', { signal }),
    'quarantined.retry': (store, signal) => store.quarantined.retry('x', { signal }),
    retrySync: (store, signal) => store.retrySync({ signal }),
    resolveHistory: (store, signal) => store.resolveHistory('re-push', { signal }),
    events: (store, signal) => store.events({ signal }).next(),
    'events with pending': (store, signal) => store.events({ signal, pending: true }).next(),
  } satisfies Record<string, (store: Store, signal: AbortSignal) => Promise<unknown>>

  for (const [name, wait] of Object.entries(cases)) {
    engineCase(`ends ${name}`, async ({ client }) => {
      const device = client()
      const a = await device.open()
      // Nobody is there to answer.
      await device.kill()
      const aborter = new AbortController()
      const waiting = wait(a, aborter.signal)
      const ended = expect(waiting).rejects.toThrow(name === 'quarantined.retry' ? EventNotFound : 'enough')
      setImmediate(() => aborter.abort(new Error('enough')))
      await ended
    })
  }

  engineCase('ends createStore, and leaves nothing behind', async ({ client }) => {
    const device = client()
    const aborter = new AbortController()
    device.running.heldTurns = []
    const opening = device.open({ signal: aborter.signal })
    const ended = expect(opening).rejects.toThrow('enough')
    setImmediate(() => aborter.abort(new Error('enough')))
    await ended
  })
})
