/** Spec section 5: a session follows its leader by the feed; a snapshot is for what the feed cannot say. */
import { describe, expect } from 'vitest'
import { type MemoryBackend, memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { Schema, sql, type Store } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import type { Client } from '../Client.ts'
import { shown, todoCreated, todoDone, todoRenamed, todos, untilLogged, untilShown, untilSynced } from '../Todos.ts'

/** Both have todo 1; then `store` has two events on 3 pending where the backend has the other's 2: a rebase. */
const rebaseBehind = async (backend: MemoryBackend, store: Store, other: Store): Promise<void> => {
  const page = backend.hold('page')
  other.commit(todoCreated({ id: '2', text: 'theirs' }))
  await untilLogged(backend, 2)
  const push = backend.hold('push')
  await store.commit(todoCreated({ id: '3', text: 'mine' })).persisted
  await store.commit(todoDone({ id: '3' })).persisted
  push.release()
  await store.until(({ leader }) => leader.epoch > 0)
  page.release()
  await untilSynced(store, 4)
}

const withTwoDevices = async (client: () => Client, backend: MemoryBackend) => {
  const device = client()
  const store = await device.open()
  const other = await client().open()
  await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
  await untilSynced(other, 1)
  return { device, store, other, backend }
}

describe('a session that keeps up', () => {
  engineCase('follows a rebase by its feed, without subscribing again', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    const { device, store, other } = await withTwoDevices(() => client({ backend }), backend)
    let count = 0
    store.subscribe(todos.count(), (counted) => (count = counted))
    await rebaseBehind(backend, store, other)
    expect([shown(store), count]).toEqual(['1:a 2:theirs 3:mine*', 3])
    expect(device.link(store).received.filter(({ _tag }) => _tag === 'subscribed')).toHaveLength(1)
  })

  engineCase(
    'shows a rebase that takes several messages at once, with what was committed meanwhile',
    async ({ client }) => {
      const backend = memoryBackend({ isMissingSent: true })
      const { device, store, other } = await withTwoDevices(() => client({ backend }), backend)
      const page = backend.hold('page')
      other.commit(todoCreated({ id: '2', text: 'theirs' }))
      await untilLogged(backend, 2)
      const push = backend.hold('push')
      // A feed message carries a thousand.
      for (let n = 0; n < 2500; n++) store.commit(todoCreated({ id: `mine ${n}`, text: 'mine' }))
      const [last] = store.commit(todoDone({ id: 'mine 0' })).eventIds
      await store.receipt(last!).persisted
      const counts: Array<number> = []
      store.subscribe(todos.count(), (count) => counts.push(count))
      // Between any two messages of the rebase the app commits, and reads what it has committed.
      let meanwhile = 0
      device.link(store).loses = (message) => {
        if (message._tag !== 'feed' || store.status.leader.epoch === 0 || meanwhile === 5) return false
        meanwhile++
        store.commit(todoCreated({ id: `meanwhile ${meanwhile}`, text: 'mine' }))
        expect(store.query(todos.where({ id: `meanwhile ${meanwhile}` }).count())).toBe(1)
        return false
      }
      push.release()
      page.release()
      await store.until(({ session, isSynced }) => isSynced && session.localHead.global >= 2503)
      expect(meanwhile).toBeGreaterThan(2)
      expect(counts).toEqual([...counts].sort((a, b) => a - b))
      expect(store.query(todos.count())).toBe(2 + 2500 + meanwhile)
      expect(store.query(todos.where({ id: 'mine 0' }).first())?.done).toBe(true)
      await untilSynced(other, 2 + 2501 + meanwhile)
      expect(shown(other)).toBe(shown(store))
    },
  )

  engineCase('passes over a message of an epoch that is over', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    const { device, store, other } = await withTwoDevices(() => client({ backend }), backend)
    const link = device.link(store)
    const old = link.received.findLast(({ _tag }) => _tag === 'feed')!
    await rebaseBehind(backend, store, other)
    const subscribed = link.sent.filter(({ _tag }) => _tag === 'subscribe').length
    link.inject(old)
    expect([shown(store), store.status.leader.epoch]).toEqual(['1:a 2:theirs 3:mine*', 1])
    expect(link.sent.filter(({ _tag }) => _tag === 'subscribe')).toHaveLength(subscribed)
    await store.commit(todoRenamed({ id: '3', text: 'on' })).confirmed
  })

  engineCase('forgets how to undo what is settled', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    for (let i = 0; i < 20; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
    await untilSynced(store, 20)
    const retained = sql`SELECT count(*) AS rows FROM __headwater_session_changeset`.as(
      Schema.Struct({ rows: Schema.Number }),
    )
    await store.until(() => store.query(retained)[0]?.rows === 0, AbortSignal.timeout(5000))
  })
})

