/** Spec section 3, "Order on every write path": what the files say at every COMMIT, and who may write them. */
import * as Effect from 'effect/Effect'
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import type { SqliteValue } from '../../../src/adapter.ts'
import { engineCase } from '../Case.ts'
import { shown, todoCreated, untilSynced } from '../Todos.ts'

const read = (path: string, sql: string, params: ReadonlyArray<SqliteValue> = []) => {
  const connection = openBetterSqlite({ path, readonly: true })
  try {
    return connection.prepare(sql).get(params)
  } finally {
    connection.close()
  }
}

/** What only a page can have brought, and the head does not cover. */
const foreignPending = `SELECT count(*) FROM eventlog, __headwater_sync_status AS status
  WHERE eventlog.clientId <> status.clientId AND seqNumGlobal > status.head`

describe('at every COMMIT', () => {
  engineCase('the head covers every page that is in the log', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    const other = await client({ backend }).open()
    await untilSynced(store, 0)
    const uncovered: Array<unknown> = []
    device.onCommitted = (name) => {
      if (name === 'eventlog') uncovered.push(read(device.files.eventlog, foreignPending)?.[0])
    }
    const gate = backend.hold('push')
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    other.commit(todoCreated({ id: '2', text: 'b' }))
    gate.release()
    await untilSynced(store, 2)
    expect(uncovered.length).toBeGreaterThan(2)
    expect(new Set(uncovered)).toEqual(new Set([0]))
  })

  engineCase('the state stands where its head says, and the log has that event already', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    const other = await client({ backend }).open()
    await untilSynced(store, 0)
    const seen: Array<unknown> = []
    device.onCommitted = (name) => {
      if (name !== 'state') return
      const [global = 0, client = 0, id = null] =
        read(device.files.state, 'SELECT seqNumGlobal, seqNumClient, eventId FROM __headwater_state_head') ?? []
      // Each event makes one row.
      const rows = read(device.files.state, 'SELECT count(*) FROM todos')?.[0]
      const sql = 'SELECT eventId FROM eventlog WHERE seqNumGlobal = ? AND seqNumClient = ?'
      const logged = read(device.files.eventlog, sql, [global, client])?.[0] ?? null
      seen.push(rows === global && logged === id ? 'fits' : { global, rows, id, logged })
    }
    for (const id of ['1', '2', '3']) await store.commit(todoCreated({ id, text: 'a' })).persisted
    await other.commit(todoCreated({ id: '4', text: 'b' })).confirmed
    await untilSynced(store, 4)
    await store.commit(todoCreated({ id: '5', text: 'c' })).confirmed
    expect(seen.length).toBeGreaterThan(4)
    expect(new Set(seen)).toEqual(new Set(['fits']))
  })
})

describe('a receipt', () => {
  engineCase('of which `persisted` resolves behind the COMMIT', async ({ client }) => {
    const device = client()
    const store = await device.open()
    const logged = () => read(device.files.eventlog, 'SELECT count(*) FROM eventlog')?.[0]
    for (const id of ['1', '2', '3']) {
      await store.commit(todoCreated({ id, text: 'a' })).persisted
      expect(logged()).toBe(Number(id))
    }
  })
})

describe('a COMMIT of the eventlog', () => {
  engineCase('waits for the disk, unless the backend would send all of it again', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend, synchronous: 'FULL' })
    const store = await device.open()
    const other = await client({ backend }).open()
    await untilSynced(store, 0)
    const [eventlog] = device.running.connections
    const commits: Array<'synced' | 'not synced'> = []
    device.onCommitted = (name) => {
      if (name !== 'eventlog') return
      commits.push(eventlog!.prepare('PRAGMA synchronous').get()?.[0] === 2 ? 'synced' : 'not synced')
    }
    const gate = backend.hold('push')
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    expect(commits.splice(0), 'a push').toEqual(['synced'])
    gate.release()
    await untilSynced(store, 1)
    expect(commits.splice(0), 'the page that settles it').toEqual(['not synced'])
    await other.commit(todoCreated({ id: '2', text: 'b' })).confirmed
    await untilSynced(store, 2)
    expect(commits.splice(0), "a page with another client's event").toEqual(['not synced'])
    const pages = backend.hold('page')
    other.commit(todoCreated({ id: '3', text: 'c' }))
    await Effect.runPromise(pages.entered)
    await store.commit(todoCreated({ id: '4', text: 'd' })).persisted
    await store.until(() => shown(store) === '1:a 2:b 3:c 4:d')
    pages.release()
    await untilSynced(store, 4)
    const [push, rebase, ...rest] = commits
    expect([push, rebase, new Set(rest)], 'a push, its rebase, pages').toEqual([
      'synced',
      'synced',
      new Set(['not synced']),
    ])
  })
})

describe('a stale leader', () => {
  engineCase("that hears of effects does not write them to the newer one's state, and ends", async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    const other = await client({ backend }).open()
    await untilSynced(store, 0)
    const stale = device.running
    const reported = new Promise<void>((resolve) => {
      device.link(store).loses = (message) => {
        if (message._tag !== 'ack' || message.effects === null) return false
        stale.heldTurns ??= []
        resolve()
        return false
      }
    })
    other.commit(todoCreated({ id: '1', text: 'a' }))
    await reported
    const held = stale.heldTurns!.splice(0)
    stale.heldTurns = null
    device.startLeader()
    await store.commit(todoCreated({ id: '2', text: 'b' })).confirmed
    const head = 'SELECT seqNumGlobal, term FROM __headwater_state_head'
    await store.until(() => read(device.files.state, head)?.[0] === 2)
    for (const turn of held) turn()
    expect([stale.isEnded, read(device.files.state, head)]).toEqual([true, [2, 2]])
    expect(shown(await device.open())).toBe('1:a 2:b')
  })
})
