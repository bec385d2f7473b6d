import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { column, defineSchema, InvalidColumnValue, Schema, SchemaInvalid, table } from '../../src/index.ts'
import type { InsertRow, Row } from '../../src/index.ts'
import type * as Port from '../../src/sqlite/SqliteConnection.ts'
import type * as OfSchema from '../../src/schema/SqliteValue.ts'
import { openDatabase } from './Database.ts'

const things = table('things', {
  id: column.text().primaryKey(),
  count: column.integer().default(3),
  big: column.bigint().nullable(),
  ratio: column.real().default(2),
  done: column.boolean().default(false),
  at: column.datetime().nullable(),
  tags: column.json(Schema.Struct({ at: Schema.DateFromString })).nullable(),
  free: column.json().nullable(),
  zod: column.json(z.object({ n: z.number() })).nullable(),
  bytes: column.blob().default(Uint8Array.of(1, 0xff)),
})
const schema = defineSchema({ version: 1, tables: { things }, events: {}, materializers: {} })

test('types of rows, inserts and updates', () => {
  expectTypeOf<OfSchema.SqliteValue>().toEqualTypeOf<Port.SqliteValue>()
  expectTypeOf<Row<typeof things>>().toEqualTypeOf<{
    readonly id: string
    readonly count: number
    readonly big: bigint | null
    readonly ratio: number
    readonly done: boolean
    readonly at: Date | null
    readonly tags: { readonly at: Date } | null
    readonly free: unknown
    readonly zod: { n: number } | null
    readonly bytes: Uint8Array
  }>()
  expectTypeOf<{ id: string }>().toExtend<InsertRow<typeof things>>()
  expectTypeOf<{ id: string; big: null; at: Date }>().toExtend<InsertRow<typeof things>>()
  expectTypeOf<{ count: number }>().not.toExtend<InsertRow<typeof things>>()
  // @ts-expect-error not nullable
  expect(() => things.insert({ id: '1', count: null })).toThrow(InvalidColumnValue)
  // @ts-expect-error no such column
  expect(() => things.insert({ id: '1', nope: 1 })).toThrow('no column "nope"')
})

test('every kind survives storage, exactly', () => {
  const db = openDatabase(schema)
  const row: Row<typeof things> = {
    id: 'a😀',
    count: -Number.MAX_SAFE_INTEGER,
    big: -(2n ** 63n),
    ratio: 0.1,
    done: true,
    at: new Date(-5),
    tags: { at: new Date(5) },
    free: { a: [1, 'x', null] },
    zod: { n: 1 },
    bytes: Uint8Array.of(0, 255),
  }
  db.run(things.insert(row), things.insert({ id: 'defaults' }))
  expect(db.query(things.all())).toEqual([
    row,
    {
      id: 'defaults',
      count: 3,
      big: null,
      ratio: 2,
      done: false,
      at: null,
      tags: null,
      free: null,
      zod: null,
      bytes: Uint8Array.of(1, 255),
    },
  ])
  const classes =
    'SELECT typeof("count"), typeof(big), typeof(ratio), typeof(done), typeof("at"), typeof(tags), typeof(bytes) FROM things WHERE id <> ?'
  expect(db.connection.prepare(classes).get(['defaults'])).toEqual([
    'integer',
    'integer',
    'real',
    'integer',
    'integer',
    'text',
    'blob',
  ])
})

test('defaults of raw SQL are those of the builder', () => {
  const db = openDatabase(schema)
  db.connection.exec(`INSERT INTO things (id) VALUES ('raw')`)
  db.run(things.insert({ id: 'built' }))
  const [raw, built] = db.query(things.all())
  expect({ ...raw, id: '' }).toEqual({ ...built, id: '' })
})

