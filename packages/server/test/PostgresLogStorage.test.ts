import {
  type LogStorage,
  type PostgresLogStorageOptions,
  StorageFailed,
  postgresLogStorage,
  startServer,
  verifyLogs,
} from '@headwater/server'
import { type PostgresFixture, freePort, postgresFixture, runSql } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makePostgresAppends } from '../src/PostgresAppends.ts'
import type { PostgresAppend, PostgresLog } from '../src/PostgresLog.ts'
import { makeSharedLoads } from '../src/SharedLoads.ts'
import { chain, logStorageSuite, openStore } from './LogStorageSuite.ts'
import { root } from './Requests.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const run = Effect.runPromise
/** So rarely that it never happens in a test. */
const never = 3_600_000

let postgres: PostgresFixture
let url = ''
beforeAll(async () => {
  postgres = await postgresFixture()
  url = await postgres.makeDatabase()
})
afterAll(() => postgres.close())

let schemas = 0
const newSchema = (): string => `suite_${schemas++}`

logStorageSuite(async () => {
  const storage = await postgresLogStorage({ url, schema: newSchema() })
  return { storage, close: () => run(storage.close) }
})

/** Two servers' storages over one set of tables. */
const twoStorages = async (options: Partial<PostgresLogStorageOptions> = {}) => {
  const schema = newSchema()
  const make = () => postgresLogStorage({ url, schema, ...options })
  const [a, b] = await Promise.all([make(), make()])
  return {
    schema,
    a,
    b,
    close: async () => {
      await run(a.close)
      await run(b.close)
    },
  }
}

/** Ends when a listener of the store has been called. */
const told = (storage: LogStorage, storeId: string): Promise<void> =>
  new Promise((resolve) => {
    const end = storage.subscribe(storeId, () => {
      end()
      resolve()
    })
  })

