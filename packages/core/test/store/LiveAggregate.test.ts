import {
  column,
  createStore,
  defineEvent,
  defineSchema,
  Schema,
  sql,
  type Store,
  SqliteError,
  table,
} from '@headwater/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import { makeChangesetCapture } from '../../src/sqlite/ChangesetCapture.ts'
import { LiveQueries } from '../../src/store/LiveQueries.ts'
import type { StoreSchema } from '../../src/schema/StoreSchema.ts'
import type { Write } from '../../src/schema/Write.ts'
import { openDatabase } from '../schema/Database.ts'

const scores = table('scores', {
  id: column.text().primaryKey(),
  list: column.text(),
  points: column.integer().nullable(),
  big: column.bigint().default(0n),
  weight: column.real().default(0),
  at: column.datetime().default(new Date(0)),
})
const scored = defineEvent(
  'scored',
  Schema.Struct({ id: Schema.String, points: Schema.Int, big: Schema.optionalKey(Schema.String) }),
)
const schema = defineSchema({
  version: 1,
  tables: { scores },
  events: { scored },
  materializers: {
    scored: ({ id, points, big = '0' }) =>
      scores.upsert({ id, list: 'a', points, big: BigInt(big), at: new Date(points % 1000) }),
  },
})

/** Live queries over a real database, and every SELECT that they have run. */
const openLive = ({ descriptor }: Pick<StoreSchema, 'descriptor'> = schema) => {
  const { connection, run } = openDatabase({ descriptor })
  const capture = makeChangesetCapture(connection, descriptor.tables)
  capture.install()
  const reads: Array<string> = []
  const machine = { isBroken: false }
  const live = new LiveQueries({
    run: (query) => {
      reads.push(query.sql)
      if (machine.isBroken) throw new RangeError('out of memory')
      const statement = connection.prepare(query.sql, { integers: query.integers })
      return { rows: statement.all(query.params), columns: statement.columns }
    },
    readsOf: () => new Map(),
    isDeclared: () => true,
    onError: (error) => {
      throw error
    },
  })
  const write = (...writes: ReadonlyArray<Write>): void => {
    capture.begin()
    run(...writes)
    live.refresh([capture.take().changes])
  }
  return { live, reads, write, machine }
}

describe('what a commit costs', () => {
  test('a sum and an average of integers are read once', () => {
    const { live, reads, write } = openLive()
    const told: Array<unknown> = []
    live.subscribe(scores.where({ list: 'a' }).sum('points'), (sum) => told.push(sum))
    live.subscribe(scores.avg('big'), (avg) => told.push(avg))
    expect(reads.splice(0)).toHaveLength(2)
    write(
      scores.insert({ id: '1', list: 'a', points: 3, big: 2n ** 60n }),
      scores.insert({ id: '2', list: 'b', points: 5 }),
    )
    write(scores.update({ points: 4 }).where({ id: '1' }))
    write(scores.update({ list: 'a' }).where({ id: '2' }))
    write(scores.update({ points: null }).where({ id: '1' }))
    write(scores.delete().where({}))
    expect(told).toEqual([null, null, 3, 2 ** 59, 4, 9, 5, null, null])
    expect(reads).toEqual([])
  })

  test('the smallest and the greatest value are read again when they have gone, and only then', () => {
    const { live, reads, write } = openLive()
    const told: Array<unknown> = []
    live.subscribe(scores.where({ list: 'a' }).min('points'), (min) => told.push(min))
    expect(reads.splice(0)).toHaveLength(1)
    for (const [index, points] of [5, 7, 3, 3].entries()) write(scores.insert({ id: `${index}`, list: 'a', points }))
    write(scores.delete().where({ id: '1' }))
    write(scores.update({ weight: 1 }).where({ id: '2' }))
    write(scores.update({ points: 2 }).where({ id: '2' }))
    write(scores.update({ points: null }).where({ id: '0' }))
    expect(told).toEqual([null, 5, 3, 2])
    expect(reads, 'what came was as good as what went').toEqual([])
    write(scores.update({ points: 9 }).where({ id: '2' }))
    expect(reads.splice(0)).toHaveLength(1)
    write(scores.update({ list: 'b' }).where({ id: '3' }), scores.insert({ id: '5', list: 'a', points: 3 }))
    expect(reads).toEqual([])
    expect(told.splice(0)).toEqual([null, 5, 3, 2, 3])
    write(scores.delete().where({ list: 'a' }))
    expect(told).toEqual([null])
    expect(reads).toHaveLength(1)
  })

  test('a sum of REALs, and any aggregate of a window, is read again for each commit to its rows', () => {
    const { live, reads, write } = openLive()
    const told: Array<unknown> = []
    live.subscribe(scores.where({ list: 'a' }).sum('weight'), (sum) => told.push(sum))
    live.subscribe(scores.where({ list: 'a' }).orderBy('points', 'desc').limit(2).sum('points'), (sum) =>
      told.push(sum),
    )
    expect(reads.splice(0)).toHaveLength(2)
    write(scores.insert({ id: '1', list: 'a', points: 1, weight: 0.1 }))
    write(
      scores.insert({ id: '2', list: 'a', points: 2, weight: 0.2 }),
      scores.insert({ id: '3', list: 'a', points: 3, weight: 0.3 }),
    )
    expect(reads.splice(0)).toHaveLength(4)
    expect(told).toEqual([null, null, 0.1, 1, 0.6, 5])
    write(scores.insert({ id: '4', list: 'b', points: 4, weight: 0.4 }))
    expect(reads).toEqual([])
  })
})

