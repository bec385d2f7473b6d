import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Adapter, createStore, importStore, type Store } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { memoryAdapter, nodeAdapter, openBetterSqlite, openStoreFiles } from '../src/index.ts'
import { afterThis, eventually, openStore, temporaryFolder } from './Folder.ts'
import { schema, selected, selections, todoCreated, todoDeleted, todos } from './Todos.ts'

const ids = (store: Store): ReadonlyArray<string> => store.query(todos.orderBy('id')).map(({ id }) => id)

/** Worker threads of this process, as the operating system's threads that Node keeps alive for them. */
const workerPorts = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker').length

describe('modes', () => {
  const modes: ReadonlyArray<readonly [string, (folder: string) => Adapter]> = [
    ['worker', (directory) => nodeAdapter({ directory })],
    ['same-thread', (directory) => nodeAdapter({ directory, leader: 'same-thread' })],
    ['memory', () => memoryAdapter()],
  ]
  for (const [name, make] of modes) {
    test(`${name}: commits, persists, queries, live queries, closes`, async () => {
      const store = await createStore({ schema, storeId: 'demo', adapter: make(temporaryFolder()) })
      afterThis(() => store.close())
      const counts: Array<number> = []
      store.subscribe(todos.count(), (count) => counts.push(count))
      const receipt = store.commit(todoCreated({ id: '1', text: 'a' }), selected({ id: 's', n: 1 }))
      await receipt.persisted
      store.commit(todoDeleted({ id: '1' }))
      expect(counts).toEqual([0, 1, 0])
      expect(store.query(selections.orderBy('id'))).toEqual([{ id: 's', n: 1 }])
      await store.close()
      await store.close()
      expect(() => store.commit(todoCreated({ id: '2', text: 'b' }))).toThrow(
        expect.objectContaining({ _tag: 'StoreClosed' }),
      )
    })
  }

  for (const leader of ['worker', 'same-thread'] as const) {
    test(`${leader}: data survives reopening, and client id and log with it`, async () => {
      const directory = temporaryFolder()
      const first = await openStore({ directory, leader })
      const receipt = first.commit(todoCreated({ id: '1', text: 'a' }), selected({ id: 's', n: 7 }))
      const { clientId } = first
      // Not awaited: close waits until everything is persisted.
      await first.close()
      const second = await openStore({ directory, leader })
      expect(second.clientId).toBe(clientId)
      expect(ids(second)).toEqual(['1'])
      expect(second.query(selections.orderBy('id'))).toEqual([{ id: 's', n: 7 }])
      await second.receipt(receipt.eventIds[0]!).persisted
      expect(second.status.leader.term).toBe(2)
    })
  }
})

