import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { column, defineSchema, RowInvalid, Schema, sql, SqlParameterInvalid, table } from '../../src/index.ts'
import type { Query, Write } from '../../src/index.ts'
import { openDatabase } from '../schema/Database.ts'

const notes = table('notes', {
  id: column.text().primaryKey(),
  n: column.integer().nullable(),
  r: column.real().nullable(),
  at: column.datetime().nullable(),
  done: column.boolean().default(false),
})
const db = openDatabase(defineSchema({ version: 1, tables: { notes }, events: {}, materializers: {} }))
const at = new Date(1_700_000_000_000)
db.run(
  notes.insert([
    { id: 'a', n: 7, r: 0.5, at },
    { id: 'b', n: 2, done: true },
  ]),
)

const One = Schema.Struct({ v: Schema.Unknown })
const one = (query: { as: ReturnType<typeof sql>['as'] }): unknown => db.query(query.as(One))[0]?.v

test('reads with a row schema, Effect or Standard', () => {
  const open = sql`SELECT id, n * 2 AS twice FROM ${notes} WHERE ${notes.columns.done} = ${false}`
  const effect = open.as(Schema.Struct({ id: Schema.String, twice: Schema.Int }))
  expectTypeOf(effect).toEqualTypeOf<Query<ReadonlyArray<{ readonly id: string; readonly twice: number }>>>()
  expect(db.query(effect)).toEqual([{ id: 'a', twice: 14 }])
  const zod = open.as(z.object({ id: z.string(), twice: z.number().transform(String) }))
  expectTypeOf(db.query(zod)).toEqualTypeOf<ReadonlyArray<{ id: string; twice: string }>>()
  expect(db.query(zod)).toEqual([{ id: 'a', twice: '14' }])
  expect(
    db.query(sql`SELECT 9007199254740993 AS v`.as(Schema.Struct({ v: Schema.BigInt }), { integers: 'bigint' })),
  ).toEqual([{ v: 9007199254740993n }])
})

test('a row that does not fit says which and where', () => {
  const query = sql`SELECT id FROM notes ORDER BY id`.as(Schema.Struct({ id: Schema.Literal('a') }))
  try {
    db.query(query)
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(RowInvalid)
    expect(error).toMatchObject({ index: 1, path: '$.id' })
  }
})

describe('values bind as if they were written there', () => {
  test.each<[string, Parameters<typeof sql>[1], string, unknown]>([
    ['5', 5, 'integer', 5],
    ['-0', -0, 'integer', 0],
    ['0.5', 0.5, 'real', 0.5],
    ['2^53', 2 ** 53, 'real', 2 ** 53],
    ['5n', 5n, 'integer', 5],
    ['true', true, 'integer', 1],
    ['a Date', at, 'integer', at.getTime()],
    ['text', "it's", 'text', "it's"],
    ['bytes', Uint8Array.of(1), 'blob', Uint8Array.of(1)],
    ['null', null, 'null', null],
  ])('%s', (_, value, storageClass, stored) => {
    expect(one(sql`SELECT typeof(${value}) AS v`)).toBe(storageClass)
    expect(one(sql`SELECT ${value} AS v`)).toEqual(stored)
  })

  test('integers divide as integers, and match columns of every affinity', () => {
    expect(one(sql`SELECT 7 / ${2} AS v`)).toBe(3)
    expect(one(sql`SELECT 'a' || ${5} AS v`)).toBe('a5')
    expect(one(sql`SELECT id AS v FROM notes WHERE n = ${7}`)).toBe('a')
    expect(one(sql`SELECT id AS v FROM notes WHERE ${notes.columns.at} = ${at}`)).toBe('a')
    db.run(sql`UPDATE notes SET r = ${3} WHERE id = ${'b'}`)
    expect(one(sql`SELECT typeof(r) AS v FROM notes WHERE r = ${3}`)).toBe('real')
  })

  test('lists, identifiers, nested texts', () => {
    expect(one(sql`SELECT count(*) AS v FROM notes WHERE id IN ${['a', 'b', 'c']}`)).toBe(2)
    expect(one(sql`SELECT count(*) AS v FROM notes WHERE id IN ${[]}`)).toBe(0)
    expect(one(sql`SELECT count(*) AS v FROM notes WHERE id NOT IN ${[]}`)).toBe(2)
    const condition = sql`n > ${1} AND id = ${'b'}`
    expect(one(sql`SELECT ${sql.identifier('id')} AS v FROM ${notes} WHERE ${condition} LIMIT ${1}`)).toBe('b')
    expect(sql.identifier('a"b')).toEqual({ kind: 'identifier', name: 'a"b' })
    expect(sql`SELECT ${sql.identifier('a"b')}`.sql).toBe('SELECT "a""b"')
  })

  test('the text never holds a value', () => {
    const of = (id: string) => sql`SELECT * FROM notes WHERE id = ${id}`
    expect(of("' OR 1=1 --").sql).toBe(of('a').sql)
    expect(of('x').params).toEqual(['x'])
  })
})

test('is a write as it stands', () => {
  const write: Write = sql`DELETE FROM ${notes} WHERE id = ${'zzz'}`
  expect(write).toMatchObject({ kind: 'write', sql: 'DELETE FROM "notes" WHERE id = ?', params: ['zzz'] })
  expect(write).not.toHaveProperty('table')
})

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['undefined in a list', [1, undefined]],
  ['NaN', Number.NaN],
  ['an invalid Date', new Date(Number.NaN)],
  ['a bigint beyond 64 bits', 2n ** 63n],
  ['an object', { a: 1 }],
  ['a list in a list', [[1]]],
  ['a function', () => 1],
  ['text with NUL', 'a\0b'],
])('%s is refused', (_, value) => {
  expect(() => sql`SELECT ${1}, ${value as never}`).toThrow(SqlParameterInvalid)
  expect(() => sql`SELECT ${1}, ${value as never}`).toThrow('Invalid value 2 of an sql text')
})

test('bad identifiers and schemas are refused', () => {
  expect(() => sql.identifier('')).toThrow(SqlParameterInvalid)
  expect(() => sql.identifier('a\0b')).toThrow(SqlParameterInvalid)
  expect(() => sql`SELECT 1`.as({} as never)).toThrow(SqlParameterInvalid)
})
