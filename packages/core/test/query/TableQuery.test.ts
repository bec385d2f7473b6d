import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  and,
  column,
  defineSchema,
  InvalidColumnValue,
  or,
  QueryInvalid,
  table,
  UnknownColumn,
} from '../../src/index.ts'
import type { Query, Row } from '../../src/index.ts'
import { openDatabase } from '../schema/Database.ts'

const people = table('people', {
  id: column.text().primaryKey(),
  name: column.text(),
  age: column.integer().nullable(),
  active: column.boolean().default(true),
  big: column.bigint().default(0n),
  meta: column.json().nullable(),
})
const db = openDatabase(defineSchema({ version: 1, tables: { people }, events: {}, materializers: {} }))
db.run(
  people.insert([
    { id: '1', name: 'Cleo', age: 30, meta: { a: 1 } },
    { id: '2', name: 'abe', age: 17 },
    { id: '3', name: 'Bob', age: null, active: false, big: 2n ** 62n + 1n },
    { id: '4', name: 'bob', age: 65 },
  ]),
)
const ids = (query: Query<ReadonlyArray<{ readonly id: string }>>): string =>
  db
    .query(query)
    .map(({ id }) => id)
    .join('')

describe('reads', () => {
  test('types', () => {
    expectTypeOf(people.where({})).toExtend<Query<ReadonlyArray<Row<typeof people>>>>()
    expectTypeOf(db.query(people.first())).toEqualTypeOf<Row<typeof people> | undefined>()
    expectTypeOf(db.query(people.count())).toEqualTypeOf<number>()
    expectTypeOf(db.query(people.select('id', 'age'))).toEqualTypeOf<
      ReadonlyArray<{ readonly id: string; readonly age: number | null }>
    >()
    // @ts-expect-error unknown column
    expect(() => people.where({ nope: 1 })).toThrow(UnknownColumn)
    // @ts-expect-error wrong type
    expect(() => people.where({ age: 'x' })).toThrow(InvalidColumnValue)
    // @ts-expect-error unknown operator
    expect(() => people.where({ age: { '~': 1 } })).toThrow(QueryInvalid)
    // @ts-expect-error like of a number
    expect(() => people.where({ age: { like: '1%' } })).toThrow(QueryInvalid)
    // Inside or([…]) the types let a column through that another condition of the list does not have; building does not.
    expect(() => people.where(or([{ name: 'x' }, { nope: 1 }]))).toThrow(UnknownColumn)
    // @ts-expect-error undefined is no value
    expect(() => people.where({ name: undefined })).toThrow('compared with undefined')
  })

  test.each<[string, Query<ReadonlyArray<{ readonly id: string }>>, string]>([
    ['all, in storage order', people.all(), '1234'],
    ['equality', people.where({ active: true, name: 'bob' }), '4'],
    ['null is IS NULL', people.where({ age: null }), '3'],
    ['!= null is IS NOT NULL', people.where({ age: { '!=': null } }), '124'],
    ['!= leaves NULL out', people.where({ age: { '!=': 17 } }), '14'],
    ['a range', people.where({ age: { '>=': 17, '<': 65 } }), '12'],
    ['a fraction beside integers', people.where({ age: { '>': 17.5 } }), '14'],
    ['in', people.where({ id: { in: ['1', '3', '5'] } }), '13'],
    ['in of nothing', people.where({ id: { in: [] } }), ''],
    ['like', people.where({ name: { like: 'B_b' } }), '34'],
    ['isNull', people.where({ meta: { isNull: false } }), '1'],
    ['or', people.where(or([{ age: { '<': 18 } }, { active: false }])), '23'],
    ['and inside or', people.where(or([and([{ name: 'Bob' }, { active: true }]), { id: '1' }])), '1'],
    ['or of nothing', people.where(or([])), ''],
    ['and of nothing', people.where(and([])), '1234'],
    ['or with a condition of nothing', people.where(or([{}, { id: '1' }])), '1234'],
    [
      'where twice',
      people
        .where(or([{ id: '1' }, { id: '2' }]))
        .where({ active: true })
        .where({ id: '2' }),
      '2',
    ],
    ['int64', people.where({ big: 2n ** 62n + 1n }), '3'],
    ['JSON by value', people.where({ meta: { '=': { a: 1 } } }), '1'],
    ['order by bytes', people.orderBy('name'), '3124'],
    ['descending, NULL last', people.orderBy('age', 'desc'), '4123'],
    ['two terms', people.orderBy('active').orderBy('name', 'desc'), '3421'],
    ['limit', people.orderBy('id').limit(2), '12'],
    ['limit 0', people.limit(0), ''],
    ['offset', people.orderBy('id').offset(3), '4'],
    ['limit and offset', people.orderBy('id').limit(2).offset(1), '23'],
  ])('%s', (_, query, expected) => {
    expect(ids(query)).toBe(expected)
  })

  test('first and count', () => {
    expect(db.query(people.orderBy('age', 'desc').first())?.id).toBe('4')
    expect(db.query(people.orderBy('id').offset(2).first())?.id).toBe('3')
    expect(db.query(people.where({ id: 'none' }).first())).toBeUndefined()
    expect(db.query(people.limit(0).first())).toBeUndefined()
    expect(db.query(people.where({ active: true }).count())).toBe(3)
    expect(db.query(people.limit(2).count())).toBe(2)
    expect(db.query(people.offset(3).count())).toBe(1)
  })

  test('decode rows, exactly', () => {
    expect(db.query(people.where({ id: '3' }))).toEqual([
      { id: '3', name: 'Bob', age: null, active: false, big: 2n ** 62n + 1n, meta: null },
    ])
    expect([people.all().integers, people.select('id').integers, people.count().integers]).toEqual([
      'bigint',
      'number',
      'number',
    ])
  })
})