test('what the machine failed at is read again with the next commit, whatever it is about; a failure is told once', () => {
  const { live, reads, write, machine } = openLive()
  const told: Array<unknown> = []
  const leave = live.subscribe(
    scores.where({ list: 'a' }).sum('weight'),
    (sum) => told.push(sum),
    (error) => told.push((error as Error).message),
  )
  machine.isBroken = true
  write(scores.insert({ id: '1', list: 'a', weight: 1 }))
  write(scores.insert({ id: '2', list: 'b' }))
  machine.isBroken = false
  write(scores.insert({ id: '3', list: 'b' }))
  expect(told).toEqual([null, 'out of memory', 1])
  machine.isBroken = true
  write(scores.update({ weight: 2 }).where({ id: '1' }))
  leave()
  reads.length = 0
  write(scores.insert({ id: '4', list: 'b' }))
  expect(reads, 'nobody asks for it any more').toEqual([])
})

test('a boolean that raw SQL wrote as another number is the same answer', () => {
  const flags = table('flags', { id: column.text().primaryKey(), isOn: column.boolean() })
  const flagSchema = defineSchema({ version: 1, tables: { flags }, events: {}, materializers: {} })
  const { live, write } = openLive(flagSchema)
  const told: Array<unknown> = []
  live.subscribe(flags.max('isOn'), (max) => told.push(max))
  write(flags.insert({ id: '1', isOn: true }))
  write(sql`UPDATE flags SET isOn = 5`)
  write(flags.update({ isOn: false }).where({}))
  expect(told).toEqual([null, true, false])
})

