import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { httpBackend } from '@headwater/backend-http'
import type { BackendEvent, PulledEvent } from '@headwater/core/backend'
import { type LogStorage, postgresLogStorage, sqliteLogStorage, startServer, verifyLogs } from '@headwater/server'
import { seededRandom } from '@headwater/testkit/node'
import { type PostgresFixture, postgresFixture, runSql } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { openDataFolder, openLogReadOnly } from '../src/DataFolder.ts'
import type { LogArchive } from '../src/LogArchive.ts'
import { exportLogs, importLogs } from '../src/LogTransfer.ts'
import { postgresArchive } from '../src/PostgresArchive.ts'
import { openPostgresDatabases } from '../src/PostgresDatabases.ts'
import { sqliteArchive } from '../src/SqliteArchive.ts'
import { chain, endOf, openStore } from './LogStorageSuite.ts'
import { root } from './Requests.ts'
import { temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const run = Effect.runPromise

let postgres: PostgresFixture
let urls: ReadonlyArray<string> = []
beforeAll(async () => {
  postgres = await postgresFixture()
  urls = await Promise.all([0, 1].map(() => postgres.makeDatabase()))
})
afterAll(() => postgres.close())

let folder = ''
let schemas = 0
beforeEach(() => {
  folder = temporaryFolder()
  schemas += 1
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The places of this test: a folder of its own, tables of its own. */
const place = {
  sqlite: (name: string) => ({
    storage: async (): Promise<LogStorage> => sqliteLogStorage({ folder: join(folder, name) }),
    reading: async (): Promise<LogArchive> => {
      const database = openLogReadOnly(join(folder, name))
      return sqliteArchive(database, () => database.close())
    },
    writing: async (): Promise<LogArchive> => {
      const { database, close } = openDataFolder(join(folder, name))
      return sqliteArchive(database, close)
    },
  }),
  postgres: (name: string, count: 1 | 2) => {
    const options = { url: urls.slice(0, count), schema: `${name}_${schemas}`, connections: 4 }
    const archive = async (): Promise<LogArchive> => postgresArchive(await openPostgresDatabases(options))
    return { storage: () => postgresLogStorage(options), reading: archive, writing: archive }
  },
}
type Place = ReturnType<(typeof place)['sqlite']>

const withArchive = async <A>(opening: Promise<LogArchive>, work: (archive: LogArchive) => Promise<A>): Promise<A> => {
  const archive = await opening
  try {
    return await work(archive)
  } finally {
    await archive.close()
  }
}

const exportTo = (from: Place, name: string, storeIds?: ReadonlyArray<string>) =>
  withArchive(from.reading(), (archive) =>
    exportLogs(archive, { file: join(folder, name), ...(storeIds === undefined ? {} : { storeIds }) }),
  )

const importFrom = (to: Place, name: string, storeIds?: ReadonlyArray<string>) =>
  withArchive(to.writing(), (archive) =>
    importLogs(archive, { file: join(folder, name), ...(storeIds === undefined ? {} : { storeIds }) }),
  )

const texts = [
  '{"b":1,"a":[1.0,1e2,-0,12345678901234567890]}',
  ' { "spaced" :\t"out" }\n',
  '"\\u0041\\ud83d\\ude00😀 \\\\u0000"',
  '"\u2028 \u200f\ufeff"',
]

/** Stores of several sizes, one of them empty; clients that are bound. */
const fill = async (to: Place): Promise<void> => {
  const storage = await to.storage()
  await openStore(storage, 'empty')
  for (const [storeId, batches] of [
    ['few', 3],
    ['many', 24],
  ] as const) {
    const store = await openStore(storage, storeId)
    for (let batch = 0; batch < batches; batch += 1) {
      const events = chain(await store.head(), 100, (index) => ({
        argsJson: texts[index % texts.length] ?? '',
        clientId: `client-${batch % 5}`,
        createdAt: 1_700_000_000_000.123 + index,
      }))
      expect(await store.append(events, `user-${batch % 5}`)).toMatchObject({ _tag: 'Accepted' })
    }
  }
  await run(storage.close)
}

const linesOf = (name: string): ReadonlyArray<string> => readFileSync(join(folder, name), 'utf8').split('\n')

/** All but the time and the hashes, which are of it too. */
const contentOf = (name: string): ReadonlyArray<string> =>
  linesOf(name)
    .slice(1)
    .map((line) => line.replace(/"sha256":"[0-9a-f]{64}"/, ''))

test('SQLite, PostgreSQL, several of them, and back: the same lines, byte for byte', async () => {
  const first = place.sqlite('first')
  await fill(first)
  expect(await exportTo(first, 'a')).toEqual({ logs: 3, events: 2_700 })
  let before = 'a'
  for (const [name, to] of [
    ['b', place.postgres('one', 1)],
    ['c', place.postgres('two', 2)],
    ['d', place.sqlite('last')],
  ] as const) {
    expect(await importFrom(to, before)).toEqual({ logs: 3, events: 2_700, kept: 0 })
    expect(await exportTo(to, name)).toEqual({ logs: 3, events: 2_700 })
    expect(contentOf(name)).toEqual(contentOf('a'))
    const storage = await to.storage()
    expect(await run(verifyLogs(storage))).toEqual({ stores: 3, events: 2_700, faults: [] })
    // Bound clients stay bound.
    const store = await openStore(storage, 'few')
    const stranger = chain(await store.head(), 1, () => ({ clientId: 'client-1' }))
    expect(await store.append(stranger, 'user-2')).toEqual({ _tag: 'ClientBound', clientId: 'client-1' })
    await run(storage.close)
    before = name
  }
})

test('stores that are named, an import that is run again, and what is refused without storing anything', async () => {
  const [from, to] = [place.sqlite('from'), place.postgres('to', 2)]
  await fill(from)
  await exportTo(from, 'all')
  await exportTo(from, 'few', ['few'])
  await expect(exportTo(from, 'x', ['nobody'])).rejects.toMatchObject({ reason: 'WrongStore' })
  expect(existsSync(join(folder, 'x'))).toBe(false)
  await expect(exportTo(from, 'all')).rejects.toMatchObject({ reason: 'Unreadable' })
  // The wrong store.
  await expect(importFrom(to, 'few', ['many'])).rejects.toMatchObject({
    reason: 'WrongStore',
    message: expect.stringMatching(/has no log of many; it has few/),
  })
  expect(await importFrom(to, 'few', ['few'])).toEqual({ logs: 1, events: 300, kept: 0 })
  // Again, and with more: what is there is kept.
  expect(await importFrom(to, 'few')).toEqual({ logs: 0, events: 0, kept: 1 })
  const storage = await to.storage()
  const store = await openStore(storage, 'few')
  const more = chain(await store.head(), 1)
  await store.append(more)
  await run(storage.close)
  await expect(importFrom(to, 'all')).rejects.toMatchObject({
    _tag: 'ImportRefused',
    message: expect.stringMatching(/^store few: there is a log already, up to e301/),
  })
  await expect(importFrom(from, 'all')).resolves.toEqual({ logs: 0, events: 0, kept: 3 })
  const again = await to.storage()
  expect(await run(again.stores(null, 10))).toEqual(['few'])
  // Somebody was there first and has an empty log: it makes room, and keeps nothing of its own.
  const early = await openStore(again, 'many')
  expect((await early.head()).global).toBe(0)
  expect(await importFrom(to, 'all', ['many'])).toEqual({ logs: 1, events: 2_400, kept: 0 })
  expect((await run(again.info('many'))).head.global).toBe(2_400)
  expect((await run(again.info('many'))).backendId).not.toBe(early.backendId)
  await run(again.close)
})

test('what PostgreSQL cannot keep is said before anything is stored', async () => {
  const [from, to] = [place.sqlite('from'), place.postgres('to', 1)]
  const storage = await from.storage()
  const store = await openStore(storage, 's')
  await store.append(chain(root, 3, (index) => ({ argsJson: index === 2 ? '"\0"' : '1' })))
  await run(storage.close)
  await exportTo(from, 'file')
  await expect(importFrom(to, 'file')).rejects.toMatchObject({
    _tag: 'ImportRefused',
    message: expect.stringMatching(/^store s: e3 cannot be kept: PostgreSQL keeps neither NUL/),
  })
  const target = await to.storage()
  expect(await run(target.stores(null, 10))).toEqual([])
  await run(target.close)
})

/** Every way to damage a file that is not the same file in other words. */
const damages = (random: () => number): ReadonlyArray<readonly [string, (text: string) => string]> => {
  const line = (change: (lines: Array<string>, at: number) => void) => (text: string) => {
    const lines = text.trimEnd().split('\n')
    change(lines, Math.floor(random() * lines.length))
    return `${lines.join('\n')}\n`
  }
  return [
    ['cut', (text) => text.slice(0, Math.floor(random() * (text.length - 2)))],
    [
      'a bit',
      (text) => {
        const bytes = Buffer.from(text)
        const at = Math.floor(random() * (bytes.length - 1))
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 7))
        return bytes.toString('utf8')
      },
    ],
    ['a line less', line((lines, at) => lines.splice(at, 1))],
    ['a line twice', line((lines, at) => lines.splice(at, 0, lines[at] ?? ''))],
    [
      'lines exchanged',
      line((lines, at) => {
        const other = (at + 1) % lines.length
        ;[lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? '']
      }),
    ],
    ['more behind it', (text) => `${text}{}\n`],
    ['two files', (text) => text + text],
    ['carriage returns', (text) => text.replaceAll('\n', '\r\n')],
  ]
}

test('damage of every kind is refused, with the line, and nothing is stored', async () => {
  const [from, to] = [place.sqlite('from'), place.sqlite('to')]
  await fill(from)
  await exportTo(from, 'good', ['few', 'empty'])
  const good = readFileSync(join(folder, 'good'), 'utf8')
  const seed = Number(process.env['HEADWATER_SEED'] ?? 7)
  const random = seededRandom(seed)
  let refused = 0
  for (let round = 0; round < 15; round += 1) {
    for (const [name, damage] of damages(random)) {
      const damaged = damage(good)
      if (damaged === good) continue
      writeFileSync(join(folder, 'bad'), damaged)
      const outcome = await importFrom(to, 'bad').then(
        () => 'imported',
        (error: unknown) => error,
      )
      expect([seed, round, name, outcome]).toMatchObject([
        seed,
        round,
        name,
        { _tag: 'LogFileError', reason: expect.stringMatching(/Damaged|Incomplete|NotALogFile|NewerFormat/) },
      ])
      refused += 1
    }
  }
  writeFileSync(join(folder, 'bad'), good.replace('"format":1', '"format":2'))
  await expect(importFrom(to, 'bad')).rejects.toMatchObject({ reason: 'NewerFormat' })
  writeFileSync(join(folder, 'bad'), '')
  await expect(importFrom(to, 'bad')).rejects.toMatchObject({ reason: 'NotALogFile' })
  await expect(importFrom(to, 'nowhere')).rejects.toMatchObject({ reason: 'Unreadable' })
  const storage = await to.storage()
  expect(await run(storage.stores(null, 10))).toEqual([])
  await run(storage.close)
  console.log(`PROOF damaged_files=${refused} imported=0 seed=${seed}`)
})

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('an import that is killed is run again; until then nobody sees half of it', async () => {
  const from = place.sqlite('from')
  const storage = await from.storage()
  const store = await openStore(storage, 'big')
  for (let batch = 0; batch < 12; batch += 1) await store.append(chain(await store.head(), 1_000))
  await run(storage.close)
  await exportTo(from, 'file')
  const database = await postgres.makeDatabase()
  const importing = () => {
    const child = spawn(process.execPath, [main, 'import', '--database', database, join(folder, 'file')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return { child, ended: once(child, 'close') }
  }
  const heads: Array<number> = []
  for (let kill = 1; kill <= 2; kill += 1) {
    const { child, ended } = importing()
    // From the first page on, somewhere.
    for (;;) {
      const [row] = await runSql(
        database,
        `SELECT s.head, s.is_here FROM headwater_stores s WHERE store_id = 'big'`,
      ).catch(() => [])
      if (row?.['is_here'] === true) throw new Error('the import was faster than its kill')
      if (Number(row?.['head'] ?? 0) >= kill * 2_000) break
    }
    child.kill('SIGKILL')
    await ended
    const target = await postgresLogStorage({ url: database })
    expect(await run(Effect.flip(target.info('big')))).toMatchObject({ _tag: 'StorageFailed' })
    await run(target.close)
    const [row] = await runSql(database, `SELECT head FROM headwater_stores WHERE store_id = 'big'`)
    heads.push(Number(row?.['head']))
  }
  const { ended } = importing()
  expect(await ended).toEqual([0, null])
  const target = await postgresLogStorage({ url: database })
  expect(await run(verifyLogs(target))).toEqual({ stores: 1, events: 12_000, faults: [] })
  await run(target.close)
  console.log(`PROOF import_kills=2 killed_at=${heads.join(',')} events=12000 lost=0`)
})

test('a server goes from SQLite to PostgreSQL: its clients go on and notice nothing', async () => {
  const from = place.sqlite('server')
  const options = { port: 0, heartbeatMs: 100, graceMs: 1_000, authorize: () => ({ id: 'anna' }) }
  let server = await startServer({ ...options, data: join(folder, 'server') })
  const backendAt = (clientId: string) => httpBackend({ url: server.url }).make({ storeId: 's', clientId })
  const outcome = await run(
    Effect.scoped(
      Effect.gen(function* () {
        const [writer, reader] = [yield* backendAt('writer'), yield* backendAt('reader')]
        const { backendId } = yield* writer.ping
        const events = chain(root, 250, () => ({ clientId: 'writer' }))
        for (const at of [0, 100, 200]) {
          const batch = events.slice(at, at + 100)
          const parent = endOf(events.slice(0, at))
          yield* writer.push({ backendId, parent, events: batch })
        }
        // What a reader has durably: half a page, its position and cursor.
        const [page] = yield* Stream.runCollect(
          Stream.take(reader.pull({ backendId, after: root, cursor: null, isLive: false }), 1),
        )
        yield* Effect.promise(() => server.close())
        yield* Effect.promise(() => exportTo(from, 'file'))
        const target = place.postgres('server', 2)
        yield* Effect.promise(() => importFrom(target, 'file'))
        const { port } = server
        const database = { url: urls, schema: `server_${schemas}`, connections: 4 }
        server = yield* Effect.promise(() => startServer({ ...options, port, database }))
        // A push whose answer was lost, and new ones.
        const retried = yield* writer.push({
          backendId,
          parent: endOf(events.slice(0, 200)),
          events: events.slice(200),
        })
        const more: ReadonlyArray<BackendEvent> = chain(endOf(events), 5, () => ({ clientId: 'writer' }))
        const pushed = yield* writer.push({ backendId, parent: endOf(events), events: more })
        const rest = yield* Stream.runCollect(
          reader.pull({ backendId, after: endOf(page?.events ?? []), cursor: page?.cursor ?? null, isLive: false }),
        )
        const fresh = yield* Stream.runCollect(
          reader.pull({ backendId: null, after: root, cursor: null, isLive: false }),
        )
        const all: ReadonlyArray<PulledEvent> = fresh.flatMap((each) => [...each.events])
        return {
          retried,
          pushed,
          rest: rest.flatMap((each) => [...each.events]),
          page,
          all,
          events,
          more,
          backendId,
          fresh,
        }
      }),
    ),
  )
  const { events, more } = outcome
  expect(outcome.retried).toEqual({ _tag: 'Accepted', head: endOf(events) })
  expect(outcome.pushed).toEqual({ _tag: 'Accepted', head: endOf(more) })
  expect(outcome.rest.map(({ id }) => id)).toEqual(more.map(({ id }) => id))
  expect(outcome.fresh[0]?.backendId).toBe(outcome.backendId)
  const author = JSON.stringify({ author: 'anna' })
  expect(outcome.all).toEqual([...events, ...more].map((each) => ({ ...each, syncMetadataJson: author })))
  await server.close()
})
