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
})

describe('store ids', () => {
  test('stores whose ids differ in case only, or that Windows reserves, have folders of their own everywhere', async () => {
    const directory = temporaryFolder()
    const storeIds = ['Demo', 'demo', 'DEMO', 'con', 'Con']
    for (const storeId of storeIds) await (await openStore({ directory, storeId, leader: 'same-thread' })).close()
    const folders = readdirSync(directory)
    expect(folders.sort()).toEqual(['+con', '+d+e+m+o', '+demo', 'con+', 'demo'])
    expect(existsSync(join(directory, 'demo', 'eventlog-v1.db'))).toBe(true)
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
    { timeout: 120_000 },
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
    test(`${leader}: a file of a newer format stays as it is, byte for byte`, async () => {
      const directory = temporaryFolder()
      await (await openStore({ directory, leader })).close()
      const path = join(directory, 'demo', 'eventlog-v1.db')
      const file = openBetterSqlite({ path })
      file.exec('PRAGMA user_version = 99')
      file.close()
      const before = readFileSync(path)
      await expect(openStore({ directory, leader })).rejects.toThrow(
        expect.objectContaining({ _tag: 'FormatUnsupported', found: 99 }),
      )
      expect(readFileSync(path).equals(before)).toBe(true)
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
  test('an import over an open store is StoreLocked, over a closed one StoreExists; a refused one leaves no eventlog', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, leader: 'same-thread' })
    for (let i = 0; i < 5; i++) store.commit(todoCreated({ id: `${i}`, text: '' }))
    const bytes = await store.export()
    const adapter = nodeAdapter({ directory })
    await expect(importStore({ adapter, storeId: 'demo', bytes })).rejects.toThrow(
      expect.objectContaining({ _tag: 'StoreLocked' }),
    )
    await store.close()
    await expect(importStore({ adapter, storeId: 'demo', bytes })).rejects.toThrow(
      expect.objectContaining({ _tag: 'StoreExists' }),
    )
    const broken = bytes.slice(0, 8192)
    await expect(importStore({ adapter, storeId: 'copy', bytes: broken })).rejects.toThrow(
      expect.objectContaining({ _tag: 'SqliteError' }),
    )
    expect(readdirSync(join(directory, 'copy')).filter((name) => name.startsWith('eventlog'))).toEqual([])
  })

  test('a log exported from files opens in memory', async () => {
    const store = await openStore({ directory: temporaryFolder(), leader: 'same-thread' })
    for (let i = 0; i < 5; i++) store.commit(todoCreated({ id: `${i}`, text: '' }))
    const adapter = memoryAdapter()
    await importStore({ adapter, storeId: 'demo', bytes: await store.export() })
    const inMemory = await createStore({ schema, storeId: 'demo', adapter })
    afterThis(() => inMemory.close())
    expect(ids(inMemory)).toEqual(ids(store))
  })

  test('wipe deletes the folder', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory, leader: 'same-thread' })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
    await store.wipe()
    expect(readdirSync(directory)).toEqual([])
  })
})
