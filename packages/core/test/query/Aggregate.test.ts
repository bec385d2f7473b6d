import { afterAll, describe, expect, expectTypeOf, test } from 'vitest'
import {
  column,
  defineSchema,
  InvalidColumnValue,
  QueryInvalid,
  SqliteError,
  table,
  UnknownColumn,
} from '../../src/index.ts'
import { compareText, compareValues } from '../../src/query/ValueOrder.ts'
import type { InsertRow } from '../../src/query/Table.ts'
import type { Query } from '../../src/schema/Query.ts'
import type { SqliteValue } from '../../src/schema/SqliteValue.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'
import { drivers } from '../sqlite/Drivers.ts'
import { valuesByKind } from '../store/LiveWorld.ts'
import { makeRandom } from './Random.ts'

const columns = {
  id: column.integer().primaryKey(),
  text: column.text().nullable(),
  nocase: column.text().collate('NOCASE').nullable(),
  integer: column.integer().nullable(),
  bigint: column.bigint().nullable(),
  real: column.real().nullable(),
  boolean: column.boolean().nullable(),
  datetime: column.datetime().nullable(),
  blob: column.blob().nullable(),
  json: column.json().nullable(),
}
const items = table('items', columns)
const indexed = table('indexed', columns, { indexes: [['text'], ['nocase'], ['integer'], ['real'], ['blob']] })
const schema = defineSchema({ version: 1, tables: { items, indexed }, events: {}, materializers: {} })

const openItems = (open: () => SqliteConnection) => {
  const connection = open()
  for (const { createSql } of schema.descriptor.tables) for (const sql of createSql) connection.exec(sql)
  const all = (sql: string, params: ReadonlyArray<SqliteValue>, integers: 'number' | 'bigint' = 'bigint') => {
    const statement = connection.prepare(sql, { integers })
    try {
      return statement.all(params)
    } finally {
      statement.finalize()
    }
  }
  return {
    all,
    add: (row: InsertRow<typeof items>) => {
      const { sql, params } = items.insert(row)
      all(sql, params)
    },
    query: <A>(query: Query<A>): A => query.decode(all(query.sql, query.params, query.integers), []),
    connection,
  }
}

let comparisons = 0
afterAll(() => console.log(`PROOF aggregate_sql_comparisons=${comparisons}`))

