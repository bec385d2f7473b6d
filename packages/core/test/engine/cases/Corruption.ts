/** Spec section 7, the row on corrupt files. Real pages of real files are overwritten. */
import { closeSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { engineCase } from '../Case.ts'
import { classifySqliteError } from '../../../src/sqlite/SqliteError.ts'
import { draftSaved, draftsShown, shown, todoCreated, todos, untilShown, untilSynced } from '../Todos.ts'

const overwrite = (path: string, from: number, length: number): void => {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(length, 0x5a), 0, length, from)
  closeSync(file)
}

/** Overwrites all but the header, cuts the file, or overwrites it all. */
const damage = (path: string, how: 'scribble' | 'cut' | 'no database'): void => {
  rmSync(`${path}-wal`, { force: true })
  rmSync(`${path}-shm`, { force: true })
  if (how === 'cut') return truncateSync(path, 5000)
  const { size } = statSync(path)
  if (how === 'scribble') overwrite(path, 4096, size - 4096)
  else overwrite(path, 0, size)
}

/** One leaf page in the middle of a table, as a bad sector would. */
const damageLeaf = (path: string, table: string, leaf = 3): void => {
  const connection = openBetterSqlite({ path })
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE')
  const [page] =
    connection
      .prepare(`SELECT pageno FROM dbstat WHERE name = '${table}' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET ?`)
      .get([leaf]) ?? []
  connection.close()
  overwrite(path, (Number(page) - 1) * 4096, 4096)
}

const count = (path: string, sql: string): number => {
  const connection = openBetterSqlite({ path, readonly: true })
  const value = Number(connection.prepare(sql).get()?.[0])
  connection.close()
  return value
}

