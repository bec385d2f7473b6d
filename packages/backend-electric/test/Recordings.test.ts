/**
 * The double of Electric against recorded answers of a real one: every exchange is sent again, and status, headers and
 * messages have to be the same. Then the real client reads from it what the recordings say.
 */
import { ShapeStream, isChangeMessage, isControlMessage } from '@electric-sql/client'
import { type ElectricFixture, electricFixture } from '@headwater/testkit/electric'
import { type PostgresFixture, postgresFixture, runSql } from '@headwater/testkit/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type RecordedExchange, type RecordedMessage, recordedTable, recordings } from './Recording.ts'
import { Replay } from './Replay.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** The recorder's own was 3 s; time is not compared. */
const pollMs = 200
/** The recorder's own. */
const chunkBytes = 10_000

let postgres: PostgresFixture
const open: Array<ElectricFixture> = []
beforeAll(async () => {
  postgres = await postgresFixture({ isReplicated: true })
})
afterAll(async () => {
  for (const electric of open) await electric.close()
  await postgres.close()
})

const start = async (shuffleSeed?: number) => {
  const databaseUrl = await postgres.makeDatabase()
  await runSql(databaseUrl, recordedTable)
  const shuffle = shuffleSeed === undefined ? {} : { shuffleSeed }
  const electric = await electricFixture({ databaseUrl, pollMs, chunkBytes, ...shuffle })
  open.push(electric)
  return {
    electric,
    databaseUrl,
    sql: (text: string, values: ReadonlyArray<unknown> = []) => runSql(databaseUrl, text, values),
  }
}

const exchangesOf = (name: string): ReadonlyArray<RecordedExchange> =>
  recordings.find((each) => each.name === name)!.exchanges.filter((each) => 'request' in each)

describe.each([undefined, 1])('recorded exchanges, snapshot rows shuffled by seed %s', (seed) => {
  let replay: Replay
  beforeAll(async () => {
    const { electric, sql } = await start(seed)
    replay = new Replay({ url: electric.url, runSql: sql, caughtUp: electric.caughtUp, waiting: electric.waiting })
    for (const recording of recordings) await replay.run(recording)
  })
  afterAll(() => {
    const reproduced = replay.exchanges.filter(
      ({ recorded, replayed }) => JSON.stringify(sorted(recorded)) === JSON.stringify(sorted(replayed)),
    )
    console.log(`PROOF electric_exchanges_reproduced=${reproduced.length}/${replay.exchanges.length}`)
  })

  for (const { name } of recordings) {
    for (const [index, { step }] of exchangesOf(name).entries()) {
      test(`${name} ${index + 1}: ${step}`, () => {
        const { recorded, replayed } = replay.exchanges.filter(({ recording }) => recording === name)[index]!
        expect(replayed).toEqual(recorded)
      })
    }
    test(`${name}: the messages of all exchanges, in their order`, () => {
      const readings = replay.readings.filter(({ recording }) => recording === name)
      for (const { step, recorded, replayed, chunks } of readings) {
        expect({ step, messages: replayed }).toEqual({ step, messages: recorded })
        expect(Math.abs(chunks.replayed - chunks.recorded)).toBeLessThanOrEqual(1)
      }
    })
  }
})

