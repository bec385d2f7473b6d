/** Spec section 5: sessions of one client and their leader. */
import { rmSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { defineEvent, defineSchema, MaterializerNotDeterministic, Schema, type Store } from '../../../src/index.ts'
import { root } from '../../../src/event/EventSequenceNumber.ts'
import { engineCase } from '../Case.ts'
import type { Client } from '../Client.ts'
import {
  draftSaved,
  drafts,
  draftsShown,
  events,
  materializers,
  shown,
  todoCreated,
  todoDone,
  todoRenamed,
  todos,
  untilShown,
  untilSynced,
} from '../Todos.ts'

const feedsOf = (device: Client, store: Store) => device.link(store).received.filter(({ _tag }) => _tag === 'feed')

describe('sessions of one client', () => {
  engineCase('a second session boots from a snapshot and follows', async ({ client }) => {
    const device = client()
    const a = await device.open()
    await a.commit(todoCreated({ id: '1', text: 'a' }), draftSaved({ id: 'd', text: 'x' })).persisted
    const b = await device.open()
    expect([shown(b), draftsShown(b)]).toEqual(['1:a', 'd:x'])
    expect(device.link(b).received.find(({ _tag }) => _tag === 'subscribed')).toMatchObject({ mode: 'snapshot' })
    a.commit(todoDone({ id: '1' }))
    await untilShown(b, '1:a*')
    b.commit(todoRenamed({ id: '1', text: 'b' }))
    await untilShown(a, '1:b*')
  })

  engineCase(
    "a session's push is rebased behind another's, in the order in which the leader took them",
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const [a, b] = [await device.open(), await device.open()]
      await untilSynced(a, 0)
      // All in one task: neither has heard of the other.
      const receipts = [
        a.commit(todoCreated({ id: '1', text: 'a' })),
        b.commit(todoCreated({ id: '2', text: 'b' })),
        a.commit(draftSaved({ id: 'd', text: 'of a' })),
        b.commit(draftSaved({ id: 'd', text: 'of b' })),
        a.commit(todoRenamed({ id: '1', text: 'a2' })),
        b.commit(todoRenamed({ id: '2', text: 'b2' })),
      ]
      await Promise.all(receipts.map(({ confirmed }) => confirmed))
      await untilSynced(a, 4)
      await untilSynced(b, 4)
      expect([shown(a), shown(b)]).toEqual(['1:a2 2:b2', '1:a2 2:b2'])
      expect(draftsShown(a)).toBe(draftsShown(b))
    },
  )

  engineCase(
    'a client-only event that diverges in a session is renumbered behind the other and still pushed',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const [a, b] = [await device.open(), await device.open()]
      device.link(a).freeze()
      await b.commit(todoCreated({ id: '1', text: 'x' })).persisted
      const receipt = a.commit(draftSaved({ id: 'd', text: 'c' }))
      device.link(a).thaw()
      expect((await receipt.confirmed).position).toMatchObject({ global: 1, client: 1 })
      await untilShown(a, '1:x')
      expect(draftsShown(a)).toBe('d:c')
    },
  )

  engineCase("a frozen session's messages collapse into one, over any number of rollbacks", async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const [a, b] = [await device.open(), await device.open()]
    const other = await client({ backend }).open()
    await untilSynced(b, 0)
    const link = device.link(b)
    link.freeze()
    for (let i = 0; i < 10; i++) {
      const gate = backend.hold('push')
      await a.commit(todoCreated({ id: `a${i}`, text: 'a' })).persisted
      other.commit(todoCreated({ id: `b${i}`, text: 'b' }))
      gate.release()
      await untilSynced(a, 2 * i + 2)
    }
    expect(link.held.filter(({ _tag }) => _tag === 'feed').length).toBeLessThan(2)
    const before = feedsOf(device, b).length
    link.thaw()
    await untilSynced(b, 20)
    expect(shown(b)).toBe(shown(a))
    expect(feedsOf(device, b).length - before).toBeLessThan(4)
  })

  engineCase(
    'a session commits and reads while it is cut off, and everybody agrees when it is back',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const [a, b] = [await device.open(), await device.open()]
      const link = device.link(b)
      link.freeze()
      link.loses = ({ _tag }) => _tag === 'push'
      b.commit(todoCreated({ id: '2', text: 'b' }))
      await a.commit(todoCreated({ id: '1', text: 'a' })).persisted
      expect(shown(b)).toBe('2:b')
      link.loses = () => false
      link.thaw()
      // What was lost on the way is sent again when there is a next leader.
      await device.kill()
      device.startLeader()
      await untilSynced(b, 2)
      await untilSynced(a, 2)
      expect([shown(a), shown(b)]).toEqual(['1:a 2:b', '1:a 2:b'])
    },
  )

  engineCase('a lost push is found by the next one, whose `prev` the leader does not know', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const a = await device.open()
    const link = device.link(a)
    link.loses = ({ _tag }) => _tag === 'push'
    a.commit(todoCreated({ id: '1', text: 'a' }))
    await Promise.resolve()
    link.loses = () => false
    const receipt = a.commit(todoCreated({ id: '2', text: 'b' }))
    expect((await receipt.confirmed).position.global).toBe(2)
    expect(link.received.some(({ _tag }) => _tag === 'push-refused')).toBe(true)
    expect(shown(a)).toBe('1:a 2:b')
  })
})