describe('a corrupt state', () => {
  for (const how of ['scribble', 'cut', 'no database'] as const) {
    engineCase(`is rebuilt from the log (${how})`, async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const store = await device.open()
      for (let i = 0; i < 300; i++) store.commit(todoCreated({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
      await untilSynced(store, 300)
      const expected = shown(store)
      await device.close(store)
      await device.kill()
      damage(device.files.state, how)
      const again = await device.open()
      expect(shown(again)).toBe(expected)
      await untilSynced(again, 300)
      again.commit(todoCreated({ id: '1', text: 'z' }))
      await untilSynced(again, 301)
      expect(count(device.files.state, 'SELECT count(*) FROM todos')).toBe(301)
    })
  }

  engineCase(
    'a damaged page that only a query finds: the query throws, the state is rebuilt, the query works',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const store = await device.open()
      for (let i = 0; i < 300; i++) store.commit(todoCreated({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
      await untilSynced(store, 300)
      const expected = shown(store)
      await device.close(store)
      await device.kill()
      damageLeaf(device.files.state, 'todos')
      const again = await device.open()
      expect(() => shown(again)).toThrow('malformed')
      await again.until(
        ({ leader, session }) => leader.connection === 'connected' && session.upstreamHead.global === 300,
      )
      expect(shown(again)).toBe(expected)
      await again.commit(todoCreated({ id: '1', text: 'z' })).confirmed
      expect(again.query(todos.count())).toBe(301)
    },
  )
})

describe('a corrupt eventlog', () => {
  for (const how of ['scribble', 'cut', 'no database'] as const) {
    engineCase(`is kept aside and fetched again from the backend (${how})`, async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const store = await device.open()
      for (let i = 0; i < 300; i++) store.commit(todoCreated({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
      await untilSynced(store, 300)
      const expected = shown(store)
      await device.close(store)
      await device.kill()
      damage(device.files.eventlog, how)
      const again = await device.open()
      await untilSynced(again, 300)
      expect(shown(again)).toBe(expected)
      expect(readdirSync(device.files.folder).some((name) => name.includes('corrupt'))).toBe(true)
      expect(device.logged.some(({ message }) => message.includes('salvaged'))).toBe(true)
    })
  }

  engineCase(
    'what was not pushed is salvaged around the damaged pages: synced and client-only events and dead letters',
    async ({ client }) => {
      const backend = memoryBackend()
      backend.setValidator(({ argsJson }) => (argsJson.includes('spam') ? 'no spam here' : undefined))
      const device = client({ backend })
      const store = await device.open()
      await expect(store.commit(todoCreated({ id: '0', text: 'spam' })).confirmed).rejects.toThrow('spam')
      for (let i = 0; i < 300; i++) store.commit(todoCreated({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
      await untilSynced(store, 300)
      backend.setOnline(false)
      const mine = store.commit(
        draftSaved({ id: 'd', text: 'kept' }),
        todoCreated({ id: '2', text: 'mine' }),
        draftSaved({ id: 'e', text: 'too' }),
      )
      await mine.persisted
      const expected = shown(store)
      await device.close(store)
      await device.kill()
      damageLeaf(device.files.eventlog, 'eventlog')
      const again = await device.open()
      backend.setOnline(true)
      // The damage is far back: it is found when somebody reads there.
      for await (const event of again.events()) if (event.position.global === 200) break
      expect(device.logged.some(({ message }) => message.includes('salvaged'))).toBe(true)
      await untilSynced(again, 301)
      expect([shown(again), draftsShown(again)]).toEqual([expected, 'd:kept e:too'])
      expect((await again.rejected.list()).map(({ detail }) => detail)).toEqual(['no spam here'])
      expect(backend.log('demo').at(-1)?.id).toBe(mine.eventIds[1])
      await untilShown(again, expected)
    },
  )

  engineCase(
    'without a backend what can be read is kept, in its order, and every session agrees on it',
    async ({ client }) => {
      const device = client()
      const store = await device.open()
      for (let i = 0; i < 300; i++) store.commit(todoCreated({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
      await store.commit(draftSaved({ id: 'd', text: 'kept' })).persisted
      const before = shown(store).split(' ')
      await device.close(store)
      await device.kill()
      damageLeaf(device.files.eventlog, 'eventlog')
      const again = await device.open()
      const second = await device.open()
      for await (const event of again.events()) if (event.name === 'draftSaved') break
      expect(device.logged.some(({ message }) => message.includes('salvaged'))).toBe(true)
      await again.commit(todoCreated({ id: '9', text: 'on' })).persisted
      await untilShown(second, shown(again))
      const left = shown(again).split(' ')
      // One page of some 20 events is gone; what is left is a part of what was there.
      expect(left.length).toBeGreaterThan(260)
      expect(left.filter((todo) => !before.includes(todo))).toEqual(['9:on'])
      expect(draftsShown(again)).toBe('d:kept')
    },
  )

  engineCase('around damage among client-only events, what is behind them is kept, too', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    backend.setOnline(false)
    for (let i = 0; i < 300; i++) store.commit(draftSaved({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
    await store.commit(todoCreated({ id: '2', text: 'mine' }), draftSaved({ id: '2000', text: 'last' })).persisted
    await device.close(store)
    await device.kill()
    damageLeaf(device.files.eventlog, 'eventlog')
    backend.setOnline(true)
    const again = await device.open()
    for await (const event of again.events()) if (event.name === 'todoCreated' && event.position.global === 2) break
    await untilSynced(again, 2)
    expect(device.logged.some(({ message }) => message.includes('salvaged'))).toBe(true)
    expect([shown(again), backend.log('demo').length]).toEqual(['1:a 2:mine', 2])
    const left = draftsShown(again).split(' ')
    expect(left.at(-1)).toBe('2000:last')
    // One page of some 20 events is gone.
    expect(left.length).toBeGreaterThan(270)
  })

  for (const [code, sql, n] of [
    // Row by row: the first look-up is for a page, the fourth for the second row.
    ['SQLITE_IOERR_READ', /FROM eventlog WHERE \(/u, 4],
    ['SQLITE_IOERR_READ', /FROM __headwater_rejected/u, 1],
    ['SQLITE_NOMEM', /FROM eventlog WHERE \(/u, 4],
    ['SQLITE_NOMEM', /FROM __headwater_rejected/u, 1],
  ] as const)
    engineCase(`a machine that fails while it is read is no damage (${code}, ${sql.source})`, async ({ client }) => {
      const backend = memoryBackend()
      backend.setValidator(({ argsJson }) => (argsJson.includes('spam') ? 'no spam here' : undefined))
      const device = client({ backend })
      const store = await device.open()
      await expect(store.commit(todoCreated({ id: '0', text: 'spam' })).confirmed).rejects.toThrow('spam')
      backend.setOnline(false)
      for (let i = 0; i < 300; i++) store.commit(todoCreated({ id: `${1000 + i}`, text: 'x'.repeat(100) }))
      await store.commit(todoCreated({ id: '2', text: 'last' })).persisted
      await device.close(store)
      await device.kill()
      damageLeaf(device.files.eventlog, 'eventlog')
      let count = 0
      device.onStatement = (name, statement) => {
        if (name !== 'corrupt' || !sql.test(statement) || ++count !== n) return
        throw classifySqliteError({ code, detail: 'test', operation: 'all' })
      }
      // The app is told, and tries again.
      await expect(device.open()).rejects.toThrow(code)
      const again = await device.open()
      backend.setOnline(true)
      await again.until(({ isSynced }) => isSynced)
      const left = shown(again).split(' ')
      expect(left.slice(0, 3).map((todo) => todo.slice(0, 4))).toEqual(['1000', '1001', '1002'])
      expect([left.at(-1), count >= n]).toEqual(['2:last', true])
      expect((await again.rejected.list()).map(({ detail }) => detail)).toEqual(['no spam here'])
    })

  engineCase('a log whose status cannot be read is salvaged, too: unpushed events are pushed', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    backend.setOnline(false)
    await store.commit(todoCreated({ id: '2', text: 'mine' })).persisted
    await device.close(store)
    await device.kill()
    damageLeaf(device.files.eventlog, '__headwater_sync_status', 0)
    backend.setOnline(true)
    const again = await device.open()
    await untilSynced(again, 2)
    expect([shown(again), backend.log('demo').length]).toEqual(['1:a 2:mine', 2])
  })
})
