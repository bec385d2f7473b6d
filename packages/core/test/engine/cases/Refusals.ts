/** Spec section 7, rows 4 and 5: what the backend does not take. */
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { BatchTooLarge, ProtocolError } from '../../../src/backend.ts'
import { EventRejected, EventTooLarge, type StoreNotice } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import { draftSaved, draftsShown, shown, todoCreated, untilShown, untilSynced } from '../Todos.ts'

const refuseTexts =
  (word: string) =>
  ({ argsJson }: { readonly argsJson: string }) =>
    argsJson.includes(word) ? `no ${word} here` : undefined

describe('an event that the backend refuses', () => {
  engineCase(
    'takes its group with it: the rest is renumbered, dead letters are kept, the app is told, receipts reject',
    async ({ client }) => {
      const backend = memoryBackend()
      backend.setValidator(refuseTexts('spam'))
      const store = await client({ backend }).open()
      const notices: Array<StoreNotice> = []
      store.onNotice((notice) => notices.push(notice))
      const gate = backend.hold('push')
      const before = store.commit(todoCreated({ id: '1', text: 'a' }))
      const group = store.commit(todoCreated({ id: '2', text: 'fine' }), todoCreated({ id: '3', text: 'spam' }))
      const later = store.commit(todoCreated({ id: '4', text: 'd' }))
      await later.persisted
      gate.release()
      await expect(group.confirmed).rejects.toThrow(EventRejected)
      expect((await later.confirmed).position.global).toBe(2)
      expect((await before.confirmed).position.global).toBe(1)
      await untilShown(store, '1:a 4:d')
      expect(backend.log('demo').map(({ argsJson }) => JSON.parse(argsJson).id)).toEqual(['1', '4'])
      const rows = await store.rejected.list()
      expect(rows.map(({ reason, detail }) => [reason, detail])).toEqual([
        ['group', 'another event of the same commit was refused'],
        ['refused', 'no spam here'],
      ])
      expect(notices.filter(({ _tag }) => _tag === 'rejected')).toHaveLength(2)
    },
  )

  engineCase('a receipt of a refused event rejects with the reason, whenever it is asked for', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(refuseTexts('spam'))
    const device = client({ backend })
    const store = await device.open()
    const receipt = store.commit(todoCreated({ id: '1', text: 'spam' }))
    await receipt.persisted.catch(() => undefined)
    await expect(receipt.confirmed).rejects.toThrow('no spam here')
    await expect(store.receipt(receipt.eventIds[0]!).persisted).rejects.toThrow('no spam here')
    await device.close(store)
    await device.kill()
    const again = await device.open()
    await expect(again.receipt(receipt.eventIds[0]!).confirmed).rejects.toThrow('no spam here')
  })

  engineCase('whoever is told by its receipt does not see it any more', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(refuseTexts('spam'))
    const device = client({ backend })
    const store = await device.open()
    const push = backend.hold('push')
    const receipt = store.commit(todoCreated({ id: '1', text: 'spam' }))
    await receipt.persisted
    // The leader waits for the answer to its message about this one, and cannot send the next.
    const link = device.link(store)
    link.loses = ({ _tag }) => _tag === 'ack'
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    push.release()
    while ((await store.rejected.list()).length === 0) await new Promise(setImmediate)
    const seenWhenTold = receipt.confirmed.then(
      () => 'confirmed',
      () => shown(store),
    )
    await store.rejected.list()
    link.loses = () => false
    link.send(link.sent.findLast(({ _tag }) => _tag === 'ack')!)
    expect(await seenWhenTold).toBe('2:b')
  })

  engineCase('client-only events behind it stay, behind the anchor before', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(refuseTexts('spam'))
    const store = await client({ backend }).open()
    const gate = backend.hold('push')
    store.commit(todoCreated({ id: '1', text: 'spam' }))
    store.commit(draftSaved({ id: 'd', text: 'kept' }))
    const refused = store.commit(todoCreated({ id: '2', text: 'b' }))
    await refused.persisted
    gate.release()
    await refused.confirmed
    await untilShown(store, '2:b')
    expect(draftsShown(store)).toBe('d:kept')
  })

  engineCase('members of its group that a push answer acknowledged before stay', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(refuseTexts('spam'))
    const store = await client({ backend }).open()
    const page = backend.hold('page')
    // A group of 1,001 is pushed in two batches; the second one is refused.
    const many = Array.from({ length: 1000 }, (_, i) => todoCreated({ id: `${i}`.padStart(4, '0'), text: 'a' }))
    const receipt = store.commit(...many, todoCreated({ id: 'x', text: 'spam' }))
    await receipt.persisted
    page.release()
    const last = store.receipt(receipt.eventIds.at(-1)!)
    await expect(last.confirmed).rejects.toThrow('no spam here')
    expect((await store.receipt(receipt.eventIds[0]!).confirmed).position.global).toBe(1)
    await untilSynced(store, 1000)
    expect(await store.rejected.list()).toHaveLength(1)
    expect(backend.log('demo')).toHaveLength(1000)
  })

  engineCase('is reinstated when it arrives by pull after all, and the app is told', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    const told = new Promise<string>((resolve) =>
      store.onNotice((notice) => {
        if (notice._tag === 'reinstated') resolve(notice.eventId)
      }),
    )
    const gate = backend.hold('push')
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }), draftSaved({ id: 'd', text: 'gone' }))
    await receipt.persisted
    const image = device.crashImage()
    backend.failNext('push', new BatchTooLarge({ detail: 'test' }))
    gate.release()
    await expect(receipt.confirmed).rejects.toThrow(EventRejected)
    await untilShown(store, '')
    // The same push, sent before and thought lost, arrives after all.
    await client({ backend, copyOf: image }).open()
    expect(await told).toBe(receipt.eventIds[0])
    await untilSynced(store, 1)
    expect(shown(store)).toBe('1:a')
    // Client-only members of its group stay dead letters.
    expect((await store.rejected.list()).map(({ event }) => event.name)).toEqual(['draftSaved'])
  })

  engineCase('the app lists, retries under a new id, and dismisses', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(refuseTexts('spam'))
    const store = await client({ backend }).open()
    const receipt = store.commit(todoCreated({ id: '1', text: 'spam' }))
    await expect(receipt.confirmed).rejects.toThrow(EventRejected)
    await untilShown(store, '')
    backend.setValidator(() => undefined)
    const again = await store.rejected.retry(receipt.eventIds[0]!)
    expect((await again.confirmed).effect).toBe('applied')
    expect(shown(store)).toBe('1:spam')
    expect(await store.rejected.list()).toEqual([])
    await expect(store.rejected.retry('nothing')).rejects.toThrow('nothing')
  })
})