describe('a new leader', () => {
  engineCase('sessions resume: no snapshot, the tail only', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const [a, b] = [await device.open(), await device.open()]
    a.commit(todoCreated({ id: '1', text: 'a' }))
    await untilSynced(b, 1)
    await device.kill()
    a.commit(todoCreated({ id: '2', text: 'b' }))
    expect(a.status.leader.connection).toBe('lost')
    device.startLeader()
    await untilSynced(b, 2)
    expect([shown(a), shown(b)]).toEqual(['1:a 2:b', '1:a 2:b'])
    expect(device.link(a).received.findLast(({ _tag }) => _tag === 'subscribed')).toMatchObject({
      mode: 'resume',
      facts: { term: 2 },
    })
  })

  engineCase('receipts go on through it, persisted and confirmed', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const a = await device.open()
    const gate = backend.hold('push')
    const first = a.commit(todoCreated({ id: '1', text: 'a' }))
    await first.persisted
    await device.kill()
    const second = a.commit(todoCreated({ id: '2', text: 'b' }))
    const all = Promise.all([first.confirmed, second.persisted, second.confirmed])
    device.startLeader()
    gate.release()
    await all
    expect(backend.log('demo')).toHaveLength(2)
  })

  engineCase('a session that missed a rebase rolls back to the lowest difference', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const [a, b] = [await device.open(), await device.open()]
    const other = await client({ backend }).open()
    const gate = backend.hold('push')
    await a.commit(todoCreated({ id: '2', text: 'mine' })).persisted
    await untilShown(b, '2:mine')
    device.link(b).freeze()
    other.commit(todoCreated({ id: '1', text: 'theirs' }))
    gate.release()
    await untilSynced(a, 2)
    await device.kill()
    device.link(b).thaw()
    device.startLeader()
    await untilSynced(b, 2)
    expect(shown(b)).toBe(shown(a))
  })

  engineCase('a session that gets a snapshot keeps what it has pending', async ({ client }) => {
    const device = client()
    const [a, b] = [await device.open(), await device.open()]
    await a.commit(todoCreated({ id: '1', text: 'a' })).persisted
    await untilShown(b, '1:a')
    await device.kill()
    const receipt = b.commit(todoCreated({ id: '2', text: 'pending' }))
    let lives = 0
    b.subscribe(todos.count(), () => {
      lives++
    })
    // Attached meanwhile: another attachment is a snapshot, never a resume.
    device.startLeader()
    const backend = memoryBackend()
    await device.open({ backend })
    await receipt.confirmed
    expect(device.link(b).received.findLast(({ _tag }) => _tag === 'subscribed')).toMatchObject({ mode: 'snapshot' })
    expect([shown(b), backend.log('demo').length]).toEqual(['1:a 2:pending', 2])
    expect(lives).toBeGreaterThan(0)
  })
})