test.each<[string, unknown]>([
  ['text', 'it\'s "quoted" \\ ; -- 😀'],
  ['integer', -5],
  ['real', 1e21],
  ['real', -0.5],
  ['real', 5],
  ['real', 1e-7],
  ['bigint', -(2n ** 63n)],
  ['bigint', 2n ** 63n - 1n],
  ['json', { a: "'" }],
  ['datetime', new Date(-1)],
])('a default of %s is written into the table: %s', (kind, value) => {
  const declared = column[kind as 'text']().default(value as string)
  const one = table('one', { id: column.integer().primaryKey(), value: declared })
  const db = openDatabase(defineSchema({ version: 1, tables: { one }, events: {}, materializers: {} }))
  db.connection.exec('INSERT INTO one (id) VALUES (1)')
  expect(db.query(one.first())?.value).toEqual(value)
})

describe('values that do not fit', () => {
  const problem = (values: object): string => {
    try {
      things.insert({ id: 'x', ...values } as never)
    } catch (error) {
      if (error instanceof InvalidColumnValue) return `${error.column}: ${error.problem}`
      throw error
    }
    return 'accepted'
  }

  test.each<[object, string]>([
    [{ id: 5 }, 'id: expected a string, not number'],
    [{ id: undefined }, 'id: expected a string, not undefined'],
    [{ id: 'a\0' }, 'id: text with a NUL character'],
    [{ count: 1.5 }, 'count: not a safe integer'],
    [{ count: 2 ** 53 }, 'count: not a safe integer'],
    [{ big: 2n ** 63n }, 'big: a bigint beyond 64 bits'],
    [{ big: 5 }, 'big: expected a bigint, not number'],
    [{ ratio: Number.NaN }, 'ratio: NaN cannot be stored'],
    [{ ratio: Infinity }, 'ratio: Infinity cannot be stored'],
    [{ done: 1 }, 'done: expected a boolean, not number'],
    [{ at: new Date(Number.NaN) }, 'at: an invalid Date'],
    [{ at: 5 }, 'at: expected a Date, not number'],
    [{ tags: { at: 'x' } }, 'tags: $.at: '],
    [{ free: { a: Number.NaN } }, 'free: $.a: NaN is not JSON'],
    [{ free: () => 1 }, 'free: $: a function is not JSON'],
    [{ zod: { n: 'x' } }, 'zod: $.n: '],
    [{ bytes: [1] }, 'bytes: expected a Uint8Array, not object'],
    [{ bytes: null }, 'bytes: null, but the column is not nullable'],
  ])('%o is refused by name', (values, expected) => {
    expect(problem(values)).toContain(expected)
  })

  test('text that was cut inside a character is stored as every platform stores it', () => {
    expect(things.insert({ id: 'a😀'.slice(0, 2) }).params[0]).toBe('a\ufffd')
  })

  test('on the way out: stored JSON that its schema no longer accepts', () => {
    const db = openDatabase(schema)
    db.connection.exec(`INSERT INTO things (id, tags, zod) VALUES ('1', '{"at":1}', NULL), ('2', NULL, 'nope')`)
    expect(() => db.query(things.where({ id: '1' }))).toThrow('Invalid value for "things"."tags": $.at: ')
    expect(() => db.query(things.where({ id: '2' }))).toThrow('"zod": the stored text is not JSON')
    expect(db.query(things.select('id').where({ id: '2' }))).toEqual([{ id: '2' }])
  })

  test('an integer beyond 2^53 is an error in a number column, exact in a bigint column', () => {
    const db = openDatabase(schema)
    db.connection.exec(`INSERT INTO things (id, "count", big) VALUES ('1', 9007199254740993, 9007199254740993)`)
    expect(db.query(things.select('big'))).toEqual([{ big: 9007199254740993n }])
    expect(() => db.query(things.select('count'))).toThrow('no safe integer')
    expect(() => db.query(things.select('count', 'big'))).toThrow('no safe integer')
  })
})

test.each<[string, () => unknown]>([
  ['a default that does not fit', () => table('t', { a: column.integer().default(1.5) })],
  ['a collation of a number', () => table('t', { a: column.integer().collate('NOCASE') })],
  ['an unknown collation', () => table('t', { a: column.text().collate('LATIN' as never) })],
  ['a JSON schema that is none', () => table('t', { a: column.json({} as never) })],
])('refuses %s', (_, declare) => {
  expect(declare).toThrow(SchemaInvalid)
})