/** Ends when the condition holds. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('many servers that start at once make the tables once', async () => {
  const schema = newSchema()
  const storages = await Promise.all(Array.from({ length: 8 }, () => postgresLogStorage({ url, schema })))
  const infos = await Promise.all(storages.map((storage) => run(storage.info('s'))))
  expect(new Set(infos.map(({ backendId }) => backendId)).size).toBe(1)
  const rows = await runSql(url, `SELECT version FROM ${schema}.headwater_migrations`)
  expect(rows).toEqual([{ version: 1 }, { version: 2 }])
  await Promise.all(storages.map((storage) => run(storage.close)))
})

test('tables of version 1 are brought up to date with what is in them, and their logs go on', async () => {
  const schema = newSchema()
  const first = await postgresLogStorage({ url, schema })
  const before = await openStore(first, 's')
  const events = chain(root, 5)
  await before.append(events)
  await run(first.close)
  // What version 2 added is taken away.
  const added = ['moves', 'database', 'databases', 'placements'].map((name) => `${schema}.headwater_${name}`)
  await runSql(url, `DROP TABLE ${added.join(', ')}`)
  await runSql(url, `ALTER TABLE ${schema}.headwater_stores DROP COLUMN epoch, DROP COLUMN is_here`)
  await runSql(url, `DELETE FROM ${schema}.headwater_migrations WHERE version = 2`)

  const storage = await postgresLogStorage({ url, schema })
  const after = await openStore(storage, 's')
  expect(after.backendId).toBe(before.backendId)
  expect(await after.append(chain(await after.head(), 2))).toMatchObject({ _tag: 'Accepted', appended: 2 })
  expect((await after.texts()).slice(0, 5)).toMatchObject(events)
  expect(await run(verifyLogs(storage))).toMatchObject({ faults: [] })
  await run(storage.close)
})

test('rivals on two servers: of each pair one is accepted, and the log has no gap', async () => {
  const { a, b, close } = await twoStorages()
  const stores = [await openStore(a, 's'), await openStore(b, 's')]
  let wins = 0
  for (let round = 0; round < 40; round += 1) {
    const head = (await stores[round % 2]?.head()) ?? root
    const answers = await Promise.all(stores.map((store) => store.append(chain(head, 3))))
    wins += answers.filter(({ _tag }) => _tag === 'Accepted').length
    expect(answers.map(({ _tag }) => _tag).toSorted()).toEqual(['Accepted', 'BackendAhead'])
    const [winner, loser] = answers.toSorted((x, y) => (x._tag < y._tag ? -1 : 1))
    if (winner?._tag !== 'Accepted' || loser?._tag !== 'BackendAhead') throw new Error('expected one of each')
    expect(loser.head).toEqual(winner.head)
    expect(loser.missingJson?.length).toBe(3)
  }
  const [head] = await Promise.all(stores.map((store) => store.head()))
  expect([wins, head?.global]).toEqual([40, 120])
  await close()
})

test('readers on another server are told by NOTIFY; only those of the store, and appends share messages', async () => {
  const { a, b, schema, close } = await twoStorages({ lookMs: never })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const messages: Array<string> = []
  client.on('notification', ({ payload }) => messages.push(payload ?? ''))
  await client.query(`LISTEN "headwater ${schema}"`)
  const stores = await Promise.all(Array.from({ length: 20 }, (_, index) => openStore(a, `store-${index}`)))
  const quiet = { calls: 0 }
  const hears = told(b, 'store-0')
  b.subscribe('quiet', () => (quiet.calls += 1))
  // The first messages come when its listening connection has looked once; from then on a call means news.
  await until(async () => {
    await stores[1]?.append(chain(await stores[1].head(), 1))
    return messages.length > 0
  })
  await stores[0]?.append(chain(root, 1))
  await hears
  const before = { calls: quiet.calls, messages: messages.length }
  const last = told(b, 'last')
  let appends = 0
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(stores.map(async (store) => store.append(chain(await store.head(), 1))))
    appends += stores.length
  }
  await (await openStore(a, 'last')).append(chain(root, 1))
  await last
  expect(quiet.calls).toBe(before.calls)
  expect(messages.length - before.messages).toBeLessThan(appends / 2)
  console.log(`PROOF notify_appends=${appends} notify_messages=${messages.length - before.messages}`)
  await client.end()
  await close()
})

test('readers of one moment share a page; nobody gets one from before it asked', async () => {
  const loads = makeSharedLoads<number>()
  let loaded = 0
  const ask = (key: string) => loads(key, () => Promise.resolve((loaded += 1)))
  expect(await Promise.all([ask('a'), ask('a'), ask('b'), ask('a')])).toEqual([1, 1, 2, 1])
  expect(await ask('a')).toBe(3)
  const failing = [0, 1].map(() => loads('a', () => Promise.reject(new Error('away'))))
  expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ask('a')).toBe(4)
})

test('a server on PostgreSQL is started with one place for its logs, and leaves backups to others', async () => {
  await expect(startServer({ port: 0 })).rejects.toThrow(/give either data/)
  await expect(startServer({ port: 0, data: '/tmp', database: url })).rejects.toThrow(/give either data/)
  const server = await startServer({ port: 0, database: { url, schema: newSchema(), connections: 2 } })
  await expect(server.backup('/tmp/never')).rejects.toThrow(/use pg_dump/)
  await server.close()
})

test('a lost message costs the time until the next look', async () => {
  const { a, b, schema, close } = await twoStorages({ lookMs: 50 })
  await (await openStore(a, 's')).append(chain(root, 1))
  let calls = 0
  b.subscribe('s', () => (calls += 1))
  await until(() => calls > 0)
  // As if servers had died between an append and its message. The first look at a store always calls, the next ones do not.
  for (const head of [7, 8, 9]) {
    const before = calls
    await runSql(url, `UPDATE ${schema}.headwater_stores SET head = ${head} WHERE store_id = 's'`)
    await until(() => calls > before)
  }
  await close()
})

test('connections that are cut are made again, for statements and for messages', async () => {
  const { a, b, close } = await twoStorages({ lookMs: never })
  const store = await openStore(a, 's')
  await store.append(chain(root, 1))
  for (let round = 0; round < 3; round += 1) {
    await runSql(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'headwater-server' AND datname = current_database()`,
    )
    const head = await again(() => store.head())
    const next = chain(head, 1)
    expect(await again(() => store.append(next))).toMatchObject({ _tag: 'Accepted' })
    // When the listening connection is back, it looks at what it may have missed.
    await told(b, 's')
  }
  expect((await store.head()).global).toBe(4)
  await close()
})

/** As clients do: what fails retryable is tried again. */
const again = async <A>(work: () => Promise<A>): Promise<A> => {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StorageFailed) || !error.isRetryable) throw error
    }
  }
}

