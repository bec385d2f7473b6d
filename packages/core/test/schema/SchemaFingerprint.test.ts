import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { column, defineEvent, defineSchema, Schema, table } from '../../src/index.ts'
import { sha256Hex } from '../../src/schema/Sha256.ts'
import { canonicalJson } from '../../src/schema/SchemaFingerprint.ts'

const todos = (done = false) =>
  table('todos', { id: column.text().primaryKey(), done: column.boolean().default(done) }, { indexes: [['done']] })
const lists = table('lists', { id: column.text().primaryKey() }, { clientOnly: true })
const item = Schema.Struct({ n: Schema.Int, at: Schema.DateFromString, s: Schema.String.check(Schema.isPattern(/^x/)) })
const created = (schema = item as Schema.Codec<unknown, unknown>, clientOnly = false) =>
  defineEvent('created', schema, { clientOnly })
const imported = defineEvent('imported', z.object({ id: z.string() }))

const fingerprint = (
  changes: {
    version?: number
    tables?: object
    events?: { [name: string]: ReturnType<typeof created> }
    order?: 'reversed'
  } = {},
): string => {
  const events = changes.events ?? { created: created(), imported: imported as never }
  const entries = Object.entries(changes.tables ?? { todos: todos(), lists })
  const ordered = <T>(items: ReadonlyArray<T>): Array<T> =>
    changes.order === 'reversed' ? [...items].reverse() : [...items]
  return defineSchema({
    version: changes.version ?? 1,
    tables: Object.fromEntries(ordered(entries)),
    events: Object.fromEntries(ordered(Object.entries(events))),
    materializers: Object.fromEntries(ordered(Object.keys(events)).map((name) => [name, () => []])),
  }).descriptor.fingerprint
}

describe('the fingerprint', () => {
  test('is the same on every platform and in every release', () => {
    // Every state database of every user is rebuilt when this changes: raise `format` in SchemaFingerprint.ts knowingly.
    expect(fingerprint()).toMatchInlineSnapshot(`"2e41a447e7df7633378bc23ccf5331945170d1f4573d47f3a0db9a75780e59ef"`)
  })

  test('does not depend on the order of keys', () => {
    expect(fingerprint({ order: 'reversed' })).toBe(fingerprint())
  })

  test('does not depend on annotations', () => {
    const described = Schema.Struct({ ...item.fields, n: Schema.Int.annotate({ description: 'how many' }) })
    expect(fingerprint({ events: { created: created(described), imported: imported as never } })).toBe(fingerprint())
  })

  const other = { imported: imported as never }
  test.each<[string, Parameters<typeof fingerprint>[0]]>([
    ['version', { version: 2 }],
    ['a default', { tables: { todos: todos(true), lists } }],
    ['a table less', { tables: { todos: todos() } }],
    ['a scope of a table', { tables: { todos: todos(), lists: table('lists', { id: column.text().primaryKey() }) } }],
    [
      'the order of columns',
      {
        tables: {
          lists,
          todos: table(
            'todos',
            { done: column.boolean().default(false), id: column.text().primaryKey() },
            { indexes: [['done']] },
          ),
        },
      },
    ],
    [
      'an index',
      {
        tables: {
          lists,
          todos: table('todos', { id: column.text().primaryKey(), done: column.boolean().default(false) }),
        },
      },
    ],
    ['an event less', { events: { created: created() } }],
    ['a scope of an event', { events: { created: created(item, true), ...other } }],
    ['a field', { events: { created: created(Schema.Struct({ ...item.fields, x: Schema.String })), ...other } }],
    [
      'an optional field',
      { events: { created: created(Schema.Struct({ ...item.fields, n: Schema.optionalKey(Schema.Int) })), ...other } },
    ],
    ['a check', { events: { created: created(Schema.Struct({ ...item.fields, n: Schema.Number })), ...other } }],
    [
      'an argument of a check',
      {
        events: {
          created: created(Schema.Struct({ ...item.fields, s: Schema.String.check(Schema.isPattern(/^y/)) })),
          ...other,
        },
      },
    ],
    ['a vendor', { events: { created: created(z.object({ n: z.number() }) as never), ...other } }],
  ])('changes with %s', (_, changes) => {
    expect(fingerprint(changes)).not.toBe(fingerprint())
  })
})

test('canonical JSON has one text per value', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'ä"' }], a: undefined, A: true })).toBe(
    '{"A":true,"b":[1,{"c":"ä\\"","d":null}]}',
  )
})

test('SHA-256 is SHA-256', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  for (let length = 0; length < 300; length++) {
    const text = 'aä漢😀'.repeat(length).slice(0, length).toWellFormed()
    expect(sha256Hex(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'))
  }
})
