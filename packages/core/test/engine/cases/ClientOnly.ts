/** Spec sections 2 to 4: client-only events. */
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { defineEvent, defineSchema, Schema } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import {
  draftSaved,
  drafts,
  draftsShown,
  events,
  materializers,
  shown,
  todoCreated,
  todos,
  untilShown,
  untilSynced,
} from '../Todos.ts'

const changesetCount = (path: string): number => {
  const connection = openBetterSqlite({ path, readonly: true })
  const count = Number(connection.prepare('SELECT count(*) FROM __headwater_session_changeset').get()?.[0])
  connection.close()
  return count
}

describe('client-only events', () => {
  engineCase('reach every session of the client and its next leader, and are never pushed', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const [a, b] = [await device.open(), await device.open()]
    const other = await client({ backend }).open()
    await a.commit(draftSaved({ id: 'd', text: 'x' }), todoCreated({ id: '1', text: 'a' })).confirmed
    await untilShown(b, '1:a')
    await untilShown(other, '1:a')
    expect([draftsShown(b), draftsShown(other)]).toEqual(['d:x', ''])
    expect(backend.log('demo').map(({ name }) => name)).toEqual(['todoCreated'])
    await device.kill()
    device.startLeader()
    expect(draftsShown(await device.open())).toBe('d:x')
  })

  engineCase(
    'an app with nothing else keeps nothing pending and trims its changesets, with a backend and without',
    async ({ client }) => {
      for (const options of [{}, { backend: memoryBackend() }]) {
        const device = client(options)
        const store = await device.open()
        for (let i = 0; i < 50; i++) store.commit(draftSaved({ id: `${i}`, text: 'x' }))
        const status = await store.until(({ session }) => session.settledHead.client === 50)
        expect([status.session.pending, status.backend.pending]).toEqual([0, 0])
        await store.commit(draftSaved({ id: 'last', text: 'x' })).persisted
        expect(changesetCount(device.files.state)).toBe(0)
      }
    },
  )

  engineCase('without a backend changesets of synced events are trimmed, too', async ({ client }) => {
    const device = client()
    const store = await device.open()
    for (let i = 0; i < 50; i++) store.commit(todoCreated({ id: `${i}`, text: 'x' }))
    await store.until(({ session }) => session.settledHead.global === 50)
    expect(changesetCount(device.files.state)).toBe(0)
  })

  engineCase(
    'with a backend changesets are kept until their events are settled, and trimmed then',
    async ({ client }) => {
      const backend = memoryBackend()
      backend.setOnline(false)
      const device = client({ backend })
      const store = await device.open()
      for (let i = 0; i < 10; i++) store.commit(todoCreated({ id: `${i}`, text: 'x' }))
      await store.until(({ session }) => session.upstreamHead.global === 10)
      expect(changesetCount(device.files.state)).toBe(10)
      backend.setOnline(true)
      await untilSynced(store, 10)
      expect(changesetCount(device.files.state)).toBe(0)
    },
  )

  engineCase('one behind an unsettled synced event waits for it, and settles with it', async ({ client }) => {
    const backend = memoryBackend()
    backend.setOnline(false)
    const store = await client({ backend }).open()
    await store.commit(todoCreated({ id: '1', text: 'a' }), draftSaved({ id: 'd', text: 'x' })).persisted
    const before = await store.until(({ backend: { pending } }) => pending === 2)
    expect(before.leader.settledHead).toMatchObject({ global: 0, client: 0 })
    backend.setOnline(true)
    await store.until(({ leader }) => leader.settledHead.global === 1 && leader.settledHead.client === 1)
  })

  engineCase(
    'section 4: [A, c, B] pending and [A, X] incoming: A and c are confirmed, B goes behind X',
    async ({ client }) => {
      const backend = memoryBackend()
      const device = client({ backend })
      const [store, other] = [await device.open(), await client({ backend }).open()]
      await untilSynced(store, 0)
      // The backend stores A, but nothing that it says gets back: neither the answer nor a page.
      device.link(store).loses = ({ _tag }) => _tag === 'backend-result'
      store.commit(todoCreated({ id: 'A', text: '' }))
      await untilSynced(other, 1)
      store.commit(draftSaved({ id: 'c', text: '' }))
      const b = store.commit(todoCreated({ id: 'B', text: '' }))
      await b.persisted
      await other.commit(todoCreated({ id: 'X', text: '' })).confirmed
      expect(store.status.backend.pending).toBe(3)
      await device.kill()
      device.link(store).loses = () => false
      device.startLeader()
      expect((await b.confirmed).position).toEqual({ global: 3, client: 0, rebaseGeneration: 1 })
      const order: Array<string> = []
      for await (const { args } of store.events()) if (order.push((args as { id: string }).id) === 4) break
      expect(order).toEqual(['A', 'c', 'X', 'B'])
    },
  )

  for (const pageEvents of [1, 1000]) {
    engineCase(
      `section 4: [A, c, B] pending and [X, A, B] incoming in pages of ${pageEvents} give [X, A, c, B]`,
      async ({ client }) => {
        const backend = memoryBackend({ pageEvents })
        const device = client({ backend })
        const store = await device.open()
        await untilSynced(store, 0)
        backend.setOnline(false)
        await store.commit(todoCreated({ id: 'A', text: '' })).persisted
        store.commit(draftSaved({ id: 'c', text: '' }))
        await store.commit(todoCreated({ id: 'B', text: '' })).persisted
        await device.kill()
        const twin = client({ backend, copyOf: device.crashImage() })
        backend.setOnline(true)
        const other = await client({ backend }).open()
        await other.commit(todoCreated({ id: 'X', text: '' })).confirmed
        device.startLeader()
        await untilSynced(store, 3)
        const reopened = await twin.open()
        await untilSynced(reopened, 3)
        for (const session of [store, reopened]) {
          const order: Array<string> = []
          for await (const { args } of session.events()) if (order.push((args as { id: string }).id) === 4) break
          expect(order).toEqual(['X', 'A', 'c', 'B'])
        }
      },
    )
  }

  engineCase(
    'a synced materializer may neither read nor write a client-only table, a client-only one may read a synced one',
    async ({ client }) => {
      const writes = defineEvent('writes', Schema.Struct({}))
      const reads = defineEvent('reads', Schema.Struct({}))
      const copies = defineEvent('copies', Schema.Struct({}), { clientOnly: true })
      const crosses = defineEvent('crosses', Schema.Struct({}), { clientOnly: true })
      const schema = defineSchema({
        version: 1,
        tables: { todos, drafts },
        events: { ...events, writes, reads, copies, crosses },
        materializers: {
          ...materializers,
          writes: () => drafts.insert({ id: 'w', text: '' }),
          reads: (_, { query }) => todos.insert({ id: `${query(drafts.count())}`, text: '' }),
          copies: (_, { query }) => drafts.insert({ id: `${query(todos.count())}`, text: 'todos' }),
          crosses: () => todos.insert({ id: 'x', text: '' }),
        },
      })
      const store = await client().open({ schema })
      for (const event of [writes(), reads(), crosses()])
        expect(() => store.commit(event)).toThrow('clients would diverge')
      store.commit(copies())
      expect([shown(store), draftsShown(store)]).toEqual(['', '0:todos'])
    },
  )
})
