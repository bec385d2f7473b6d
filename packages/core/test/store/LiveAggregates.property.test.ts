import { isDeepStrictEqual } from 'node:util'
import { column, createStore, defineEvent, defineSchema, Schema, type Store, table } from '@headwater/core'
import { afterAll, expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import type { Query } from '../../src/schema/Query.ts'
import { makeRandom, type Random } from '../query/Random.ts'
import { valuesByKind } from './LiveWorld.ts'

/*
 * Goal: every aggregate of every kind of column is, after every commit, what a fresh SELECT answers or fails with.
 * Method: a store with a table of few rows and many equal, extreme and NULL values, so that sums overflow and come back,
 * and the smallest and greatest value leave often; with an index on each column or without. Every aggregate is
 * subscribed to: of all rows, of those with a condition, of a window. Random rows are written, changed and deleted.
 */

const columns = {
  id: column.integer().primaryKey(),
  list: column.text(),
  text: column.text().nullable(),
  nocase: column.text().collate('NOCASE').nullable(),
  integer: column.integer().nullable(),
  bigint: column.bigint().nullable(),
  real: column.real().nullable(),
  boolean: column.boolean().nullable(),
  datetime: column.datetime().nullable(),
  blob: column.blob().nullable(),
}
type Name = keyof typeof columns
const names = Object.keys(columns).filter((name) => name !== 'id') as ReadonlyArray<Name>

const tableOf = (isIndexed: boolean) =>
  table('items', columns, isIndexed ? { indexes: names.map((name) => [name]) } : {})
type Items = ReturnType<typeof tableOf>

/** Values are named by their place: JSON has no int64. */
const written = defineEvent(
  'written',
  Schema.Struct({ id: Schema.Int, values: Schema.Record(Schema.String, Schema.Int) }),
)
const changed = defineEvent(
  'changed',
  Schema.Struct({ ids: Schema.Array(Schema.Int), name: Schema.String, value: Schema.Int }),
)
const removed = defineEvent('removed', Schema.Struct({ ids: Schema.Array(Schema.Int) }))

const valuesOf = (name: string): ReadonlyArray<unknown> => {
  if (name === 'list') return ['a', 'b']
  const values = valuesByKind[name === 'nocase' ? 'text' : name]!
  // Three small ones for each extreme, so that sums have room at times.
  return [null, ...values, ...(name === 'bigint' ? [1n, 2n, -3n, 4n, -5n, 6n, 7n, -8n, 9n] : values.slice(0, 3))]
}
const valueOf = (name: string, place: number): never => valuesOf(name)[place] as never

const schemaOf = (items: Items) =>
  defineSchema({
    version: 1,
    tables: { items },
    events: { written, changed, removed },
    materializers: {
      written: ({ id, values }) =>
        items.upsert({ id, ...Object.fromEntries(names.map((name) => [name, valueOf(name, values[name]!)])) } as never),
      changed: ({ ids, name, value }) =>
        items.update({ [name]: valueOf(name, value) } as never).where({ id: { in: ids } }),
      removed: ({ ids }) => items.delete().where({ id: { in: ids } }),
    },
  })

type Aggregates = Record<'sum' | 'avg' | 'min' | 'max', (name: string) => Query<unknown>>

/** Every aggregate of every column that has it, of one set of rows. */
const aggregatesOf = (rows: unknown): ReadonlyArray<Query<unknown>> => {
  const { sum, avg, min, max } = bound(rows as Aggregates)
  const numeric = ['integer', 'bigint', 'real'].flatMap((name) => [sum(name), avg(name)])
  return [...numeric, ...names.flatMap((name) => [min(name), max(name)])]
}

const bound = (rows: Aggregates): Aggregates => ({
  sum: (name) => rows.sum(name),
  avg: (name) => rows.avg(name),
  min: (name) => rows.min(name),
  max: (name) => rows.max(name),
})

const queriesOf = (items: Items): ReadonlyArray<Query<unknown>> => [
  ...aggregatesOf(items),
  ...aggregatesOf(items.where({ list: 'a' })),
  ...aggregatesOf(items.where({ id: { '>': 3 } })),
  ...aggregatesOf(items.orderBy('nocase').orderBy('integer', 'desc').limit(3)),
  ...aggregatesOf(items.where({ list: 'b' }).orderBy('real', 'desc').offset(1)),
]

let [comparisons, failures, recoveries, told] = [0, 0, 0, 0]
afterAll(() =>
  console.log(
    `PROOF aggregate_comparisons=${comparisons} aggregate_failures=${failures} aggregate_recoveries=${recoveries} aggregate_told=${told}`,
  ),
)

interface Outcome {
  readonly answer?: unknown
  readonly error?: unknown
}

/** Remembers what a subscriber is told; a sum that has no room at first is subscribed to when it has. */
class Watcher {
  readonly query: Query<unknown>
  readonly #store: Store
  outcome: Outcome | undefined
  isLive = false

  constructor(store: Store, query: Query<unknown>) {
    this.#store = store
    this.query = query
  }

  fresh(): Outcome {
    try {
      return { answer: this.#store.query(this.query) }
    } catch (error) {
      return { error }
    }
  }

  watch(): void {
    if (this.isLive) return
    try {
      this.#store.subscribe(
        this.query,
        (answer) => {
          if (isDeepStrictEqual(this.outcome, { answer })) throw new Error('told of an equal answer')
          if (this.outcome?.error !== undefined) recoveries++
          told++
          this.outcome = { answer }
        },
        { onError: (error) => (this.outcome = { error }) },
      )
      this.isLive = true
    } catch (error) {
      this.outcome = { error }
    }
  }
}

const randomEvent = (random: Random) => {
  const ids = Array.from({ length: 1 + random.int(3) }, () => random.int(8))
  const place = (name: string): number => (name === 'list' ? random.int(2) : random.int(valuesOf(name).length))
  const kind = random.int(8)
  if (kind === 0) return removed({ ids: random.int(3) === 0 ? [0, 1, 2, 3, 4, 5, 6, 7] : ids })
  const name = random.pick(names)
  if (kind <= 4) return changed({ ids, name, value: place(name) })
  return written({ id: ids[0]!, values: Object.fromEntries(names.map((each) => [each, place(each)])) })
}

const runSeed = async (seed: number): Promise<void> => {
  const random = makeRandom(seed)
  const items = tableOf(random.int(2) === 0)
  const logged: Array<unknown> = []
  const store = await createStore({
    schema: schemaOf(items),
    storeId: 'aggregates',
    adapter: memoryAdapter(),
    log: ({ fields }) => logged.push(fields?.['error']),
  })
  const watchers = queriesOf(items).map((query) => new Watcher(store, query))
  for (let step = 0; step < 60; step++) {
    for (const watcher of watchers) watcher.watch()
    store.commit(...Array.from({ length: 1 + random.int(3) }, () => randomEvent(random)))
    for (const watcher of watchers) {
      const fresh = watcher.fresh()
      const { sql } = watcher.query
      if (!watcher.isLive) continue
      const where = `seed ${seed}, step ${step}: ${sql}`
      if (!isDeepStrictEqual(watcher.outcome, fresh)) expect(watcher.outcome, where).toEqual(fresh)
      expect(isDeepStrictEqual(watcher.outcome, fresh), where).toBe(true)
      comparisons++
      if (fresh.error !== undefined) failures++
    }
    expect(logged, `seed ${seed}, step ${step}`).toEqual([])
  }
  await store.close()
}

test('live aggregates answer, and fail, as fresh ones do', async () => {
  const first = Number(process.env['LIVE_SEED'] ?? 20261122)
  for (let index = 0; index < Number(process.env['LIVE_SEEDS'] ?? 8); index++) await runSeed(first + index)
  expect(failures).toBeGreaterThan(0)
  expect(recoveries).toBeGreaterThan(0)
})
