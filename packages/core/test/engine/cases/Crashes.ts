/** Spec section 7, the rows on crashes, full disks and two leaders. */
import { rmSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { SqliteError } from '../../../src/sqlite/SqliteError.ts'
import { engineCase } from '../Case.ts'
import type { Client } from '../Client.ts'
import { draftSaved, shown, todoCreated, todoDone, untilSynced } from '../Todos.ts'

/** Images of the files right after COMMITs on one database. */
const crashesAfter = (device: Client, database: 'eventlog' | 'state'): Array<string> => {
  const images: Array<string> = []
  device.onCommitted = (name) => {
    if (name === database) images.push(device.crashImage())
  }
  return images
}

const count = (path: string, sql: string): number => {
  const connection = openBetterSqlite({ path, readonly: true })
  const value = Number(connection.prepare(sql).get()?.[0])
  connection.close()
  return value
}

describe('a leader killed at any COMMIT', () => {
  for (const database of ['eventlog', 'state'] as const) {
    engineCase(`after each of the ${database}'s: boot adopts the log, whatever the state says`, async ({ client }) => {
      const backend = memoryBackend()
      const device = client({ backend })
      const store = await device.open()
      await untilSynced(store, 0)
      const images = crashesAfter(device, database)
      const gate = backend.hold('push')
      const mine = store.commit(todoCreated({ id: '2', text: 'mine' }), draftSaved({ id: 'd', text: 'x' }))
      await mine.persisted
      await store.commit(todoDone({ id: '2' })).persisted
      const other = await client({ backend }).open()
      other.commit(todoCreated({ id: '1', text: 'theirs' }))
      gate.release()
      await untilSynced(store, 3)
      await untilSynced(other, 3)
      device.onCommitted = () => undefined
      expect(images.length).toBeGreaterThan(4)
      for (const image of images) {
        const again = client({ backend, copyOf: image })
        const reopened = await again.open()
        await untilSynced(reopened, 3)
        expect(shown(reopened)).toBe('1:theirs 2:mine*')
        await again.close(reopened)
        // Boot after boot: the state that was adopted is right, too.
        await again.kill()
        expect(shown(await again.open())).toBe('1:theirs 2:mine*')
        rmSync(image, { recursive: true })
      }
      expect(backend.log('demo')).toHaveLength(3)
    })
  }

  engineCase('the next leader adopts the state without materializing again what is in it', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const store = await device.open()
    for (let i = 0; i < 20; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
    await untilSynced(store, 20)
    await store.until(({ leader }) => leader.settledHead.global === 20)
    await device.kill()
    device.startLeader()
    const second = await device.open()
    expect(shown(second)).toBe(shown(store))
    const subscribed = device.link(second).received.find(({ _tag }) => _tag === 'subscribed')
    expect(subscribed).toMatchObject({ mode: 'snapshot', at: { global: 20 } })
  })

  engineCase('a process that dies before its state is written at all is rebuilt from the log', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const store = await device.open()
    for (let i = 0; i < 5; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
    await untilSynced(store, 5)
    await device.close(store)
    await device.kill()
    rmSync(device.files.state)
    const again = await device.open()
    expect(shown(again)).toBe('0:a 1:a 2:a 3:a 4:a')
  })
})

describe('a leader killed while it installs the image of a session', () => {
  engineCase(
    'between image and head: the head of the state that the session booted from is not taken for its own',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const store = await device.open()
      await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
      await store.until(({ session }) => session.settledHead.global === 1)
      await device.kill()
      rmSync(device.files.state)
      const images: Array<string> = []
      device.onStatement = (name, sql) => {
        if (name === 'state' && sql.startsWith('INSERT INTO __headwater_state_head')) images.push(device.crashImage())
      }
      device.startLeader()
      await untilSynced(store, 1)
      await store.commit(todoCreated({ id: '2', text: 'b' })).confirmed
      expect(images.length).toBeGreaterThan(1)
      for (const image of images) {
        const again = await client({ copyOf: image }).open()
        expect([shown(again).slice(0, 3), again.quarantined.list()]).toEqual(['1:a', []])
        rmSync(image, { recursive: true })
      }
    },
  )
})