describe('a collision', () => {
  for (const claims of ['another client', 'this client'] as const) {
    engineCase(
      `an id that an event of ${claims} has: that one applies, the local one is a dead letter, nothing throws`,
      async ({ client }) => {
        const backend = memoryBackend()
        const device = client({ backend })
        const a = await device.open()
        const gate = backend.hold('push')
        const receipt = a.commit(todoCreated({ id: '1', text: 'mine' }))
        await receipt.persisted
        // The forger's event arrives first.
        const forged = memoryForger(backend, receipt.eventIds[0]!, claims === 'this client' ? a.clientId : 'forger')
        gate.release()
        await expect(receipt.confirmed).rejects.toThrow('collision')
        await forged
        await untilSynced(a, 1)
        expect(shown(a)).toBe('9:forged')
        expect(await a.rejected.list()).toMatchObject([{ reason: 'collision' }])
        await expect(a.receipt(receipt.eventIds[0]!).confirmed).rejects.toThrow('collision')
      },
    )
  }

  engineCase(
    'a session that resumes does not take the other event for its own, at the same place',
    async ({ client }) => {
      const backend = memoryBackend()
      const device = client({ backend })
      const [a, b] = [await device.open(), await device.open()]
      await untilSynced(a, 0)
      backend.setOnline(false)
      const receipt = a.commit(todoCreated({ id: '1', text: 'mine' }))
      await receipt.persisted
      await untilShown(b, '1:mine')
      for (const store of [a, b]) device.link(store).loses = () => true
      await device.kill()
      // The forger is first.
      backend.setOnline(true)
      await memoryForger(backend, receipt.eventIds[0]!)
      device.startLeader()
      const c = await device.open()
      await untilShown(c, '9:forged')
      for (const store of [a, b]) device.link(store).loses = () => false
      await device.kill()
      device.startLeader()
      for (const store of [a, b]) await untilShown(store, '9:forged')
      await expect(receipt.confirmed).rejects.toThrow('collision')
    },
  )

  engineCase(
    'a state that died before it was rolled back does not take the other event for its own',
    async ({ client }) => {
      const backend = memoryBackend()
      const device = client({ backend })
      const a = await device.open()
      await untilSynced(a, 0)
      backend.setOnline(false)
      const receipt = a.commit(todoCreated({ id: '1', text: 'mine' }))
      await receipt.persisted
      const images: Array<string> = []
      device.onCommitted = (database) => {
        if (database === 'eventlog') images.push(device.crashImage())
      }
      backend.setOnline(true)
      await memoryForger(backend, receipt.eventIds[0]!)
      await untilShown(a, '9:forged')
      expect(images.length).toBeGreaterThan(0)
      for (const image of images) {
        const again = await client({ backend, copyOf: image }).open()
        await untilSynced(again, 1)
        expect(shown(again)).toBe('9:forged')
        rmSync(image, { recursive: true })
      }
    },
  )

  engineCase(
    'an id that a settled client-only event has: sync stops and says so, a reset goes on',
    async ({ client }) => {
      const backend = memoryBackend()
      const a = await client({ backend }).open()
      await untilSynced(a, 0)
      const receipt = a.commit(draftSaved({ id: 'd', text: 'x' }))
      await receipt.persisted
      await memoryForger(backend, receipt.eventIds[0]!)
      const { backend: status } = await a.until(({ backend: { connection } }) => connection === 'stopped')
      expect(status.error).toMatchObject({
        tag: 'HistoryChanged',
        message: expect.stringContaining(receipt.eventIds[0]!),
      })
      expect(draftsShown(a)).toBe('d:x')
      await a.resolveHistory('reset')
      await untilShown(a, '9:forged')
    },
  )

  engineCase(
    'in a session, before its leader has the event: it leaves pending and is kept as a dead letter',
    async ({ client }) => {
      const backend = memoryBackend()
      const device = client({ backend })
      const a = await device.open()
      await untilSynced(a, 0)
      const link = device.link(a)
      // Lost on its way; what has collided is pushed again, without a number.
      link.loses = (message) => message._tag === 'push' && message.seqs.length > 0
      const receipt = a.commit(todoCreated({ id: '1', text: 'mine' }))
      await Promise.resolve()
      await memoryForger(backend, receipt.eventIds[0]!)
      await untilShown(a, '9:forged')
      link.loses = () => false
      a.commit(todoDone({ id: '9' }))
      await expect(receipt.persisted).rejects.toThrow('collision')
      await untilSynced(a, 2)
      expect(await a.rejected.list()).toMatchObject([
        { reason: 'collision', event: { argsJson: '{"id":"1","text":"mine"}' } },
      ])
    },
  )
})