describe.each(drivers)('aggregates on $driver', ({ open }) => {
  test('answer what their column holds; null where there is no value', () => {
    const db = openItems(open)
    const answers = () => [
      db.query(items.sum('integer')),
      db.query(items.sum('bigint')),
      db.query(items.sum('real')),
      db.query(items.avg('integer')),
      db.query(items.min('text')),
      db.query(items.max('datetime')),
      db.query(items.max('boolean')),
      db.query(items.where({ id: { '>': 1 } }).max('blob')),
      db.query(items.max('bigint')),
    ]
    expect(answers()).toEqual(Array(9).fill(null))
    db.add({ id: 1 })
    expect(answers(), 'NULLs are no values').toEqual(Array(9).fill(null))
    const common = { boolean: false, datetime: new Date(5), blob: Uint8Array.of(1) }
    db.add({ id: 2, text: 'b', integer: 1, bigint: 2n ** 60n, real: 0.5, ...common })
    db.add({ id: 3, text: 'a', integer: 2, bigint: 1n, real: 0.25, ...common, datetime: new Date(7) })
    expect(answers()).toEqual([3, 2n ** 60n + 1n, 0.75, 1.5, 'a', new Date(7), false, Uint8Array.of(1), 2n ** 60n])
  })

  test('of a window are of its rows, in its order', () => {
    const db = openItems(open)
    for (const [id, integer] of [5, 3, null, 9, 1].entries()) db.add({ id, integer })
    expect(db.query(items.orderBy('id').limit(2).sum('integer'))).toBe(8)
    expect(db.query(items.orderBy('id').offset(3).min('integer'))).toBe(1)
    expect(db.query(items.orderBy('id').limit(2).offset(1).max('integer')), 'NULL takes a place').toBe(3)
    expect(db.query(items.orderBy('id', 'desc').limit(2).avg('integer'))).toBe(5)
    expect(db.query(items.limit(0).sum('integer'))).toBe(null)
    expect(db.query(items.select('text').orderBy('text').sum('integer')), 'whatever was selected').toBe(18)
  })

  test('texts that differ in case only: the first by bytes for min, the last for max, in a window and through an index too', () => {
    const db = openItems(open)
    for (const [id, nocase] of ['b', 'B', 'a', 'A', null, 'Ä'].entries()) db.add({ id, nocase })
    db.connection.exec('INSERT INTO indexed SELECT * FROM items')
    for (const rows of [items, indexed]) {
      expect(db.query(rows.min('nocase'))).toBe('A')
      expect(db.query(rows.where({ id: { '<': 5 } }).max('nocase'))).toBe('b')
      expect(db.query(rows.orderBy('id').limit(3).max('nocase'))).toBe('b')
      expect(db.query(rows.orderBy('id').limit(3).offset(1).min('nocase'))).toBe('A')
    }
  })

  test('a sum that has no room fails', () => {
    const db = openItems(open)
    db.add({ id: 1, integer: 2 ** 53 - 1, bigint: 2n ** 63n - 1n })
    expect(db.query(items.sum('integer'))).toBe(2 ** 53 - 1)
    expect(db.query(items.sum('bigint'))).toBe(2n ** 63n - 1n)
    db.add({ id: 2, integer: 1, bigint: 1n })
    expect(() => db.query(items.sum('integer'))).toThrow(InvalidColumnValue)
    expect(() => db.query(items.sum('integer'))).toThrow('beyond 2^53; use column.bigint()')
    expect(() => db.query(items.sum('bigint'))).toThrow(SqliteError)
    expect(() => db.query(items.sum('bigint'))).toThrow('integer overflow')
    expect(db.query(items.avg('integer'))).toBe(2 ** 52)
    expect(db.query(items.avg('bigint'))).toBe(2 ** 62)
  })

  test('mean what SQLite means, with indexes and without', () => {
    const random = makeRandom(20261122)
    const db = openItems(open)
    const names = ['text', 'nocase', 'integer', 'bigint', 'real', 'boolean', 'datetime', 'blob'] as const
    for (let round = 0; round < 40; round++) {
      db.connection.exec('DELETE FROM items; DELETE FROM indexed')
      for (let id = random.int(12); id > 0; id--) {
        const entries = names.map((name) => [
          name,
          random.pick([null, ...valuesByKind[name === 'nocase' ? 'text' : name]!]),
        ])
        db.add({ id, ...Object.fromEntries(entries) } as never)
      }
      db.connection.exec('INSERT INTO indexed SELECT * FROM items')
      for (const rows of [items, indexed])
        for (const part of [rows.all(), rows.where({ id: { '>': 4 } }), rows.orderBy('nocase').limit(4)])
          for (const name of names)
            for (const extreme of ['min', 'max'] as const) {
              const stored = db.all(part.select(name).sql, part.params).map(([value]) => value!)
              const query = part[extreme](name)
              const collation = name === 'nocase' ? 'NOCASE' : 'BINARY'
              const sorted = stored
                .filter((value) => value !== null)
                .toSorted(
                  (a, b) =>
                    compareValues(a, b, collation) || (name === 'nocase' ? compareText(a as string, b as string) : 0),
                )
              const [answer] = db.all(query.sql, query.params)[0] ?? [null]
              expect(answer, `${query.sql} of ${stored.join()}`).toEqual(sorted.at(extreme === 'min' ? 0 : -1) ?? null)
              const own = `SELECT (SELECT ${extreme}("${name}") FROM (${part.sql})) COLLATE ${collation} IS ?`
              expect(db.all(own, [...part.params, answer!])).toEqual([[1n]])
              comparisons += 2
            }
    }
  })
})

describe('columns', () => {
  test('types: of the column, or null', () => {
    expectTypeOf(items.sum('integer')).toEqualTypeOf<Query<number | null>>()
    expectTypeOf(items.where({}).sum('bigint')).toEqualTypeOf<Query<bigint | null>>()
    expectTypeOf(items.avg('bigint')).toEqualTypeOf<Query<number | null>>()
    expectTypeOf(items.min('datetime')).toEqualTypeOf<Query<Date | null>>()
    expectTypeOf(items.limit(1).max('boolean')).toEqualTypeOf<Query<boolean | null>>()
    expectTypeOf(items.max('text')).toEqualTypeOf<Query<string | null>>()
  })

  test('without such an aggregate are refused, by types too', () => {
    // @ts-expect-error text
    expect(() => items.sum('text')).toThrow(QueryInvalid)
    // @ts-expect-error datetime
    expect(() => items.avg('datetime')).toThrow(
      'avg needs a column of numbers (integer, bigint, real), "datetime" is datetime',
    )
    // @ts-expect-error boolean
    expect(() => items.sum('boolean')).toThrow(QueryInvalid)
    // @ts-expect-error json
    expect(() => items.min('json')).toThrow('min needs a column that has an order, "json" is json')
    // @ts-expect-error unknown
    expect(() => items.max('nope')).toThrow(UnknownColumn)
    // @ts-expect-error unknown
    expect(() => items.where({}).sum('nope')).toThrow(UnknownColumn)
  })

  test('are asked as data', () => {
    const { source, shape, integers } = items.where({ id: 1 }).sum('integer')
    expect([shape, source?.columns, integers]).toEqual(['sum', ['integer'], 'bigint'])
    expect(items.where({ id: 1 }).min('text').sql).toBe(items.where({ id: 2 }).min('text').sql)
  })
})