describe('a machine that fails', () => {
  engineCase(
    'a full disk at the eventlog: nothing is lost, nothing quarantined, it is tried again',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const store = await device.open()
      await untilSynced(store, 0)
      let failures = 3
      device.onStatement = (name, sql) => {
        if (name === 'eventlog' && sql === 'COMMIT' && failures-- > 0)
          throw new SqliteError({ reason: 'Full', operation: 'run', code: 'SQLITE_FULL', detail: 'test' })
      }
      const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
      await receipt.confirmed
      expect([shown(store), store.quarantined.list(), await store.rejected.list()]).toEqual(['1:a', [], []])
      expect(failures).toBeLessThan(0)
    },
  )

  engineCase('a COMMIT that is reported as failed and has been done: what is on disk counts', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const [store, other] = [await device.open(), await client({ backend }).open()]
    await untilSynced(store, 0)
    backend.setOnline(false)
    await store.commit(todoCreated({ id: '2', text: 'mine' })).persisted
    let failures = 2
    device.onCommitted = (name) => {
      if (name === 'eventlog' && failures-- > 0)
        throw new SqliteError({ reason: 'IoFailed', operation: 'run', code: 'SQLITE_IOERR_FSYNC', detail: 'test' })
    }
    const gate = backend.hold('push')
    backend.setOnline(true)
    other.commit(todoCreated({ id: '1', text: 'theirs' }))
    gate.release()
    await untilSynced(store, 2)
    expect(failures).toBeLessThan(0)
    await untilSynced(other, 2)
    expect(shown(store)).toBe(shown(other))
    const epoch = count(device.files.eventlog, 'SELECT epoch FROM __headwater_sync_status')
    expect([epoch, store.status.leader.epoch]).toEqual([epoch, epoch])
    const head = count(device.files.eventlog, 'SELECT head FROM __headwater_sync_status')
    expect(head).toBe(2)
  })

  engineCase('a full disk at the state: the log goes on, the state follows', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const store = await device.open()
    await untilSynced(store, 0)
    let failures = 3
    device.onStatement = (name, sql) => {
      if (name === 'state' && sql === 'COMMIT' && failures-- > 0)
        throw new SqliteError({ reason: 'Full', operation: 'run', code: 'SQLITE_FULL', detail: 'test' })
    }
    for (let i = 0; i < 5; i++) await store.commit(todoCreated({ id: `${i}`, text: 'a' })).confirmed
    const second = await device.open()
    expect(shown(second)).toBe('0:a 1:a 2:a 3:a 4:a')
    expect(second.quarantined.list()).toEqual([])
  })
})

describe('two leaders for one store', () => {
  engineCase('a stale leader that thaws changes neither database nor any session, and ends', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    const stale = device.running
    stale.heldTurns = []
    // On its way to the leader that hangs.
    store.commit(todoCreated({ id: '2', text: 'b' }))
    await Promise.resolve()
    const link = device.link(store)
    const fresh = device.startLeader()
    await untilSynced(store, 2)
    const logBefore = count(device.files.eventlog, 'SELECT count(*) FROM eventlog')
    const received = link.received.length
    for (const turn of stale.heldTurns.splice(0)) turn()
    stale.heldTurns = null
    expect(stale.isEnded).toBe(true)
    expect(link.received.length).toBe(received)
    expect(count(device.files.eventlog, 'SELECT count(*) FROM eventlog')).toBe(logBefore)
    await store.commit(todoCreated({ id: '3', text: 'c' })).confirmed
    expect([shown(store), fresh.isEnded, store.status.leader.term]).toEqual(['1:a 2:b 3:c', false, 2])
    expect(backend.log('demo')).toHaveLength(3)
  })

  engineCase('messages of an older term are ignored', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    const link = device.link(store)
    const old = link.received.find(({ _tag }) => _tag === 'feed')!
    await device.kill()
    device.startLeader()
    await untilSynced(store, 1)
    const status = JSON.stringify(store.status)
    link.inject({ _tag: 'hello', term: 1 })
    link.inject(old)
    link.inject({ _tag: 'outdated', term: 1, version: 9 })
    expect(JSON.stringify(store.status)).toBe(status)
  })
})