describe('an event that the backend can never take', () => {
  engineCase('too large for the protocol: commit throws EventTooLarge and nothing remains', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    expect(() => store.commit(todoCreated({ id: '1', text: 'x'.repeat(1024 * 1024) }))).toThrow(EventTooLarge)
    expect(store.status.session.pending).toBe(0)
    expect(shown(store)).toBe('')
  })

  engineCase('413 halves the batch', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    const tooLarge = new BatchTooLarge({ detail: 'more than a proxy takes' })
    backend.failNext('push', tooLarge, 2)
    for (let i = 0; i < 8; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
    await untilSynced(store, 8)
    expect(backend.log('demo')).toHaveLength(8)
    expect(await store.rejected.list()).toEqual([])
  })

  engineCase('413 for a single event refuses it, and the others go on', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    backend.failNext('push', new BatchTooLarge({ detail: 'more than a proxy takes' }))
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    await expect(receipt.confirmed).rejects.toThrow('too-large')
    const later = store.commit(todoCreated({ id: '2', text: 'b' }))
    expect((await later.confirmed).position.global).toBe(1)
    expect(shown(store)).toBe('2:b')
  })

  engineCase('a ProtocolError stops sync with a status, and local work goes on', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    backend.failNext('push', new ProtocolError({ detail: '404' }))
    store.commit(todoCreated({ id: '1', text: 'a' }))
    const { backend: status } = await store.until(({ backend: { connection } }) => connection === 'stopped')
    expect(status.error?.tag).toBe('ProtocolError')
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    expect([shown(store), store.status.isSynced, backend.log('demo').length]).toEqual(['1:a 2:b', false, 0])
    // What the open stream still brings does not hide why nothing is pushed any more.
    const other = await client({ backend }).open()
    await other.commit(todoCreated({ id: '3', text: 'c' })).confirmed
    const { backend: later } = await store.until(() => shown(store).includes('3:c'))
    expect([later.connection, later.error?.tag]).toEqual(['stopped', 'ProtocolError'])
    // It is tried again when the app is started the next time.
    await device.kill()
    device.startLeader()
    await untilSynced(store, 3)
  })
})