describe('several sessions', () => {
  for (const leader of ['worker', 'same-thread'] as const) {
    test(`${leader}: sessions of one thread share one leader and see each other`, async () => {
      const directory = temporaryFolder()
      // At the same time: only one of them may start a leader.
      const [a, b, c] = await Promise.all([1, 2, 3].map(() => openStore({ directory, leader })))
      expect([a!.status.leader.term, b!.status.leader.term, c!.status.leader.term]).toEqual([1, 1, 1])
      await a!.commit(todoCreated({ id: '1', text: 'a' })).persisted
      await b!.until(() => ids(b!).length === 1)
      await a!.close()
      await b!.commit(todoCreated({ id: '2', text: 'b' })).persisted
      await c!.until(() => ids(c!).length === 2)
      expect(c!.status.leader.term).toBe(1)
    })
  }

  test('several stores in one process keep apart; ids that differ in case too', async () => {
    const directory = temporaryFolder()
    const storeIds = ['Demo', 'demo', 'DEMO', 'a-b_9', 'x'.repeat(64)]
    const stores = await Promise.all(storeIds.map((storeId) => openStore({ directory, storeId })))
    await Promise.all(stores.map((store, i) => store.commit(todoCreated({ id: storeIds[i]!, text: '' })).persisted))
    expect(stores.map(ids)).toEqual(storeIds.map((id) => [id]))
    const folders = readdirSync(directory)
    expect(new Set(folders.map((name) => name.toLowerCase())).size).toBe(storeIds.length)
    expect(folders).toContain('+d+e+m+o')
    expect(existsSync(join(directory, 'demo', 'eventlog-v1.db'))).toBe(true)
    await Promise.all(stores.map((store) => store.close()))
    const again = await openStore({ directory, storeId: 'DEMO' })
    expect(ids(again)).toEqual(['DEMO'])
  })

  test('a store id that is no file name is refused before anything is touched', async () => {
    const directory = temporaryFolder()
    for (const storeId of ['../x', 'a/b', '', 'ü', 'x'.repeat(65), 'x'.repeat(10_240)]) {
      await expect(openStore({ directory, storeId })).rejects.toThrow(
        expect.objectContaining({ _tag: 'InvalidStoreId' }),
      )
    }
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('leaving', () => {
  test(
    'closing a store ends its worker and frees its files and memory; other stores go on',
    { timeout: 20_000 },
    async () => {
      const directory = temporaryFolder()
      const other = await openStore({ directory, storeId: 'other' })
      const before = workerPorts()
      const memory: Array<number> = []
      for (let round = 0; round < 10; round++) {
        const store = await openStore({ directory })
        expect(workerPorts()).toBeGreaterThan(before)
        await store.commit(todoCreated({ id: `${round}`, text: 'x'.repeat(200_000) })).persisted
        await store.close()
        expect(workerPorts()).toBe(before)
        memory.push(process.memoryUsage.rss() / 2 ** 20)
      }
      // Rounds 4 to 10 open some 40 MB of worker heap each time, if nothing were given back.
      expect(memory.at(-1)! - memory[3]!).toBeLessThan(100)
      expect(readdirSync(join(directory, 'demo')).filter((name) => name.endsWith('-wal'))).toEqual([])
      await other.commit(todoCreated({ id: '1', text: 'still here' })).persisted
    },
  )

  test('close waits for what is not persisted, and its signal ends the wait', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, leader: 'same-thread' })
    for (let i = 0; i < 500; i++) store.commit(todoCreated({ id: `${i}`, text: '' }))
    const aborted = new AbortController()
    aborted.abort(new Error('enough'))
    await expect(store.close({ signal: aborted.signal })).rejects.toThrow('enough')
    store.commit(todoCreated({ id: 'more', text: '' }))
    await Promise.all([store.close(), store.close()])
    const again = await openStore({ directory, leader: 'same-thread' })
    expect(ids(again)).toHaveLength(501)
  })

  test('an AbortSignal ends opening, and nothing is left running', async () => {
    const directory = temporaryFolder()
    const before = workerPorts()
    await expect(openStore({ directory, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
    const controller = new AbortController()
    const opening = openStore({ directory, signal: controller.signal })
    controller.abort(new Error('changed my mind'))
    await expect(opening).rejects.toThrow('changed my mind')
    await eventually(() => workerPorts() === before, 'the worker ends')
    const store = await openStore({ directory })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
  })
})

describe('files', () => {
  test('tools read beside a running leader', async () => {
    const directory = temporaryFolder()
    expect(() => openStoreFiles({ directory, storeId: 'demo' })).toThrow(
      expect.objectContaining({ _tag: 'StoreNotFound' }),
    )
    const store = await openStore({ directory })
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    const files = openStoreFiles({ directory, storeId: 'demo' })
    afterThis(() => files.close())
    expect(files.eventlog.prepare('SELECT count(*) FROM eventlog').get()).toEqual([1])
    await eventually(() => files.state.prepare('SELECT id FROM todos').get()?.[0] === '1', 'the state follows')
    expect(() => files.eventlog.exec('DELETE FROM eventlog')).toThrow(expect.objectContaining({ reason: 'ReadOnly' }))
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    expect(files.eventlog.prepare('SELECT count(*) FROM eventlog').get()).toEqual([2])
  })

  test('durability: the eventlog is WAL, synced at every commit by default', async () => {
    const directory = temporaryFolder()
    await (await openStore({ directory })).close()
    const { eventlog, close } = openStoreFiles({ directory, storeId: 'demo' })
    afterThis(close)
    expect(eventlog.prepare('PRAGMA journal_mode').get()).toEqual(['wal'])
  })

  for (const leader of ['worker', 'same-thread'] as const) {
    test(`${leader}: a newer format is FormatUnsupported and stays untouched; the store opens again with the right version`, async () => {
      const directory = temporaryFolder()
      const store = await openStore({ directory, leader })
      await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
      await store.close()
      const path = join(directory, 'demo', 'eventlog-v1.db')
      const setVersion = (version: number): void => {
        const file = openBetterSqlite({ path })
        file.exec(`PRAGMA user_version = ${version}`)
        file.close()
      }
      setVersion(99)
      const before = readFileSync(path)
      await expect(openStore({ directory, leader })).rejects.toThrow(
        expect.objectContaining({ _tag: 'FormatUnsupported', found: 99 }),
      )
      expect(readFileSync(path).equals(before)).toBe(true)
      setVersion(1)
      expect(ids(await openStore({ directory, leader }))).toEqual(['1'])
    })

    test(`${leader}: another SQLite file in place of the eventlog is refused and kept`, async () => {
      const directory = temporaryFolder()
      mkdirSync(join(directory, 'demo'))
      const file = openBetterSqlite({ path: join(directory, 'demo', 'eventlog-v1.db') })
      file.exec('CREATE TABLE invoices (id)')
      file.close()
      await expect(openStore({ directory, leader })).rejects.toThrow(
        expect.objectContaining({ _tag: 'FormatUnsupported' }),
      )
      const again = openBetterSqlite({ path: join(directory, 'demo', 'eventlog-v1.db') })
      expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([['invoices']])
      again.close()
    })
  }

  const damage: ReadonlyArray<readonly [string, (path: string) => void]> = [
    ['missing', (path) => rmSync(path)],
    ['empty', (path) => writeFileSync(path, '')],
    ['no database', (path) => writeFileSync(path, 'nothing that SQLite knows. '.repeat(1000))],
    ['cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, 6000))],
    ['overwritten inside', (path) => writeFileSync(path, readFileSync(path).fill(0xa5, 4096, 12_288))],
  ]
  for (const [name, spoil] of damage) {
    test(`a state database that is ${name} is made again from the log`, async () => {
      const directory = temporaryFolder()
      const store = await openStore({ directory, leader: 'same-thread' })
      for (let i = 0; i < 20; i++) store.commit(todoCreated({ id: `${i + 10}`, text: 'x'.repeat(500) }))
      await store.close()
      spoil(join(directory, 'demo', 'state-v1.db'))
      const again = await openStore({ directory, leader: 'same-thread' })
      expect(ids(again)).toHaveLength(20)
      await again.commit(todoCreated({ id: '99', text: '' })).persisted
      await again.close()
      const files = openStoreFiles({ directory, storeId: 'demo' })
      afterThis(() => files.close())
      expect(files.state.prepare('SELECT count(*) FROM todos').get()).toEqual([21])
    })
  }

  test('a corrupt eventlog is kept aside and salvaged; what cannot be read is gone, the store goes on', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, leader: 'same-thread' })
    for (let i = 0; i < 60; i++) store.commit(todoCreated({ id: `${i + 100}`, text: 'y'.repeat(900) }))
    await store.close()
    const folder = join(directory, 'demo')
    const path = join(folder, 'eventlog-v1.db')
    const bytes = readFileSync(path)
    // The last pages hold the newest rows; the first ones stay readable.
    bytes.fill(0xff, bytes.length - 3 * 4096)
    writeFileSync(path, bytes)
    const logged: Array<string> = []
    const again = await openStore({
      directory,
      leader: 'same-thread',
      log: (entry) => logged.push(`${entry.message} ${JSON.stringify(entry.fields)}`),
    })
    const left = ids(again)
    expect(left.length).toBeGreaterThan(20)
    expect(readdirSync(folder).filter((name) => name.includes('.corrupt-') && name.endsWith('.db'))).toHaveLength(1)
    expect(logged.join('\n')).toContain('salvaged')
    await again.commit(todoCreated({ id: 'new', text: '' })).persisted
    await again.close()
    expect(ids(await openStore({ directory, leader: 'same-thread' }))).toEqual([...left, 'new'])
  })

  test('an eventlog that is no database at all is kept aside and begun anew', async () => {
    const directory = temporaryFolder()
    await (await openStore({ directory, leader: 'same-thread' })).close()
    const path = join(directory, 'demo', 'eventlog-v1.db')
    writeFileSync(path, 'this was a file once. '.repeat(1000))
    const store = await openStore({ directory, leader: 'same-thread' })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
    const kept = readdirSync(join(directory, 'demo')).find((name) => name.includes('.corrupt-') && name.endsWith('.db'))
    expect(readFileSync(join(directory, 'demo', kept!), 'utf8')).toContain('this was a file once')
  })

  test('a directory that is a file is a typed error', async () => {
    const directory = join(temporaryFolder(), 'file')
    writeFileSync(directory, '')
    for (const leader of ['worker', 'same-thread'] as const) {
      await expect(openStore({ directory, leader })).rejects.toThrow(
        expect.objectContaining({ _tag: 'DirectoryUnusable', directory }),
      )
    }
  })

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'a directory that may not be written is a typed error',
    async () => {
      const directory = temporaryFolder()
      chmodSync(directory, 0o555)
      await expect(openStore({ directory })).rejects.toThrow(
        expect.objectContaining({ _tag: 'DirectoryUnusable', directory }),
      )
      chmodSync(directory, 0o755)
      await openStore({ directory })
    },
  )

  test('files deleted under a running leader: noticed, the store goes on, and what is committed next is on disk', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, heartbeatMs: 20 })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
    rmSync(join(directory, 'demo'), { recursive: true })
    await store.until(({ leader }) => leader.connection === 'lost')
    await store.until(({ leader }) => leader.connection === 'connected')
    await store.commit(todoCreated({ id: '2', text: '' })).persisted
    await store.close()
    const again = await openStore({ directory })
    expect(ids(again)).toContain('2')
  })
})

