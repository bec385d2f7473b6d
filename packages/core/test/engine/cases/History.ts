import { readFileSync } from 'node:fs'
/** Spec section 7, rows 10 and 11: another log behind the same address, and a log for a store that had none. */
import { describe, expect } from 'vitest'
import { type MemoryBackend, memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import type { Store } from '../../../src/index.ts'
import { SqliteError } from '../../../src/sqlite/SqliteError.ts'
import { engineCase, type CaseContext } from '../Case.ts'
import type { Client } from '../Client.ts'
import { draftSaved, draftsShown, shown, todoCreated, todos, untilLogged, untilShown, untilSynced } from '../Todos.ts'

const stopped = (store: Store) => store.until(({ backend: { connection } }) => connection === 'stopped')

/** A device with three settled events and a backend. */
const withThree = async ({
  client,
}: CaseContext): Promise<{ readonly backend: MemoryBackend; readonly device: Client; readonly store: Store }> => {
  const backend = memoryBackend()
  const device = client({ backend })
  const store = await device.open()
  for (const id of ['1', '2', '3']) store.commit(todoCreated({ id, text: 'a' }))
  await untilSynced(store, 3)
  return { backend, device, store }
}

describe('another backend id, or a changed history', () => {
  for (const [name, change] of [
    ['another backend id', (backend: MemoryBackend) => backend.replaceLog('demo')],
    ['a restored backup', (backend: MemoryBackend) => backend.restore('demo', 1)],
  ] as const) {
    engineCase(`${name}: stops syncing, tells the app, keeps everything`, async (context) => {
      const { backend, store } = await withThree(context)
      const told = new Promise<string>((resolve) =>
        store.onNotice((notice) => {
          if (notice._tag === 'stopped') resolve(notice.error.tag)
        }),
      )
      change(backend)
      const { backend: status } = await stopped(store)
      expect(await told).toBe(status.error?.tag)
      await store.commit(todoCreated({ id: '4', text: 'offline' })).persisted
      expect(shown(store)).toBe('1:a 2:a 3:a 4:offline')
      expect(backend.log('demo').length).toBeLessThan(2)
    })

    engineCase(
      `${name}, then re-push: the backend has every synced event again, with its id, once`,
      async (context) => {
        const { backend, store } = await withThree(context)
        const ids = backend.log('demo').map(({ id }) => id)
        change(backend)
        await stopped(store)
        store.commit(todoCreated({ id: '4', text: 'd' }))
        expect(await store.resolveHistory('re-push')).toEqual({ exported: null, keptAs: null })
        await untilSynced(store, 4)
        expect(
          backend
            .log('demo')
            .map(({ id }) => id)
            .slice(0, 3),
        ).toEqual(ids)
        expect(shown(store)).toBe('1:a 2:a 3:a 4:d')
      },
    )

    engineCase(`${name}, then re-push by two clients: they match by id`, async (context) => {
      const { backend, store } = await withThree(context)
      const other = await context.client({ backend }).open()
      await untilSynced(other, 3)
      change(backend)
      await Promise.all([stopped(store), stopped(other)])
      await Promise.all([store.resolveHistory('re-push'), other.resolveHistory('re-push')])
      const last = other.commit(todoCreated({ id: '4', text: 'd' }))
      await last.confirmed
      await untilSynced(store, 4)
      await untilSynced(other, 4)
      expect(backend.log('demo')).toHaveLength(4)
      expect([shown(store), shown(other)]).toEqual(['1:a 2:a 3:a 4:d', '1:a 2:a 3:a 4:d'])
    })

    engineCase(
      `re-push while nothing has stopped and the stream is quiet: the stream is opened anew (before ${name})`,
      async (context) => {
        const { backend, store } = await withThree(context)
        await store.resolveHistory('re-push')
        store.commit(todoCreated({ id: '4', text: 'd' }))
        await untilSynced(store, 4)
        expect(backend.log('demo')).toHaveLength(4)
      },
    )

    engineCase(
      `${name}, then reset: the local log is exported, and the backend's is taken as it is`,
      async (context) => {
        const { backend, device, store } = await withThree(context)
        const second = await device.open()
        change(backend)
        await stopped(store)
        const { exported, keptAs } = await store.resolveHistory('reset')
        expect(new Uint8Array(readFileSync(keptAs!))).toEqual(exported)
        expect(exported?.length).toBeGreaterThan(1000)
        const left = backend.log('demo').length
        await untilSynced(store, left)
        await untilSynced(second, left)
        expect([shown(store), shown(second)]).toEqual(left === 1 ? ['1:a', '1:a'] : ['', ''])
        const receipt = second.commit(todoCreated({ id: '9', text: 'z' }))
        expect((await receipt.confirmed).position.global).toBe(left + 1)
      },
    )
  }

  for (const [name, fails] of [
    ['the log', (database: string, sql: string) => database === 'eventlog' && sql.startsWith('DELETE FROM eventlog')],
    ['the state', (database: string, sql: string) => database === 'state' && sql.includes('__headwater_state_head')],
  ] as const) {
    engineCase(`a reset on a disk that is full for a while, at ${name}: half of it never counts`, async (context) => {
      const { backend, device, store } = await withThree(context)
      backend.restore('demo', 1)
      await stopped(store)
      let failures = 1
      device.onStatement = (database, sql) => {
        if (fails(database, sql) && failures-- > 0)
          throw new SqliteError({ reason: 'Full', operation: 'run', code: 'SQLITE_FULL', detail: 'test' })
      }
      const isDone = await store.resolveHistory('reset').then(
        () => true,
        () => false,
      )
      expect([failures < 1, isDone]).toEqual([true, name === 'the state'])
      if (!isDone) await store.resolveHistory('reset')
      const receipt = store.commit(todoCreated({ id: '9', text: 'z' }))
      expect((await receipt.confirmed).position.global).toBe(2)
      expect(shown(store)).toBe('1:a 9:z')
      expect(shown(await device.open())).toBe('1:a 9:z')
      expect(device.logged.filter(({ message }) => message.includes('InvariantViolation'))).toEqual([])
    })
  }

  engineCase(
    'a restored log in which the same event stands at the same place behind others: who was away is told, and keeps everything',
    async ({ client }) => {
      const backend = memoryBackend()
      const [deviceA, deviceB] = [client({ backend }), client({ backend })]
      const a = await deviceA.open()
      for (const id of ['1', '2', '3', '4']) a.commit(todoCreated({ id, text: 'a' }))
      await untilSynced(a, 4)
      const b = await deviceB.open()
      await untilSynced(b, 4)
      // What a power cut will leave of b: its event is there, and of the backend nothing behind e4.
      backend.setOnline(false)
      await b.commit(todoCreated({ id: 'b', text: 'b' })).persisted
      const image = deviceB.crashImage()
      await deviceB.kill()
      backend.setOnline(true)
      a.commit(todoCreated({ id: 'x', text: 'a' }), todoCreated({ id: 'y', text: 'a' }))
      await untilSynced(a, 6)
      deviceB.startLeader()
      await untilSynced(b, 7)
      await untilSynced(a, 7)
      const [before] = backend.log('demo').slice(-1)
      await Promise.all([deviceA.kill(), deviceB.kill()])

      backend.restore('demo', 4)
      const c = await client({ backend }).open()
      c.commit(todoCreated({ id: 'c1', text: 'c' }), todoCreated({ id: 'c2', text: 'c' }))
      await untilSynced(c, 6)
      await untilSynced(await client({ backend, copyOf: image }).open(), 7)
      const [now] = backend.log('demo').slice(-1)
      expect([now?.global, now?.id]).toEqual([before?.global, before?.id])

      deviceA.startLeader()
      const { backend: status } = await stopped(a)
      expect(status.error?.tag).toBe('HistoryChanged')
      expect(shown(a)).toBe('1:a 2:a 3:a 4:a b:b x:a y:a')
      await a.commit(todoCreated({ id: 'z', text: 'offline' })).persisted
      expect(backend.log('demo')).toHaveLength(7)
    },
  )

  engineCase('it stays stopped across a restart until the app decides', async (context) => {
    const { backend, device, store } = await withThree(context)
    backend.replaceLog('demo')
    await stopped(store)
    await device.kill()
    device.startLeader()
    await stopped(store)
    expect(backend.log('demo')).toHaveLength(0)
  })
})

describe('a store without a backend', () => {
  engineCase(
    'everything is settled, nothing pending, `confirmed` stays open, the status says none',
    async ({ client }) => {
      const store = await client().open()
      const receipt = store.commit(todoCreated({ id: '1', text: 'a' }), draftSaved({ id: 'd', text: 'x' }))
      await receipt.persisted
      const status = await store.until(({ session }) => session.settledHead.global === 1)
      expect([status.backend.connection, status.backend.pending, status.session.pending, status.isSynced]).toEqual([
        'none',
        0,
        0,
        false,
      ])
      const open = Symbol('open')
      expect(
        await Promise.race([receipt.confirmed, store.receipt(receipt.eventIds[1]!).confirmed.then(() => open)]),
      ).toBe(open)
    },
  )

  engineCase('an empty backend, attached later, gets everything, and `confirmed` resolves', async ({ client }) => {
    const device = client()
    const local = await device.open()
    const receipt = local.commit(
      todoCreated({ id: '1', text: 'a' }),
      draftSaved({ id: 'd', text: 'x' }),
      todoCreated({ id: '2', text: 'b' }),
    )
    await receipt.persisted
    await local.until(({ session }) => session.settledHead.global === 2)
    const backend = memoryBackend()
    const synced = await device.open({ backend })
    expect((await local.receipt(receipt.eventIds[0]!).confirmed).position.global).toBe(1)
    await receipt.confirmed
    await untilSynced(synced, 2)
    await untilSynced(local, 2)
    expect(backend.log('demo').map(({ id }) => id)).toEqual([receipt.eventIds[0], receipt.eventIds[2]])
    expect([shown(synced), draftsShown(synced)]).toEqual(['1:a 2:b', 'd:x'])
  })

  engineCase(
    'while the state is rebuilt a session shows and commits to what it had, until it has all of the new log',
    async ({ client }) => {
      const backend = memoryBackend()
      const author = await client({ backend }).open()
      author.commit(todoCreated({ id: 'theirs', text: 'b' }))
      await untilSynced(author, 1)
      const device = client()
      const local = await device.open()
      for (let i = 0; i < 1200; i++) local.commit(todoCreated({ id: `${i}`, text: 'a' }))
      await local.until(({ session }) => session.settledHead.global === 1200)
      const counts: Array<number> = []
      local.subscribe(todos.count(), (count) => counts.push(count))
      let isCommitted = false
      local.onStatus(({ progress }) => {
        if (progress === null || isCommitted) return
        isCommitted = true
        local.commit(todoCreated({ id: 'meanwhile', text: 'c' }), draftSaved({ id: 'd', text: 'x' }))
        expect(() => local.commit(todoCreated({ id: '7', text: 'taken' }))).toThrow('UNIQUE')
      })
      const synced = await device.open({ backend })
      await untilSynced(local, 1202)
      await untilSynced(synced, 1202)
      const snapshot = device
        .link(local)
        .received.findLast((message) => message._tag === 'subscribed' && message.mode === 'snapshot')
      expect(snapshot).toMatchObject({ at: { global: 0 } })
      expect([isCommitted, counts]).toEqual([true, [1200, 1201, 1202]])
      expect(draftsShown(local)).toBe('d:x')
      expect(shown(local)).toBe(shown(synced))
      expect(backend.log('demo')).toHaveLength(1202)
    },
  )

  engineCase(
    'a receipt does not say `applied` of an event that is not materialized yet at its final place',
    async ({ client }) => {
      const backend = memoryBackend()
      const author = await client({ backend }).open()
      author.commit(todoCreated({ id: 'taken', text: 'theirs' }))
      await untilSynced(author, 1)
      const device = client()
      const local = await device.open()
      // More than one message of the feed carries.
      for (let i = 0; i < 2500; i++) local.commit(todoCreated({ id: `${i}`, text: 'a' }))
      const receipt = local.commit(todoCreated({ id: 'taken', text: 'mine' }))
      await local.until(({ session }) => session.settledHead.global === 2501)
      const { confirmed } = receipt
      // A tab in the background: everything is settled before it has come that far, and before the leader's state has.
      const link = device.link(local)
      link.loses = ({ _tag }) => {
        if (_tag === 'feed') link.freeze()
        return false
      }
      const synced = await device.open({ backend, isAwaited: false })
      await untilLogged(backend, 2502)
      await synced.until(({ leader }) => leader.settledHead.global === 2502)
      link.loses = () => false
      link.thaw()
      expect((await confirmed).effect).toBe('skipped')
      await untilSynced(synced, 2502)
      expect(synced.query(todos.where({ id: 'taken' }).first())?.text).toBe('theirs')
    },
  )

  engineCase("a non-empty backend's log goes first, in every session and after a restart", async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open()
    author.commit(todoCreated({ id: '1', text: 'theirs' }), todoCreated({ id: '2', text: 'b' }))
    await untilSynced(author, 2)
    const device = client()
    const local = await device.open()
    // The same key as the backend's first event: at its final place this one is skipped.
    const receipt = local.commit(todoCreated({ id: '1', text: 'mine' }))
    local.commit(draftSaved({ id: 'd', text: 'x' }), todoCreated({ id: '3', text: 'c' }))
    await local.until(({ session }) => session.settledHead.global === 2)
    const synced = await device.open({ backend })
    await untilSynced(synced, 4)
    await untilShown(local, '1:theirs 2:b 3:c')
    expect(shown(synced)).toBe('1:theirs 2:b 3:c')
    expect(draftsShown(local)).toBe('d:x')
    expect((await receipt.confirmed).effect).toBe('skipped')
    await device.kill()
    device.startLeader()
    const third = await device.open({ backend })
    expect(shown(third)).toBe('1:theirs 2:b 3:c')
  })
})
