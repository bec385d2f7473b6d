import { type LogStorage, postgresLogStorage, verifyLogs } from '@headwater/server'
import { type PostgresFixture, postgresFixture, runSql } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { rendezvous } from '../src/Rendezvous.ts'
import { moveStore } from '../src/StoreMove.ts'
import { chain, endOf, logStorageSuite, openStore } from './LogStorageSuite.ts'
import { type MoveFixture, copiesOf, databaseAt, moveFixture, withDatabases } from './MoveFixture.ts'
import { root } from './Requests.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const run = Effect.runPromise

let postgres: PostgresFixture
let fixture: MoveFixture
beforeAll(async () => {
  postgres = await postgresFixture()
  fixture = await moveFixture(postgres, 3)
})
afterAll(() => postgres.close())

const open = (url: string | ReadonlyArray<string>, schema: string): Promise<LogStorage> =>
  postgresLogStorage({ url, schema, connections: 4 })

logStorageSuite(async () => {
  const storage = await open(fixture.urls, fixture.newSchema())
  return { storage, close: () => run(storage.close) }
})

test('rendezvous: even, whatever the order, and one more database takes only what it gets', () => {
  const before = ['a', 'b', 'c'].map((each) => `database-${each}`)
  const after = [...before, 'database-d']
  const counts = new Map<string, number>()
  let [moved, elsewhere] = [0, 0]
  for (let index = 0; index < 4_000; index += 1) {
    const home = rendezvous(`store-${index}`, before)
    expect(rendezvous(`store-${index}`, before.toReversed())).toBe(home)
    counts.set(home, (counts.get(home) ?? 0) + 1)
    const next = rendezvous(`store-${index}`, after)
    if (next !== home) moved += 1
    if (next !== home && next !== 'database-d') elsewhere += 1
  }
  for (const database of before) expect(Math.abs((counts.get(database) ?? 0) - 4_000 / 3)).toBeLessThan(150)
  expect(elsewhere).toBe(0)
  expect(Math.abs(moved - 1_000)).toBeLessThan(150)
})

/** Stores by the database in which they take appends. */
const spread = async (urls: ReadonlyArray<string>, schema: string): Promise<ReadonlyArray<ReadonlyArray<string>>> =>
  Promise.all(
    urls.map(async (url) => {
      const rows = await runSql(url, `SELECT store_id FROM ${schema}.headwater_stores WHERE is_here ORDER BY store_id`)
      return rows.map((row) => String(row['store_id']))
    }),
  )

test('servers that start at once with lists in any order make one log for each store, and use all databases', async () => {
  const schema = fixture.newSchema()
  const [a = '', b = '', c = ''] = fixture.urls
  const lists = [
    [a, b, c],
    [c, b, a],
    [b, c, a],
    [a, c, b],
  ]
  const storages = await Promise.all(lists.map((list) => open(list, schema)))
  const storeIds = Array.from({ length: 60 }, (_, index) => `store-${index}`)
  for (const storeId of storeIds) {
    const infos = await Promise.all(storages.map((storage) => run(storage.info(storeId))))
    expect(new Set(infos.map(({ backendId }) => backendId)).size).toBe(1)
  }
  const placed = await spread(fixture.urls, schema)
  expect(placed.flat().length).toBe(60)
  expect(new Set(placed.flat()).size).toBe(60)
  for (const stores of placed) expect(stores.length).toBeGreaterThan(5)
  expect(await run(storages[0]!.stores(null, 100))).toEqual(storeIds.toSorted())
  await Promise.all(storages.map((storage) => run(storage.close)))
})