describe('export, import, wipe', () => {
  test('an exported log is another client with the same data', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, leader: 'same-thread' })
    for (let i = 0; i < 5; i++) store.commit(todoCreated({ id: `${i}`, text: '' }))
    const bytes = await store.export()
    const adapter = nodeAdapter({ directory })
    await importStore({ adapter, storeId: 'copy', bytes })
    const copy = await openStore({ directory, storeId: 'copy', leader: 'same-thread' })
    expect(ids(copy)).toEqual(ids(store))
    expect(copy.clientId).not.toBe(store.clientId)
    await expect(importStore({ adapter, storeId: 'copy', bytes })).rejects.toThrow(
      expect.objectContaining({ _tag: 'StoreLocked' }),
    )
    await copy.close()
    await expect(importStore({ adapter, storeId: 'copy', bytes })).rejects.toThrow(
      expect.objectContaining({ _tag: 'StoreExists' }),
    )
    const memory = memoryAdapter()
    await importStore({ adapter: memory, storeId: 'demo', bytes })
    const inMemory = await createStore({ schema, storeId: 'demo', adapter: memory })
    afterThis(() => inMemory.close())
    expect(ids(inMemory)).toEqual(ids(store))
  })

  test('what is no exported log is refused and leaves nothing', async () => {
    const directory = temporaryFolder()
    const adapter = nodeAdapter({ directory })
    const other = openBetterSqlite()
    other.exec('CREATE TABLE invoices (id)')
    for (const bytes of [new TextEncoder().encode('nothing of that kind'), other.serialize()]) {
      await expect(importStore({ adapter, storeId: 'demo', bytes })).rejects.toThrow()
      expect(existsSync(join(directory, 'demo', 'eventlog-v1.db'))).toBe(false)
    }
    other.close()
    expect(ids(await openStore({ directory, leader: 'same-thread' }))).toEqual([])
  })

  test('wipe deletes the folder; the next opening begins anew', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, leader: 'same-thread' })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
    const { clientId } = store
    await store.wipe()
    expect(readdirSync(directory)).toEqual([])
    const again = await openStore({ directory, leader: 'same-thread' })
    expect(ids(again)).toEqual([])
    expect(again.clientId).not.toBe(clientId)
  })

  test('wipe while another session has the store open is StoreLocked and deletes nothing', async () => {
    const directory = temporaryFolder()
    const [a, b] = [await openStore({ directory }), await openStore({ directory })]
    await a.commit(todoCreated({ id: '1', text: '' })).persisted
    await expect(a.wipe()).rejects.toThrow(expect.objectContaining({ _tag: 'StoreLocked' }))
    await b.commit(todoCreated({ id: '2', text: '' })).persisted
    await b.close()
    expect(ids(await openStore({ directory, leader: 'same-thread' }))).toEqual(['1', '2'])
  })
})