test('a server without readers asks nothing, and its stores cost nothing', async () => {
  const name = `idle_${crypto.randomUUID().replaceAll('-', '')}`
  const idleUrl = new URL(await postgres.makeDatabase())
  const storage = await postgresLogStorage({ url: idleUrl.href, lookMs: 10 })
  for (let index = 0; index < 50; index += 1) await run(storage.info(`${name}-${index}`))
  const activity = async () =>
    JSON.stringify(
      await runSql(
        idleUrl.href,
        `SELECT pid, query_start FROM pg_stat_activity
         WHERE application_name = 'headwater-server' AND datname = current_database() ORDER BY pid`,
      ),
    )
  let before = await activity()
  // LISTEN may be under way still.
  await until(async () => {
    const now = await activity()
    const isSame = now === before
    before = now
    return isSame
  })
  // Time is what this is about: fifty looks long nothing happens.
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await activity()).toBe(before)
  await run(storage.close)
})

test('what keeps a database from being used is said, with what to do', async () => {
  const open = (options: PostgresLogStorageOptions): Promise<unknown> =>
    postgresLogStorage(options).then(
      async (storage) => {
        await run(storage.close)
        return 'opened'
      },
      (error: unknown) => error,
    )
  const changed = (change: (parts: URL) => void): string => {
    const parts = new URL(url)
    change(parts)
    return parts.href
  }
  expect(await open({ url: 'mysql://host/db' })).toMatchObject({
    reason: 'InvalidUrl',
    message: expect.stringContaining('postgres://user:password@host:5432/database'),
  })
  expect(await open({ url, schema: 'a"; DROP TABLE x' })).toMatchObject({ reason: 'Unusable' })
  const closedPort = String(await freePort())
  const unreachable = await open({ url: changed((parts) => (parts.port = closedPort)), timeoutMs: 2_000 })
  expect(unreachable).toMatchObject({ reason: 'Unreachable', isRetryable: true })
  expect(String(unreachable)).toMatch(/ECONNREFUSED.*check that it runs/)
  expect(String(unreachable)).not.toMatch(/password@|:password/)
  expect(await open({ url: changed((parts) => (parts.pathname = '/nowhere')) })).toMatchObject({
    reason: 'Refused',
    message: expect.stringMatching(/"nowhere" does not exist; create it/),
  })
  const schema = newSchema()
  expect(await open({ url, schema })).toBe('opened')
  await runSql(url, `INSERT INTO ${schema}.headwater_migrations VALUES (7, now())`)
  expect(await open({ url, schema })).toMatchObject({
    reason: 'NewerSchema',
    message: expect.stringMatching(/version 7, this server knows up to 2; run the newer/),
  })
})