describe('queries as values', () => {
  test('the text is the same for other values, and for lists of nearly the same length', () => {
    const text = (name: string, list: ReadonlyArray<string>) =>
      people.where({ name, id: { in: list } }).limit(list.length).sql
    expect(text('a', ['1', '2', '3'])).toBe(text('b', ['1', '2', '3', '4']))
    expect(people.where({ id: { in: ['1', '2', '3'] } }).params).toEqual(['1', '2', '3', '3'])
    expect(people.where({ id: "'; DROP TABLE people --" }).sql).toBe(people.where({ id: '' }).sql)
  })

  test('are never changed by further steps', () => {
    const base = people.where({ active: true })
    const [before, params] = [base.sql, [...base.params]]
    base.where({ id: '1' }).orderBy('id').limit(1)
    expect([base.sql, base.params]).toEqual([before, params])
  })

  test('carry what is asked as data', () => {
    const query = people
      .where({ age: { '>': 3 } })
      .orderBy('name')
      .limit(5)
    expect(query.shape).toBe('rows')
    expect(query.source).toEqual({
      table: people.definition,
      shape: 'rows',
      columns: ['id', 'name', 'age', 'active', 'big', 'meta'],
      where: { kind: 'compare', column: 'age', operator: '>', value: 3 },
      orderBy: [{ column: 'name', direction: 'asc' }],
      limit: 5,
      offset: 0,
    })
  })

  test('decode works without its query', () => {
    const { decode } = people.select('id')
    expect(decode([['1']], ['id'])).toEqual([{ id: '1' }])
  })
})

test.each<[string, () => unknown, new (...args: never) => Error]>([
  ['an unknown column of orderBy', () => people.orderBy('nope' as never), UnknownColumn],
  ['an unknown column of select', () => people.select('nope' as never), UnknownColumn],
  ['__proto__', () => people.where(JSON.parse('{"__proto__":1}') as never), UnknownColumn],
  ['constructor of Object', () => table('t', { a: column.text() }).where({ constructor: 'x' } as never), UnknownColumn],
  ['an unknown direction', () => people.orderBy('id', 'up' as never), QueryInvalid],
  ['a negative limit', () => people.limit(-1), QueryInvalid],
  ['a fractional offset', () => people.offset(1.5), QueryInvalid],
  ['a limit that is a text', () => people.limit('1; DROP TABLE people' as never), QueryInvalid],
  ['select of nothing', () => people.select(), QueryInvalid],
  ['where of nothing', () => people.where(undefined as never), QueryInvalid],
  ['where of an array', () => people.where([] as never), QueryInvalid],
  ['or of an object', () => people.where(or({} as never)), QueryInvalid],
  ['no operator', () => people.where({ age: {} }), QueryInvalid],
  ['less than null', () => people.where({ age: { '<': null as never } }), QueryInvalid],
  ['in of a text', () => people.where({ id: { in: 'abc' as never } }), QueryInvalid],
  ['in with null', () => people.where({ age: { in: [null as never] } }), InvalidColumnValue],
  ['in of too many', () => people.where({ id: { in: Array.from({ length: 16_385 }, () => '') } }), QueryInvalid],
  ['isNull of a text', () => people.where({ age: { isNull: 'yes' as never } }), QueryInvalid],
  ['an order of JSON', () => people.where({ meta: { '<': 1 } as never }), QueryInvalid],
  ['NaN', () => people.where({ age: { '>': Number.NaN } }), InvalidColumnValue],
  ['a pattern that is too long for SQLite', () => people.where({ name: { like: 'x'.repeat(20_000) } }), QueryInvalid],
])('%s is refused', (_, build, error) => {
  expect(build).toThrow(error)
})

test('the longest list and pattern that are allowed run', () => {
  expect(ids(people.where({ id: { in: Array.from({ length: 16_384 }, (_, index) => String(index)) } }))).toBe('1234')
  expect(ids(people.where({ name: { like: '漢'.repeat(16_666) } }))).toBe('')
})

test('a column may be named as something every object inherits', () => {
  // TypeScript takes Object's own `constructor` for a value of the column, so such a row needs a cast.
  const odd = table('odd', {
    id: column.text(),
    constructor: column.text().default('c'),
    toString: column.text().nullable(),
  })
  const oddDb = openDatabase(defineSchema({ version: 1, tables: { odd }, events: {}, materializers: {} }))
  oddDb.run(
    odd.insert({ id: '1' } as never),
    odd.update({ id: '2' } as never).where({} as never),
    odd.insert({ id: '1', toString: 't' } as never),
  )
  expect(oddDb.query(odd.where({ constructor: 'c' } as never))).toHaveLength(2)
})