describe('in a store', () => {
  let store: Store
  let logged: Array<string>
  beforeEach(async () => {
    logged = []
    store = await createStore({
      schema,
      storeId: 'aggregate',
      adapter: memoryAdapter(),
      log: ({ fields }) => logged.push(String(fields?.['error'])),
    })
  })
  afterEach(() => store.close())

  test('a subscriber that commits, and one that hears of both at once', () => {
    const told: Array<string> = []
    store.subscribe(scores.sum('points'), (sum) => {
      told.push(`sum ${sum}`)
      if (sum === 1) store.commit(scored({ id: '2', points: 2 }), scored({ id: '1', points: 4 }))
      if (sum === 6) store.commit(scored({ id: '2', points: 1 }))
    })
    store.subscribe(scores.max('at'), (at) => told.push(`max ${at?.getTime()}`))
    store.commit(scored({ id: '1', points: 1 }))
    expect(told).toEqual(['sum null', 'max undefined', 'sum 1', 'max 4', 'sum 6', 'sum 5'])
  })

  const overflowing = scored({ id: 'x', points: 2 ** 53 - 1, big: `${2n ** 63n - 1n}` })

  test('a sum that has no room any more: onError once, the answer when it has room again, also if it is the last one', () => {
    const told: Array<unknown> = []
    store.commit(scored({ id: '1', points: 1, big: '1' }))
    store.subscribe(scores.sum('big'), (sum) => told.push(sum), {
      onError: (error) => told.push(error instanceof SqliteError ? error.detail : error),
    })
    store.subscribe(scores.sum('points'), (sum) => told.push(sum), {
      onError: (error) => told.push((error as { readonly _tag: string })._tag),
    })
    expect(told.splice(0)).toEqual([1n, 1])
    store.commit(overflowing)
    expect(told.splice(0)).toEqual(['integer overflow', 'InvalidColumnValue'])
    expect(logged).toEqual([])
    store.commit(scored({ id: 'x', points: 0 }))
    expect(told).toEqual([1n, 1])
  })

  test('without onError it is logged, the answer of before is kept, and nothing is told when it comes back', () => {
    const told: Array<unknown> = []
    store.subscribe(scores.sum('big'), (sum) => told.push(sum))
    store.commit(scored({ id: '1', points: 1, big: '1' }))
    store.commit(overflowing)
    expect(logged).toEqual([expect.stringContaining('integer overflow')])
    expect(() => store.subscribe(scores.sum('big'), () => undefined)).toThrow('integer overflow')
    store.commit(scored({ id: 'x', points: 1 }))
    store.commit(scored({ id: 'x', points: 1, big: '2' }))
    expect(told).toEqual([null, 1n, 3n])
  })

  test('several that share a sum: each computed that reads it fails with it, and has an answer with it', () => {
    const told: Array<string> = []
    for (const name of ['a', 'b'])
      store
        .computed((read) => `${name} ${read(scores.sum('big'))}`)
        .subscribe((text) => told.push(text), {
          onError: (error) => told.push(`${name} ${(error as { readonly _tag: string })._tag}`),
        })
    store.commit(scored({ id: '1', points: 1, big: '1' }))
    store.commit(overflowing)
    store.commit(scored({ id: 'x', points: 1 }))
    const failures = ['a SqliteError', 'b SqliteError']
    expect(told).toEqual(['a null', 'b null', 'a 1', 'b 1', ...failures, 'a 1', 'b 1'])
  })

  test('one who subscribes to what failed and is back tells nobody twice', () => {
    const told: Array<unknown> = []
    const query = sql`SELECT sum(big) AS sum FROM scores`.as(Schema.Struct({ sum: Schema.NullOr(Schema.Int) }))
    store.subscribe(query, ([row]) => told.push(row?.sum), { onError: () => told.push('failed') })
    store.commit(overflowing)
    store.commit(scored({ id: 'x', points: 1 }))
    store.subscribe(query, ([row]) => told.push(`second ${row?.sum}`))
    expect(told).toEqual([null, 'failed', 0, 'second 0'])
  })

  test('who is told of a failure may commit what heals it: the others hear of the answer only', () => {
    const told: Array<string> = []
    store.commit(scored({ id: '1', points: 1 }))
    store.subscribe(scores.sum('points'), (sum) => told.push(`first ${sum}`), {
      onError: () => {
        told.push('first failed')
        store.commit(scored({ id: 'x', points: 5 }))
      },
    })
    store.subscribe(scores.sum('points'), (sum) => told.push(`second ${sum}`), {
      onError: () => told.push('second failed'),
    })
    store.commit(overflowing)
    expect(told).toEqual(['first 1', 'second 1', 'first failed', 'second 6', 'first 6'])
  })

  test('a loop over results ends with what its query fails with', async () => {
    const results = store.results(scores.sum('big'))
    expect(await results.next()).toEqual({ done: false, value: null })
    const next = results.next()
    store.commit(scored({ id: '1', points: 1, big: '1' }))
    expect(await next).toEqual({ done: false, value: 1n })
    const failing = results.next()
    store.commit(overflowing)
    await expect(failing).rejects.toThrow('integer overflow')
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })
})
