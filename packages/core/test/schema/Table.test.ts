import { describe, expect, test } from 'vitest'
import { column, defineSchema, SchemaInvalid, table, UnknownColumn } from '../../src/index.ts'
import { openDatabase } from './Database.ts'

const id = () => column.text().primaryKey()

describe('declarations that are refused', () => {
  test.each([
    '',
    '1a',
    'a b',
    'a"b',
    'a$b',
    '__headwater_x',
    '__HEADWATER_x',
    'sqlite_x',
    'SQLite_x',
    'pragma_x',
    '__proto__',
    'x'.repeat(129),
  ])('the table name %j', (name) => {
    expect(() => table(name, { id: id() })).toThrow(SchemaInvalid)
  })

  test.each(['', 'a.b', 'rowid', 'OID', '_rowid_', 'sqlite_a', '__headwater_a'])('the column name %j', (name) => {
    expect(() => table('t', { [name]: column.text() })).toThrow(SchemaInvalid)
  })

  test.each<[string, () => unknown]>([
    ['no columns', () => table('t', {})],
    ['names that differ in case', () => table('t', { a: column.text(), A: column.text() })],
    ['two key columns without options', () => table('t', { a: id(), b: id() })],
    ['two keys', () => table('t', { a: id(), b: column.text() }, { primaryKey: ['b'] })],
    ['an empty key', () => table('t', { a: column.text() }, { primaryKey: [] })],
    ['a nullable key', () => table('t', { a: column.text().nullable() }, { primaryKey: ['a'] })],
    ['a doubled key column', () => table('t', { a: column.text() }, { primaryKey: ['a', 'a'] })],
    ['no rowid and no key', () => table('t', { a: column.text() }, { withoutRowid: true })],
    ['an index twice', () => table('t', { a: id() }, { indexes: [['a'], { columns: ['a'], unique: true }] })],
    ['an empty index', () => table('t', { a: id() }, { indexes: [[]] })],
  ])('%s', (_, declare) => {
    expect(declare).toThrow(SchemaInvalid)
  })

  test('an index or key of an unknown column', () => {
    // @ts-expect-error no such column
    expect(() => table('t', { a: id() }, { indexes: [['b']] })).toThrow(UnknownColumn)
    // @ts-expect-error no such column
    expect(() => table('t', { a: column.text() }, { primaryKey: ['b'] })).toThrow(UnknownColumn)
  })
})

test('what SQLite is told', () => {
  const lists = table('lists', { id: id(), title: column.text().collate('NOCASE').unique() })
  const größe = table(
    'größe',
    {
      list: column.text().references(() => lists.columns.id, { onDelete: 'CASCADE', onUpdate: 'CASCADE' }),
      order: column.integer().default(-1),
      at: column.datetime().nullable(),
    },
    {
      primaryKey: ['list', 'order'],
      withoutRowid: true,
      indexes: [['at'], { columns: ['order', 'at'], unique: true }],
    },
  )
  const schema = defineSchema({ version: 1, tables: { größe, lists }, events: {}, materializers: {} })
  expect(schema.descriptor.tables.flatMap(({ createSql }) => createSql)).toMatchInlineSnapshot(`
    [
      "CREATE TABLE "lists" ("id" TEXT NOT NULL PRIMARY KEY, "title" TEXT COLLATE NOCASE NOT NULL UNIQUE) STRICT",
      "CREATE TABLE "größe" ("list" TEXT NOT NULL REFERENCES "lists" ("id") ON DELETE CASCADE ON UPDATE CASCADE, "order" INTEGER NOT NULL DEFAULT (-1), "at" INTEGER, PRIMARY KEY ("list", "order")) STRICT, WITHOUT ROWID",
      "CREATE INDEX "größe$at" ON "größe" ("at")",
      "CREATE UNIQUE INDEX "größe$order$at" ON "größe" ("order", "at")",
    ]
  `)
  expect(
    schema.descriptor.tables.map(({ name, columns, primaryKey, isWithoutRowid }) => ({
      name,
      columns,
      primaryKey,
      isWithoutRowid,
    })),
  ).toMatchInlineSnapshot(`
    [
      {
        "columns": [
          {
            "affinity": "TEXT",
            "name": "id",
          },
          {
            "affinity": "TEXT",
            "name": "title",
          },
        ],
        "isWithoutRowid": false,
        "name": "lists",
        "primaryKey": [
          "id",
        ],
      },
      {
        "columns": [
          {
            "affinity": "TEXT",
            "name": "list",
          },
          {
            "affinity": "INTEGER",
            "name": "order",
          },
          {
            "affinity": "INTEGER",
            "name": "at",
          },
        ],
        "isWithoutRowid": true,
        "name": "größe",
        "primaryKey": [
          "list",
          "order",
        ],
      },
    ]
  `)
  const db = openDatabase(schema)
  db.run(lists.insert({ id: 'a', title: 'A' }), größe.insert({ list: 'a', order: 1 }))
  expect(() => db.run(größe.insert({ list: 'b' }))).toThrow('FOREIGN KEY')
  expect(() => db.run(lists.insert({ id: 'b', title: 'a' }))).toThrow('UNIQUE')
  db.run(lists.delete().where({}))
  expect(db.query(größe.count())).toBe(0)
})

test('an integer primary key is the rowid', () => {
  const items = table('items', { n: column.integer().primaryKey(), text: column.text() })
  const db = openDatabase(defineSchema({ version: 1, tables: { items }, events: {}, materializers: {} }))
  db.run(items.insert({ n: 7, text: 'a' }))
  expect(db.connection.prepare('SELECT rowid FROM items').all()).toEqual([[7]])
  expect(() => items.insert({ text: 'b' } as never)).toThrow('expected a number, not undefined')
})