test('read-only and full databases are StorageFailed, typed, and work again afterwards', async () => {
  const roleUrl = new URL(await postgres.makeDatabase())
  const database = roleUrl.pathname.slice(1)
  const role = database.replace('headwater_test', 'role')
  await runSql(roleUrl.href, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  await runSql(roleUrl.href, `GRANT CREATE ON DATABASE ${database} TO ${role}`)
  const ownerUrl = roleUrl.href
  roleUrl.username = role
  roleUrl.password = 'secret'
  const options = { url: roleUrl.href, schema: 'mine', connections: 2, timeoutMs: 2_000 }
  const wrong = new URL(roleUrl)
  wrong.password = 'wrong'
  if (postgres.control !== undefined) {
    await expect(postgresLogStorage({ ...options, url: wrong.href })).rejects.toMatchObject({ reason: 'Refused' })
  }
  // Without the right to make tables where it is told to.
  await expect(postgresLogStorage({ ...options, schema: 'pg_catalog' })).rejects.toMatchObject({
    _tag: 'DatabaseError',
  })
  const storage = await postgresLogStorage(options)
  const store = await openStore(storage, 's')
  const cut = () => runSql(ownerUrl, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`)
  const failure = () => run(Effect.flip(storage.append({ ...requestFor(store.backendId), storeId: 's' })))
  const failing = async (text: RegExp): Promise<void> => {
    // The first statement may still meet the cut.
    let error = await failure()
    for (let tries = 0; tries < 20 && !text.test(error.message); tries += 1) error = await failure()
    expect(error).toMatchObject({ _tag: 'StorageFailed', isRetryable: true })
    expect(error.message).toMatch(text)
  }
  await runSql(ownerUrl, `ALTER ROLE ${role} SET default_transaction_read_only = on`)
  await cut()
  await failing(/25006 .*read-only, is it a standby/)
  await runSql(ownerUrl, `ALTER ROLE ${role} RESET default_transaction_read_only`)
  await runSql(ownerUrl, `ALTER ROLE ${role} CONNECTION LIMIT 0`)
  await cut()
  await failing(/53300 .*raise max_connections/)
  await expect(postgresLogStorage(options)).rejects.toMatchObject({ reason: 'Unreachable' })
  await runSql(ownerUrl, `ALTER ROLE ${role} CONNECTION LIMIT -1`)
  expect(await again(() => store.append(chain(root, 2)))).toMatchObject({ _tag: 'Accepted' })
  expect((await store.head()).global).toBe(2)
  await run(storage.close)
  await runSql(ownerUrl, `DROP OWNED BY ${role}`)
  await runSql(ownerUrl, `DROP ROLE ${role}`)
})

const requestFor = (backendId: string) => {
  const events = chain(root, 1)
  return {
    batch: { backendId, parent: root, events },
    eventsJson: events.map((each) => JSON.stringify({ ...each, syncMetadataJson: null })),
    principalId: null,
    mayPushForOthers: false,
  }
}

test('a log that was damaged behind the back of the servers is found, with what is wrong', async () => {
  const schema = newSchema()
  const storage = await postgresLogStorage({ url, schema, connections: 2 })
  for (const storeId of ['gap', 'head', 'parent', 'sound'])
    await (await openStore(storage, storeId)).append(chain(root, 5))
  await runSql(url, `DELETE FROM ${schema}.headwater_events WHERE store_id = 'gap' AND seq = 3`)
  await runSql(url, `UPDATE ${schema}.headwater_stores SET head = 7 WHERE store_id = 'head'`)
  await runSql(url, `UPDATE ${schema}.headwater_events SET parent_id = 'x' WHERE store_id = 'parent' AND seq = 4`)
  const { stores, faults } = await run(verifyLogs(storage))
  expect([stores, faults.map(({ storeId }) => storeId)]).toEqual([4, ['gap', 'head', 'parent']])
  expect(faults.map(({ fault }) => fault)).toEqual([
    'e4 stands behind e2',
    'it ends at e5, its head says e7',
    expect.stringMatching(/^e4 names another parent than e3/),
  ])
  await run(storage.close)
})

const appendTo = (storeId: string): PostgresAppend => ({
  storeId,
  backendId: 'log',
  epoch: null,
  parent: root,
  head: root,
  mark: 'mark',
  principalId: null,
  clientIds: [],
  eventsJson: [],
})

test('a statement that fails because of one store fails for that store only', async () => {
  const groups: Array<ReadonlyArray<string>> = []
  const append: PostgresLog['append'] = async (group) => {
    const storeIds = group.map(({ storeId }) => storeId)
    groups.push(storeIds)
    // What a full disk says; no real one is at hand.
    if (storeIds.includes('full')) throw Object.assign(new Error('could not extend file'), { code: '53100' })
    return new Set(storeIds)
  }
  const appends = makePostgresAppends({ log: { append }, flightsMax: 1, waitMs: 60_000 })
  const outcomes = await Promise.allSettled(['a', 'full', 'b'].map((storeId) => appends.run(appendTo(storeId))))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(groups).toEqual([['a', 'full', 'b'], ['a'], ['full'], ['b']])
})

test('who waits too long for a connection is told to come back, and is not appended later', async () => {
  const groups: Array<ReadonlyArray<string>> = []
  const held = Promise.withResolvers<void>()
  const append: PostgresLog['append'] = async (group) => {
    groups.push(group.map(({ storeId }) => storeId))
    await held.promise
    return new Set(group.map(({ storeId }) => storeId))
  }
  const appends = makePostgresAppends({ log: { append }, flightsMax: 1, waitMs: 100 })
  const first = appends.run(appendTo('a'))
  await until(() => groups.length === 1)
  const late = Promise.allSettled(['a', 'b'].map((storeId) => appends.run(appendTo(storeId))))
  // Time is what this is about.
  await new Promise((resolve) => setTimeout(resolve, 200))
  held.resolve()
  expect(await first).toBe(true)
  expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await appends.run(appendTo('b'))).toBe(true)
  expect(groups).toEqual([['a'], ['b']])
})

test('a statement that takes too long fails and is not left behind', async () => {
  const schema = newSchema()
  const storage = await postgresLogStorage({ url, schema, connections: 2, timeoutMs: 300 })
  const store = await openStore(storage, 's')
  const other = await openStore(storage, 'other')
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query(`SELECT 1 FROM ${schema}.headwater_stores WHERE store_id = 's' FOR UPDATE`)
  const held = store.append(chain(root, 1))
  const failure = expect(held).rejects.toThrow(/57014|55P03/)
  await failure
  // Together with one that is held, the other store is not.
  const together = await Promise.allSettled([store.append(chain(root, 1)), other.append(chain(root, 1))])
  expect(together.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  await holder.query('ROLLBACK')
  await holder.end()
  expect(await store.append(chain(root, 1))).toMatchObject({ _tag: 'Accepted' })
  await run(storage.close)
})

test('a database that goes away and comes back by recovery has all that was acknowledged', async ({ skip }) => {
  const { control } = postgres
  if (control === undefined) return skip('the PostgreSQL of DATABASE_URL is not ours to restart')
  const { a, b, close } = await twoStorages({ timeoutMs: 2_000 })
  const store = await openStore(a, 's')
  let [head, isEnded] = [root, false]
  const pushing = (async () => {
    while (!isEnded) {
      const next = chain(head, 2)
      const answer = await again(() => store.append(next))
      if (answer._tag !== 'Accepted') throw new Error(`expected Accepted, got ${answer._tag}`)
      head = answer.head
    }
  })()
  const counts: Array<number> = []
  for (const work of [control.crash, control.restart, control.crash]) {
    const before = head.global
    await until(() => head.global > before + 20)
    await work()
    counts.push(head.global)
  }
  const before = head.global
  await until(() => head.global > before + 20)
  isEnded = true
  await pushing
  const seen = await again(() => openStore(b, 's'))
  expect(await seen.head()).toEqual(head)
  console.log(`PROOF postgres_outages=3 acknowledged=${head.global} head=${(await seen.head()).global} lost=0`)
  await close()
})
