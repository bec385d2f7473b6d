/** What goes wrong in the leader itself: reads that fail, files that tell nothing any more, leaders and hosts that change. */
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { BatchTooLarge } from '../../../src/backend.ts'
import { defineSchema, type Store } from '../../../src/index.ts'
import { SqliteError } from '../../../src/sqlite/SqliteError.ts'
import { engineCase } from '../Case.ts'
import type { Client } from '../Client.ts'
import {
  drafts,
  events,
  materializers,
  schema as version1,
  shown,
  todoCreated,
  todos,
  untilShown,
  untilSynced,
} from '../Todos.ts'

const version2 = defineSchema({ version: 2, tables: { todos, drafts }, events, materializers })

const failed = (reason: 'Full' | 'IoFailed') =>
  new SqliteError({ reason, operation: 'get', code: `SQLITE_${reason}`, detail: 'test' })

const removeState = ({ files }: Client): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${files.state}${suffix}`, { force: true })
}

const stateHead = ({ files }: Client): ReadonlyArray<unknown> | undefined => {
  const connection = openBetterSqlite({ path: files.state, readonly: true })
  const row = connection.prepare('SELECT seqNumGlobal, term FROM __headwater_state_head').get()
  connection.close()
  return row
}

/** The leader's state has all of the log. */
const untilStateHas = (device: Client, store: Store, global: number): Promise<unknown> =>
  store.until(() =>
    device.link(store).received.some((message) => 'facts' in message && message.facts.stateHead.global === global),
  )

describe('a read of the log that fails', () => {
  for (const nth of [1, 2, 3, 4]) {
    engineCase(`is no end of sync: the ${nth}. behind the COMMIT of a rollback`, async ({ client }) => {
      const backend = memoryBackend()
      const other = await client({ backend }).open()
      await other.commit(todoCreated({ id: '1', text: 'theirs' })).confirmed
      const device = client({ backend })
      const alone = await device.open({ backend: null })
      await alone.commit(todoCreated({ id: '2', text: 'mine' })).persisted
      let isRollback = false
      let reads = 0
      device.onStatement = (name, sql) => {
        if (name !== 'eventlog') return
        if (sql.startsWith('DELETE FROM eventlog')) isRollback = true
        if (isRollback && sql.startsWith('SELECT') && ++reads === nth) throw failed('IoFailed')
      }
      const store = await device.open()
      await untilSynced(store, 2)
      await store.commit(todoCreated({ id: '3', text: 'later' })).confirmed
      expect([shown(store), backend.log('demo').length]).toEqual(['1:theirs 2:mine 3:later', 3])
    })
  }
})

describe('a log that is salvaged', () => {
  engineCase('goes on in a later term and epoch, although it tells neither: the state does', async ({ client }) => {
    const device = client()
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    for (const term of [2, 3]) {
      await device.kill()
      device.startLeader()
      await store.until(({ leader }) => leader.term === term && leader.connection === 'connected')
    }
    await device.kill()
    for (const suffix of ['-wal', '-shm']) rmSync(`${device.files.eventlog}${suffix}`, { force: true })
    writeFileSync(device.files.eventlog, 'garbage'.repeat(2000))
    device.startLeader()
    expect(device.running.leader.term).toBeGreaterThan(3)
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    expect(store.status.leader.term).toBe(device.running.leader.term)
  })
})

describe('a stale leader', () => {
  engineCase("that has to make its state anew leaves the newer one's alone, and ends", async ({ client }) => {
    const device = client()
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    const stale = device.running
    stale.heldTurns = []
    const subscribe = device.link(store).sent.find((message) => message._tag === 'subscribe')!
    device.startLeader()
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    await untilStateHas(device, store, 2)
    const before = stateHead(device)
    stale.leader.connect(() => undefined).receive({ ...subscribe, sessionId: 'late', schema: version2.descriptor })
    for (const turn of stale.heldTurns.splice(0)) turn()
    expect([stateHead(device), stale.isEnded]).toEqual([before, true])
    expect(before).toEqual([2, 2])
  })
})

describe("the host's image", () => {
  engineCase('is asked for again when the host subscribes anew instead of answering', async ({ client }) => {
    const device = client()
    const store = await device.open()
    for (let i = 0; i < 3; i++) await store.commit(todoCreated({ id: `${i}`, text: 'a' })).persisted
    await untilStateHas(device, store, 3)
    await device.kill()
    removeState(device)
    const link = device.link(store)
    link.received.length = 0
    const lost = new Promise<void>((resolve) => {
      link.loses = ({ _tag }) => {
        if (_tag === 'image') resolve()
        return _tag === 'image'
      }
    })
    const { leader } = device.startLeader()
    await lost
    link.loses = () => false
    link.inject({ _tag: 'hello', term: leader.term })
    await store.commit(todoCreated({ id: '3', text: 'a' })).persisted
    await untilStateHas(device, store, 4)
  })
})

describe('a goodbye', () => {
  engineCase('is heard although the turn that it came in has failed', async ({ client }) => {
    const device = client()
    const a = await device.open()
    const b = await device.open()
    let failures = 1
    device.onStatement = (name, sql) => {
      if (name === 'eventlog' && sql === 'COMMIT' && failures-- > 0) throw failed('Full')
    }
    const receipt = a.commit(todoCreated({ id: '1', text: 'a' }))
    // Behind a's push, in front of the leader's turn.
    await Promise.resolve()
    device.link(b).send({ _tag: 'goodbye' })
    await receipt.persisted
    expect(failures).toBeLessThan(0)
    await device.close(a)
    await new Promise((resolve) => setImmediate(resolve))
    expect(device.running.isEnded).toBe(true)
  })
})

describe('an outdated session', () => {
  engineCase('is taken back when the newer one leaves', async ({ client }) => {
    const device = client()
    const old = await device.open({ schema: version1 })
    const fresh = await device.open({ schema: version2 })
    await fresh.commit(todoCreated({ id: '1', text: 'a' })).persisted
    await old.until(({ outdatedBy }) => outdatedBy === 2)
    old.commit(todoCreated({ id: '2', text: 'b' }))
    await device.close(fresh)
    await untilShown(old, '1:a 2:b')
    await old.commit(todoCreated({ id: '3', text: 'c' })).persisted
    expect([old.status.leader.connection, old.status.outdatedBy]).toEqual(['connected', null])
  })

  engineCase('is taken back with all of its version', async ({ client }) => {
    const device = client()
    const first = await device.open({ schema: version1 })
    const second = await device.open({ schema: version1 })
    const fresh = await device.open({ schema: version2 })
    await first.until(({ outdatedBy }) => outdatedBy === 2)
    await second.until(({ outdatedBy }) => outdatedBy === 2)
    await device.close(fresh)
    await first.commit(todoCreated({ id: '1', text: 'a' })).persisted
    await untilShown(second, '1:a')
  })
})

describe('413', () => {
  engineCase('batches grow again by and by', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await untilSynced(store, 0)
    backend.failNext('push', new BatchTooLarge({ detail: 'more than a proxy takes' }), 3)
    for (let i = 0; i < 64; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
    await untilSynced(store, 64)
    const sizes = device
      .link(store)
      .received.flatMap((message) =>
        message._tag === 'backend-call' && message.run === 'push' ? [message.batch.events.length] : [],
      )
    expect(sizes).toEqual([64, 32, 16, 8, 16, 32, 8])
  })
})

describe('dead letters', () => {
  engineCase('are told to the session that may have them pending, and to no other', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(({ argsJson }) => (argsJson.includes('spam') ? 'no spam here' : undefined))
    const device = client({ backend })
    const a = await device.open()
    await expect(a.commit(todoCreated({ id: '1', text: 'spam' })).confirmed).rejects.toThrow('spam')
    const b = await device.open()
    await expect(a.commit(todoCreated({ id: '2', text: 'spam' })).confirmed).rejects.toThrow('spam')
    await b.until(({ leader }) => leader.epoch === a.status.leader.epoch)
    const told = (store: Store) =>
      device.link(store).received.flatMap((message) => ('refused' in message ? message.refused : [])).length
    expect(told(a)).toBeGreaterThan(0)
    expect(told(b)).toBe(0)
    expect(await b.rejected.list()).toHaveLength(2)
  })
})
