import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { column, defineSchema, InvalidColumnValue, QueryInvalid, table, UnknownColumn } from '../../src/index.ts'
import type { Write } from '../../src/index.ts'
import { openDatabase } from '../schema/Database.ts'
import type { Database } from '../schema/Database.ts'

const items = table(
  'items',
  {
    id: column.text().primaryKey(),
    list: column.text().default('inbox'),
    n: column.integer().nullable(),
    done: column.boolean().default(false),
  },
  { indexes: [{ columns: ['list', 'n'], unique: true }] },
)
const schema = defineSchema({ version: 1, tables: { items }, events: {}, materializers: {} })
let db: Database
const rows = (): string =>
  db
    .query(items.orderBy('id'))
    .map(({ id, list, n, done }) => `${id}:${list}:${n}:${Number(done)}`)
    .join(' ')

beforeEach(() => {
  db = openDatabase(schema)
  db.run(
    items.insert([
      { id: '1', n: 1 },
      { id: '2', n: 2, done: true },
      { id: '3', list: 'x' },
    ]),
  )
})

test('insert fills in defaults and has one text', () => {
  expect(rows()).toBe('1:inbox:1:0 2:inbox:2:1 3:x:null:0')
  expect(items.insert({ id: 'a', n: undefined, list: undefined }).params).toEqual(['a', 'inbox', null, 0])
  expect(items.insert({ id: 'a' }).sql).toBe(items.insert({ done: true, n: 1, id: 'b', list: 'c' }).sql)
  expect(items.insert({ id: 'a' })).toMatchObject({ kind: 'write', table: 'items' })
  expect(items.insert([])).toEqual([])
  expectTypeOf(items.insert({ id: '' })).toEqualTypeOf<Write>()
  expectTypeOf(items.insert([{ id: '' }])).toEqualTypeOf<ReadonlyArray<Write>>()
})

test('insert with onConflict', () => {
  expect(() => db.run(items.insert({ id: '1' }))).toThrow('UNIQUE')
  expect(
    db.run(
      items.insert(
        [
          { id: '1', n: 9 },
          { id: '4', n: 1 },
        ],
        { onConflict: 'ignore' },
      ),
    ),
  ).toBe(0)
  expect(rows()).toBe('1:inbox:1:0 2:inbox:2:1 3:x:null:0')
  db.run(items.insert({ id: '4', n: 1 }, { onConflict: 'replace' }))
  expect(rows()).toBe('2:inbox:2:1 3:x:null:0 4:inbox:1:0')
})

test('update changes what is given, where it says', () => {
  expect(db.run(items.update({ done: true, n: undefined }).where({ id: '1' }))).toBe(1)
  expect(db.run(items.update({ n: null, list: 'y' }).where({ n: { '>': 1 } }))).toBe(1)
  expect(rows()).toBe('1:inbox:1:1 2:y:null:1 3:x:null:0')
  expect(db.run(items.update({}).where({}))).toBe(0)
  expect(db.run(items.update({ list: undefined }).where({ id: '1' }))).toBe(0)
  expect(db.run(items.update({ done: false }).where({}))).toBe(3)
  expectTypeOf(items.update({})).not.toExtend<Write>()
})

test('delete', () => {
  expect(db.run(items.delete().where({ id: { in: ['1', '3'] } }))).toBe(2)
  expect(rows()).toBe('2:inbox:2:1')
  expect(db.run(items.delete().where({}))).toBe(1)
  expectTypeOf(items.delete()).not.toExtend<Write>()
})

test('upsert changes only the columns it gives', () => {
  db.run(items.upsert({ id: '2', n: 7 }), items.upsert({ id: '5', n: 5 }), items.upsert({ id: '3' }))
  expect(rows()).toBe('1:inbox:1:0 2:inbox:7:1 3:x:null:0 5:inbox:5:0')
  db.run(items.upsert({ id: '9', list: 'inbox', n: 7, done: false }, { conflict: ['list', 'n'] }))
  expect(rows()).toBe('1:inbox:1:0 3:x:null:0 5:inbox:5:0 9:inbox:7:0')
})

describe('bad input', () => {
  const keyless = table('keyless', { a: column.text() })
  test.each<[string, () => unknown, new (...args: never) => Error]>([
    ['an unknown column', () => items.insert({ id: '1', nope: 1 } as never), UnknownColumn],
    ['an unknown column to update', () => items.update({ nope: 1 } as never), UnknownColumn],
    ['__proto__', () => items.insert(JSON.parse('{"id":"1","__proto__":{"n":1}}') as never), UnknownColumn],
    ['a missing column', () => items.insert({ n: 1 } as never), InvalidColumnValue],
    ['null in a column that is not nullable', () => items.update({ list: null as never }), InvalidColumnValue],
    ['no row', () => items.insert(undefined as never), QueryInvalid],
    ['a row that is a text', () => items.insert('x' as never), QueryInvalid],
    ['a row that is an array', () => items.insert([[]] as never), QueryInvalid],
    ['an unknown onConflict', () => items.insert({ id: '1' }, { onConflict: 'abort' as never }), QueryInvalid],
    ['an upsert without a key', () => keyless.upsert({ a: '' }), QueryInvalid],
    ['an upsert on an unknown column', () => items.upsert({ id: '' }, { conflict: ['nope' as never] }), UnknownColumn],
    ['delete where an arg is missing', () => items.delete().where({ id: undefined as never }), QueryInvalid],
  ])('%s is refused', (_, build, error) => {
    expect(build).toThrow(error)
  })
})