test('one database becomes several: its stores stay, new ones spread, a server that knows only the one is in nobody’s way', async () => {
  const schema = fixture.newSchema()
  const [a = '', b = ''] = fixture.urls
  const alone = await open(a, schema)
  const old = await openStore(alone, 'old')
  const events = chain(root, 3)
  await old.append(events)
  const both = await open([b, a], schema)
  const seen = await openStore(both, 'old')
  expect(seen.backendId).toBe(old.backendId)
  expect(await seen.append(chain(endOf(events), 1))).toMatchObject({ _tag: 'Accepted' })
  for (let index = 0; index < 20; index += 1) await run(both.info(`later-${index}`))
  // Both make stores at once: the first insert into the directory stands.
  const storeIds = Array.from({ length: 40 }, (_, index) => `new-${index}`)
  const outcomes = await Promise.all(
    storeIds.map((storeId) => Promise.all([alone, both].map((storage) => run(Effect.option(storage.info(storeId)))))),
  )
  for (const [index, infos] of outcomes.entries()) {
    const ids = new Set(infos.flatMap((info) => (info._tag === 'Some' ? [info.value.backendId] : [])))
    expect([storeIds[index], infos[1]?._tag, ids.size]).toEqual([storeIds[index], 'Some', 1])
  }
  const placed = await spread([a, b], schema)
  expect(
    placed
      .flat()
      .filter((storeId) => !storeId.startsWith('later'))
      .toSorted(),
  ).toEqual(['old', ...storeIds].toSorted())
  expect(placed.flat().length).toBe(61)
  expect(placed[1]?.length).toBeGreaterThan(0)
  // What is elsewhere is not found by the one, and not made anew either.
  const elsewhere = placed[1]?.[0] ?? ''
  const failure = await run(Effect.flip(alone.info(elsewhere)))
  expect(failure.message).toMatch(/give the server every database/)
  expect((await spread([a], schema)).flat()).not.toContain(elsewhere)
  await Promise.all([alone, both].map((storage) => run(storage.close)))
})

test('lists that are wrong are refused, with what to do', async () => {
  const schema = fixture.newSchema()
  const [a = '', b = '', c = ''] = fixture.urls
  const nameOf = (url: string): string => new URL(url).pathname.slice(1)
  const both = await open([a, b], schema)
  await openStore(both, 's')
  const failing = async (urls: string | ReadonlyArray<string>, message: RegExp): Promise<void> => {
    await expect(open(urls, schema)).rejects.toMatchObject({
      _tag: 'DatabaseError',
      reason: 'WrongDatabases',
      message: expect.stringMatching(message),
    })
  }
  await failing([a, a], /is in the list twice/)
  for (const url of [a, b]) await failing(url, /one of several databases; give the server all of them/)
  const [directory, member] = (await isDirectory(a, schema)) ? [a, b] : [b, a]
  await failing([member, c], /the directory of these databases, .*, is not in the list/)
  await failing([directory, c], new RegExp(`stores are in .*${nameOf(member)} .*too; add it to the list`))
  // One that holds stores does not join; and of two that do none is made the directory of the other.
  const other = await open(c, fixture.newSchema())
  await run(other.close)
  const [x, y] = [fixture.newSchema(), fixture.newSchema()]
  for (const [url, each] of [
    [a, x],
    [b, x],
    [c, y],
  ] as const) {
    const storage = await open(url, each)
    await openStore(storage, 's')
    await run(storage.close)
  }
  await expect(open([a, b], x)).rejects.toMatchObject({
    reason: 'WrongDatabases',
    message: expect.stringMatching(/both hold stores/),
  })
  await run((await open([a, b], y)).close)
  await expect(open([a, b, c], y)).rejects.toMatchObject({
    message: expect.stringMatching(/holds stores already; export/),
  })
  await run((await open([a, b], y)).close)
  await run(both.close)
})

const isDirectory = async (url: string, schema: string): Promise<boolean> =>
  (await runSql(url, `SELECT 1 FROM ${schema}.headwater_placements`)).length > 0

test('a server that runs alone makes no store in a database that has joined others meanwhile', async () => {
  const schema = fixture.newSchema()
  const alone = await Promise.all(fixture.urls.map((url) => open(url, schema)))
  const all = await open(fixture.urls, schema)
  const made = await Promise.all(alone.map((storage) => run(Effect.result(storage.info('s')))))
  // The directory's own may.
  expect(made.filter(({ _tag }) => _tag === 'Success').length).toBe(1)
  await openStore(all, 's')
  expect((await spread(fixture.urls, schema)).flat()).toEqual(['s'])
  await Promise.all([...alone, all].map((storage) => run(storage.close)))
})