/** JSON with the keys in one order. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]): [string, unknown] => [key, sorted(each)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

describe.each(['long-poll', 'sse'])('the real client by %s', (mode) => {
  test('reads from the double what the recordings say, over snapshot, log and must-refetch', async () => {
    const { electric, sql } = await start(2)
    const told: Array<string> = []
    const stop = new AbortController()
    for (const each of recordings.slice(0, 2).flatMap(({ exchanges }) => exchanges)) {
      if ('sql' in each) await sql(each.sql, each.values)
    }
    const stream = new ShapeStream({
      url: `${electric.url}/v1/shape`,
      params: { table: 'headwater_events', where: 'store_id = $1', params: ['big'] },
      liveSse: mode === 'sse',
      parser: { int8: (text) => text },
      signal: stop.signal,
    })
    stream.subscribe((messages) => {
      for (const message of messages) {
        if (isChangeMessage(message)) told.push(`${message.headers.operation} ${JSON.stringify(message.value['seq'])}`)
        if (isControlMessage(message)) told.push(message.headers.control)
      }
    })
    const upToDates = () => told.filter((each) => each === 'up-to-date').length
    const rowsOf = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => `insert "${from + index}"`)
    await vi.waitUntil(() => upToDates() > 0, { timeout: 30_000 })
    const snapshot = told.slice(0, told.indexOf('snapshot-end'))
    expect(snapshot).not.toEqual(rowsOf(1, 180))
    expect(snapshot.toSorted(bySeq)).toEqual(rowsOf(1, 180))
    // 03 to 06: another store's events are not told, a truncated table is.
    const later = recordings.slice(2, 6).flatMap(({ exchanges }) => exchanges)
    told.length = 0
    for (const each of later) {
      if (!('sql' in each)) continue
      await vi.waitUntil(() => electric.waiting() > 0, { timeout: 30_000 })
      await sql(each.sql, each.values)
      await electric.caughtUp()
    }
    await vi.waitUntil(() => told.includes('must-refetch') && told.at(-1) === 'up-to-date', { timeout: 30_000 })
    stop.abort()
    const [ends, news] = [['up-to-date', 'snapshot-end'], 4]
    const rest = told.filter((each) => !ends.includes(each))
    expect(rest.slice(0, news)).toEqual([...rowsOf(181, 183), 'must-refetch'])
    expect(rest.slice(news).toSorted(bySeq)).toEqual(rowsOf(1, 3))
  })
})

test('a snapshot and the log behind it have every row once, whoever writes meanwhile', async () => {
  const { electric, sql, databaseUrl } = await start()
  const insert = `INSERT INTO headwater_events SELECT $1, g, g - 1, g::text, 'n', '{}', 'c', 's', g FROM generate_series($2::bigint, $3::bigint) g`
  const read = async (store: string, params: Record<string, string>) => {
    const query = new URLSearchParams({
      table: 'headwater_events',
      where: 'store_id = $1',
      'params[1]': store,
      ...params,
    })
    return fetch(`${electric.url}/v1/shape?${query.toString()}`)
  }
  const all = async (store: string): Promise<ReadonlyArray<string>> => {
    const keys: Array<string> = []
    for (let place: Record<string, string> = { offset: '-1' }; ;) {
      const response = await read(store, place)
      const messages = (await response.json()) as ReadonlyArray<RecordedMessage>
      keys.push(...messages.flatMap(({ value }) => (value?.['seq'] === undefined ? [] : [value['seq'] ?? ''])))
      if (response.headers.has('electric-up-to-date')) return keys.toSorted((a, b) => Number(a) - Number(b))
      place = {
        handle: response.headers.get('electric-handle') ?? '',
        offset: response.headers.get('electric-offset') ?? '',
      }
    }
  }
  // The table is published with the first shape, which waits for who writes to it.
  await all('first')
  let [inSnapshot, inLog] = [0, 0]
  for (let round = 0; round < 10; round += 1) {
    const store = `s${round}`
    const writing = new pg.Client({ connectionString: databaseUrl })
    await writing.connect()
    await writing.query('BEGIN')
    // Begun before the snapshot and committed behind it; and one that is in it, and on its way through the slot.
    await writing.query(insert, [store, 1, 2])
    await sql(insert, [store, 3, 4])
    const first = await read(store, { offset: '-1' })
    const shown = ((await first.json()) as ReadonlyArray<RecordedMessage>).flatMap(({ value }) => value?.['seq'] ?? [])
    await writing.query('COMMIT')
    await writing.end()
    await electric.caughtUp()
    expect(await all(store)).toEqual(['1', '2', '3', '4'])
    inSnapshot += shown.length
    inLog += 4 - shown.length
  }
  expect([inSnapshot, inLog]).toEqual([20, 20])
})

const bySeq = (a: string, b: string): number => Number(a.split('"')[1]) - Number(b.split('"')[1])
