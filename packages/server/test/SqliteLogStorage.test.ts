import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type AppendRequest, type LogStorage, StorageFailed, sqliteLogStorage } from '@headwater/server'
import * as Effect from 'effect/Effect'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDataFolder } from '../src/DataFolder.ts'
import { makeGroupCommit } from '../src/GroupCommit.ts'
import { logStorageSuite } from './LogStorageSuite.ts'
import { event, root } from './Requests.ts'
import { temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = Effect.runPromise

logStorageSuite(async () => {
  const storage = sqliteLogStorage({ folder })
  return { storage, close: () => run(storage.close) }
})

const appendOf = async (storage: LogStorage, storeId: string, argsJson = '{}'): Promise<AppendRequest> => {
  const { backendId, head } = await run(storage.info(storeId))
  const added = event(head, { argsJson })
  const batch = { backendId, parent: head, events: [added] }
  const eventsJson = [JSON.stringify({ ...added, syncMetadataJson: null })]
  return { storeId, batch, eventsJson, principalId: null, mayPushForOthers: false }
}

test('appends of one tick, of any stores, are one transaction, judged in order', async () => {
  const storage = sqliteLogStorage({ folder })
  const requests = await Promise.all(Array.from({ length: 20 }, (_, i) => appendOf(storage, `store-${i % 10}`)))
  const watcher = new Database(join(folder, 'log-v1.sqlite3'), { readonly: true })
  const counts: Array<unknown> = []
  const count = watcher.prepare('SELECT count(*) FROM event').pluck()
  const answers = await Promise.all(
    requests.map(async (request) => {
      const answer = await run(storage.append(request))
      counts.push(count.get())
      return answer._tag
    }),
  )
  expect(answers).toEqual([
    ...Array.from({ length: 10 }, () => 'Accepted'),
    ...Array.from({ length: 10 }, () => 'BackendAhead'),
  ])
  expect(new Set(counts)).toEqual(new Set([10]))
  watcher.close()
  await run(storage.close)
})

test('a write that the disk has no room for fails alone, its neighbours in the group do not', async () => {
  const database = new Database(join(folder, 'full.sqlite3'))
  database.exec('CREATE TABLE t (a TEXT)')
  database.pragma('max_page_count = 20')
  const insert = database.prepare('INSERT INTO t VALUES (?)')
  const group = makeGroupCommit(
    (work) => database.transaction(work).immediate(),
    (error) => new StorageFailed({ operation: 'append', detail: String(error) }),
  )
  const write = (size: number) => run(Effect.result(group.run(() => insert.run('x'.repeat(size)).changes)))
  const results = await Promise.all([write(10), write(1_000_000), write(20)])
  expect(results.map(({ _tag }) => _tag)).toEqual(['Success', 'Failure', 'Success'])
  expect(database.prepare('SELECT length(a) FROM t').pluck().all()).toEqual([10, 20])
  database.close()
})

test('nothing is acknowledged whose COMMIT fails', async () => {
  const written: Array<string> = []
  const group = makeGroupCommit(
    (work) => {
      work()
      throw new Error('COMMIT failed')
    },
    (error) => new StorageFailed({ operation: 'append', detail: String(error) }),
  )
  const write = (name: string) => run(Effect.result(group.run(() => written.push(name))))
  const results = await Promise.all([write('a'), write('b')])
  expect(results.map(({ _tag }) => _tag)).toEqual(['Failure', 'Failure'])
  expect(written).toContain('a')
})

test('each COMMIT is synced to disk', () => {
  const { database, close } = openDataFolder(folder)
  const pragma = (name: string) => database.pragma(name, { simple: true })
  const full = 2
  expect([pragma('journal_mode'), pragma('synchronous')]).toEqual(['wal', full])
  close()
})

test('a backup taken while writing is a complete log that opens', async () => {
  const storage = sqliteLogStorage({ folder })
  for (let i = 0; i < 50; i += 1)
    await run(storage.append(await appendOf(storage, 's', JSON.stringify('x'.repeat(10_000)))))
  const restored = join(folder, 'restored')
  mkdirSync(restored)
  const target = join(restored, 'log-v1.sqlite3')
  const [, ...answers] = await Promise.all([
    run(storage.backup(target)),
    ...(await Promise.all([1, 2, 3].map((i) => appendOf(storage, `other-${i}`)))).map((request) =>
      run(storage.append(request)),
    ),
  ])
  expect(answers.map(({ _tag }) => _tag)).toEqual(['Accepted', 'Accepted', 'Accepted'])
  await expect(run(storage.backup(target))).rejects.toThrow(/exists already; choose another name/)
  const { backendId } = await run(storage.info('s'))
  await run(storage.close)
  const opened = sqliteLogStorage({ folder: restored })
  expect(await run(opened.info('s'))).toMatchObject({ backendId, head: { global: 50 } })
  const answer = await run(
    opened.read({ storeId: 's', backendId, after: root, cursor: null, eventsMax: 1_000, bytesMax: 10_000_000 }),
  )
  expect(answer._tag === 'Events' && answer.eventsJson.length).toBe(50)
  await run(opened.close)
})

test('a folder in use names its holder', async () => {
  const storage = sqliteLogStorage({ folder })
  expect(() => sqliteLogStorage({ folder })).toThrow(
    new RegExp(`in use by process ${process.pid} since .*stop that server`),
  )
  await run(storage.close)
  await run(sqliteLogStorage({ folder }).close)
})

test('a file that is no log, of another format, or damaged is told apart and left alone', async () => {
  const file = join(folder, 'log-v1.sqlite3')
  const database = new Database(file)
  database.exec('CREATE TABLE mine (a)')
  expect(() => sqliteLogStorage({ folder })).toThrow(/is not a Headwater log; move it away/)
  database.exec('DROP TABLE mine')
  database.close()
  await run(sqliteLogStorage({ folder }).close)
  const newer = new Database(file)
  newer.pragma('user_version = 3')
  expect(() => sqliteLogStorage({ folder })).toThrow(/has format 3, this server knows up to 2; run the newer/)
  newer.pragma('user_version = 1')
  newer.close()
  expect(() => sqliteLogStorage({ folder })).toThrow(/has format 1, this server needs 2; run the headwater-server that/)
  writeFileSync(file, 'this is no database '.repeat(1_000))
  expect(() => sqliteLogStorage({ folder })).toThrow(/restore it from a backup/)
  rmSync(file)
  writeFileSync(join(folder, 'plain'), '')
  expect(() => sqliteLogStorage({ folder: join(folder, 'plain') })).toThrow(/check the path/)
})