describe('a session that missed a rebase', () => {
  engineCase('resumes from the last event that both have, by its id', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    const device = client({ backend })
    const [a, b] = [await device.open(), await device.open()]
    const other = await client({ backend }).open()
    await a.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    for (const store of [b, other]) await untilSynced(store, 1)
    const page = backend.hold('page')
    other.commit(todoCreated({ id: '2', text: 'theirs' }))
    await untilLogged(backend, 2)
    const push = backend.hold('push')
    await a.commit(todoCreated({ id: '3', text: 'mine' })).persisted
    await untilShown(b, '1:a 3:mine')
    device.link(b).loses = ({ _tag }) => _tag === 'feed'
    push.release()
    page.release()
    await untilSynced(a, 3)
    await device.kill()
    device.link(b).loses = () => false
    device.startLeader()
    await untilSynced(b, 3)
    expect([shown(a), shown(b)]).toEqual(['1:a 2:theirs 3:mine', '1:a 2:theirs 3:mine'])
    expect(device.link(b).received.findLast(({ _tag }) => _tag === 'subscribed')).toMatchObject({
      mode: 'resume',
      base: { global: 1 },
    })
  })
})

describe('a session that takes a snapshot', () => {
  engineCase('keeps what the leader does not have yet, and pushes it', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    let isLossy = true
    device.link(store).loses = ({ _tag }) => {
      if (_tag === 'subscribe') isLossy = false
      return isLossy && _tag === 'push'
    }
    const receipt = store.commit(todoCreated({ id: '2', text: 'b' }))
    // Another attachment: where this session stands means nothing there.
    await store.resolveHistory('re-push')
    await store.until(({ leader }) => leader.attachment === 2)
    expect(device.link(store).received.findLast(({ _tag }) => _tag === 'subscribed')).toMatchObject({
      mode: 'snapshot',
    })
    expect(shown(store)).toBe('1:a 2:b')
    expect((await receipt.confirmed).position.global).toBe(2)
  })
})

describe('a receipt', () => {
  engineCase('is not confirmed by the answer to a push, before the event was pulled', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    await untilSynced(store, 0)
    const page = backend.hold('page')
    const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
    await untilLogged(backend, 1)
    // A second push goes out behind the answer to the first.
    store.commit(todoCreated({ id: '2', text: 'b' }))
    await untilLogged(backend, 2)
    let isConfirmed = false
    const confirmed = store.receipt(receipt.eventIds[0]!).confirmed.then(() => (isConfirmed = true))
    // Questions are answered in order: where the event is was asked before.
    for (let asked = 0; asked < 2; asked++) await store.rejected.list()
    expect(isConfirmed).toBe(false)
    page.release()
    await confirmed
  })
})

describe('a commit group', () => {
  engineCase('travels to the leader in one piece, however large', async ({ client }) => {
    const device = client()
    const store = await device.open()
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => todoCreated({ id: `${from + i}`, text: 'a' }))
    for (const event of many(0, 999)) store.commit(event)
    store.commit(...many(1000, 1500))
    await store.commit(todoCreated({ id: 'last', text: 'a' })).persisted
    const pushes = device.link(store).sent.flatMap((message) => (message._tag === 'push' ? [message.events] : []))
    const pushesOf = (id: string) => pushes.filter((events) => events.some(({ commitId }) => commitId === id)).length
    const groups = new Set(pushes.flat().map(({ commitId }) => commitId))
    expect([pushes.length > 1, groups.size]).toEqual([true, 1001])
    for (const id of groups) expect(pushesOf(id)).toBe(1)
  })

  engineCase('is not split between two batches to the backend while a batch can end before it', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(({ argsJson }) => (argsJson.includes('spam') ? 'spam' : undefined))
    const store = await client({ backend }).open()
    const gate = backend.hold('push')
    for (let i = 0; i < 999; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
    const group = store.commit(...['x', 'y', 'spam'].map((id) => todoCreated({ id, text: 'b' })))
    await group.persisted
    gate.release()
    await expect(group.confirmed).rejects.toThrow('refused')
    await untilSynced(store, 999)
    expect([backend.log('demo').length, (await store.rejected.list()).length]).toEqual([999, 3])
  })
})