test('the append of a server with an old placement takes nothing, in its own statement; the server follows', async () => {
  const schema = fixture.newSchema()
  const [a = '', b = '', c = ''] = fixture.urls
  const storage = await open(fixture.urls, schema)
  const store = await openStore(storage, 's')
  const events = chain(root, 5, () => ({ clientId: 'bound' }))
  await store.append(events, 'anna')
  await withDatabases(fixture.urls, schema, async (databases) => {
    const placement = await databases.placements.of('s')
    const from = placement.database
    const to = databases.all.find((each) => each !== from)!
    const next = chain(endOf(events), 1)
    const append = {
      storeId: 's',
      backendId: store.backendId,
      parent: endOf(events),
      head: endOf(next),
      mark: 'late',
      principalId: null,
      clientIds: [],
      eventsJson: next.map((each) => JSON.stringify({ ...each, syncMetadataJson: null })),
    }
    /** What the statement takes with this epoch, alone and in a group with another store. */
    const taken = async (epoch: number | null): Promise<ReadonlyArray<string>> => {
      const other = { ...append, storeId: 'nobody', epoch: null }
      const groups = [[{ ...append, epoch }], [{ ...append, epoch }, other]]
      return (await Promise.all(groups.map((group) => from.log.append(group)))).flatMap((ids) => [...ids])
    }
    await moveStore(databases, 's', to)
    expect([await taken(0), await taken(null), await taken(1)]).toEqual([[], [], []])
    // There and back again: the row takes appends once more, but not of who remembers the first stay.
    await moveStore(databases, 's', from)
    expect([await taken(0), await taken(1)]).toEqual([[], []])
    expect(await copiesOf(fixture.urls, schema, 's')).toMatchObject({ ids: events.map(({ id }) => id) })
    await moveStore(
      databases,
      's',
      databaseAt(
        databases,
        [a, b, c].find((url) => !from.name.endsWith(new URL(url).pathname))!,
      ),
    )
  })
  // The storage has remembered the first place all along.
  const more = chain(endOf(events), 2, () => ({ clientId: 'bound' }))
  expect(await store.append(more, 'bert')).toEqual({ _tag: 'ClientBound', clientId: 'bound' })
  expect(await store.append(more, 'anna')).toEqual({ _tag: 'Accepted', head: endOf(more), appended: 2 })
  expect(await store.head()).toEqual(endOf(more))
  const copies = await copiesOf(fixture.urls, schema, 's')
  expect([copies.here.length, Object.keys(copies.events).length, copies.ids.length]).toEqual([1, 1, 7])
  expect(await run(verifyLogs(storage))).toEqual({ stores: 1, events: 7, faults: [] })
  await run(storage.close)
})

test('cursors and live readers go on behind a move, through a server that remembers the old place', async () => {
  const schema = fixture.newSchema()
  const [writer, reader] = await Promise.all([open(fixture.urls, schema), open(fixture.urls, schema)])
  const [written, read] = [await openStore(writer, 's'), await openStore(reader, 's')]
  await written.append(chain(root, 3))
  const before = await read.read()
  if (before._tag !== 'Events') throw new Error('expected events')
  await withDatabases(fixture.urls, schema, async (databases) => {
    const { database } = await databases.placements.of('s')
    for (const to of databases.all.filter((each) => each !== database)) {
      const told = new Promise<void>((resolve) => {
        const end = reader.subscribe('s', () => {
          end()
          resolve()
        })
      })
      await moveStore(databases, 's', to)
      await told
      expect(await read.read(before.last, { cursor: before.cursor, backendId: before.backendId })).toMatchObject({
        _tag: 'Events',
        eventsJson: [],
        cursor: before.cursor,
      })
    }
  })
  const head = await written.head()
  const heard = new Promise<void>((resolve) => {
    reader.subscribe('s', () => resolve())
  })
  await written.append(chain(head, 1))
  await heard
  const after = await read.read(before.last, { cursor: before.cursor })
  expect(after._tag === 'Events' ? after.eventsJson.length : after).toBe(1)
  await Promise.all([writer, reader].map((storage) => run(storage.close)))
})