describe('a materializer that is not deterministic', () => {
  engineCase('the session that differs takes a snapshot, and tells the app once', async ({ client }) => {
    let calls = 0
    const drawn = defineEvent('drawn', Schema.Struct({ id: Schema.String }))
    const schema = defineSchema({
      version: 1,
      tables: { todos, drafts },
      events: { ...events, drawn },
      materializers: { ...materializers, drawn: ({ id }) => todos.insert({ id, text: `${++calls}` }) },
    })
    const device = client({ backend: memoryBackend() })
    const [a, b] = [await device.open({ schema }), await device.open({ schema })]
    const told: Array<unknown> = []
    b.onNotice((notice) => {
      if (notice._tag === 'failure') told.push(notice.error)
    })
    for (const id of ['1', '2', '3']) {
      await a.commit(drawn({ id })).confirmed
      await untilShown(b, shown(a))
    }
    expect(shown(b)).toBe(shown(a))
    expect(told).toHaveLength(1)
    expect(told[0]).toBeInstanceOf(MaterializerNotDeterministic)
    await b.commit(todoDone({ id: '1' })).confirmed
    await untilShown(a, shown(b))
  })
})

/** Pushes an event with this id from another client, as a forger would. */
const memoryForger = async (
  backend: ReturnType<typeof memoryBackend>,
  id: string,
  clientId = 'forger',
): Promise<void> => {
  const Effect = await import('effect/Effect')
  const program = Effect.gen(function* () {
    const connection = yield* backend.make({ storeId: 'demo', clientId: 'forger' })
    const info = yield* connection.ping
    const { global, eventId } = info.head
    const event = {
      id,
      name: 'todoCreated',
      argsJson: '{"id":"9","text":"forged"}',
      clientId,
      sessionId: 's',
      createdAt: 0,
    }
    yield* connection.push({
      backendId: info.backendId,
      parent: info.head,
      events: [{ ...event, global: global + 1, parentGlobal: global, parentId: eventId }],
    })
  })
  await Effect.runPromise(Effect.scoped(program))
}

describe('a session database that cannot be made', () => {
  engineCase('is tried a few times, then createStore rejects with the reason', async ({ client }) => {
    let tries = 0
    const opening = client().open({
      onOpenDatabase: () => {
        tries++
        throw new TypeError('cannot open')
      },
    })
    await expect(opening).rejects.toThrow('cannot open')
    expect(tries).toBe(4)
  })

  engineCase(
    'when the store is open already: it is tried after longer and longer waits, and the store goes on',
    async ({ client }) => {
      const device = client()
      let failures = 0
      let tries = 0
      const a = await device.open({
        onOpenDatabase: () => {
          tries++
          if (failures-- > 0) throw new TypeError('cannot open')
        },
      })
      tries = 0
      failures = 5
      await a.commit(todoCreated({ id: '1', text: 'a' })).persisted
      const other = await device.open()
      const link = device.link(a)
      // A feed of another attachment makes it take a snapshot.
      link.loses = (message) => message._tag === 'feed'
      await other.commit(todoCreated({ id: '2', text: 'b' })).persisted
      link.loses = () => false
      const { facts } = device.link(other).received.findLast((message) => message._tag === 'feed')!
      link.inject({
        _tag: 'feed',
        facts: { ...facts, attachment: 7 },
        fromEpoch: 0,
        base: root,
        baseId: null,
        rows: [],
        hasMore: false,
        refused: [],
        effectsWantedAfter: null,
      })
      a.commit(todoCreated({ id: '3', text: 'c' }))
      expect(shown(a)).toBe('1:a 3:c')
      await untilShown(a, '1:a 2:b 3:c')
      expect(tries).toBe(6)
    },
  )
})
