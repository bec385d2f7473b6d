import { afterAll, describe, expect, test } from 'vitest'
import { and, column, defineSchema, or, table } from '../../src/index.ts'
import { conditionSql } from '../../src/query/ConditionSql.ts'
import { makeEvaluator, makeLike, makePredicate, makeRowOrder } from '../../src/query/Predicate.ts'
import { compileWhere } from '../../src/query/Where.ts'
import type { Condition } from '../../src/schema/Condition.ts'
import type { OrderTerm } from '../../src/schema/Query.ts'
import type { SqliteRow, SqliteValue } from '../../src/schema/SqliteValue.ts'
import { openDatabase } from '../schema/Database.ts'
import { makeRandom } from './Random.ts'
import type { Random } from './Random.ts'

/*
 * Goal: a condition means in JavaScript exactly what it means in SQLite, unknown included.
 * Method: tables full of values where the two could differ; random conditions; SQLite answers the condition's truth for
 * every row (`SELECT (condition) FROM …`) and the rows that WHERE keeps (with indexes, which take other paths).
 */

let comparisons = 0
afterAll(() => console.log(`PROOF predicate_comparisons=${comparisons}`))

const texts = [
  '',
  ' ',
  'a',
  'A',
  'b',
  'B',
  'ab',
  'aB',
  'AB',
  'a%',
  'a_b',
  '%',
  '_',
  '[',
  '`',
  '^',
  '\\',
  'z',
  'Z',
  '{',
  'K',
  'k',
  '\u212a',
  'ſ',
  's',
  'S',
  'ä',
  'Ä',
  'aä',
  'é',
  'e\u0301',
  '漢',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
  '😀a',
  'a😀',
  '0',
  '5',
  '5.0',
  '10',
  '9',
  'null',
  '\t',
  '\n',
]
const integers = [0, 1, -1, 2, 5, 10, 255, -(2 ** 53) + 1, 2 ** 53 - 1]
const bigints = [
  0n,
  1n,
  -1n,
  5n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 62n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 53n) - 1n,
]
const reals = [
  0,
  -0,
  0.5,
  -0.5,
  1,
  1.5,
  5,
  0.1,
  1e-300,
  1e300,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 62,
  2 ** 63,
  -(2 ** 63),
  5e-324,
]
const operands = [...reals, ...integers, Infinity, -Infinity, 4.999999999999999]
const blobs = [[], [0], [0, 0], [1], [97], [255], [255, 0], [128]].map((bytes) => Uint8Array.from(bytes))
const dates = [-1, 0, 1, 1.7e12].map((ms) => new Date(ms))
const jsons = [{ a: 1 }, [1], 'x', 5, true, null, { a: 'ä' }]

const typed = table(
  'typed',
  {
    id: column.integer().primaryKey(),
    text: column.text().nullable(),
    folded: column.text().nullable().collate('NOCASE'),
    int: column.integer().nullable(),
    big: column.bigint().nullable(),
    real: column.real().nullable(),
    flag: column.boolean().nullable(),
    blob: column.blob().nullable(),
    at: column.datetime().nullable(),
    json: column.json(),
  },
  { indexes: [['text'], ['folded'], ['int', 'real'], ['big'], ['blob']] },
)
/** A table whose column has no affinity, made by hand: values of every storage class side by side. */
const mixed = table('mixed', { v: column.blob().nullable(), w: column.blob().nullable() })
const schema = defineSchema({ version: 1, tables: { typed }, events: {}, materializers: {} })

const valueOf: Readonly<
  Record<string, { readonly stored: ReadonlyArray<unknown>; readonly asked: ReadonlyArray<unknown> }>
> = {
  id: { stored: integers, asked: operands },
  text: { stored: texts, asked: texts },
  folded: { stored: texts, asked: texts },
  int: { stored: integers, asked: operands },
  big: { stored: bigints, asked: bigints },
  real: { stored: reals, asked: operands },
  flag: { stored: [true, false], asked: [true, false] },
  blob: { stored: blobs, asked: blobs },
  at: { stored: dates, asked: dates },
  json: { stored: jsons, asked: jsons },
}

const randomWhere = (random: Random, depth: number): unknown => {
  if (depth > 0 && random.int(3) === 0) {
    const conditions = Array.from({ length: random.int(4) }, () => randomWhere(random, depth - 1))
    return random.int(2) === 0 ? and(conditions) : or(conditions)
  }
  return Object.fromEntries(Array.from({ length: random.int(3) }, () => randomColumn(random)))
}

const randomColumn = (random: Random): readonly [string, unknown] => {
  const name = random.pick(Object.keys(valueOf))
  const asked = valueOf[name]?.asked ?? []
  const kind = random.int(10)
  if (kind === 0) return [name, { isNull: random.int(2) === 0 }]
  if (kind === 1 && name !== 'json') return [name, random.pick([null, { '!=': null }])]
  if (kind <= 3) return [name, { in: Array.from({ length: random.int(6) }, () => random.pick(asked)) }]
  if (kind <= 5 && (name === 'text' || name === 'folded')) return [name, { like: randomPattern(random) }]
  if (name === 'json') return [name, { [random.pick(['=', '!='])]: random.pick(asked) }]
  const first = { [random.pick(['=', '!=', '<', '<=', '>', '>='])]: random.pick(asked) }
  return [name, random.int(3) === 0 ? { ...first, [random.pick(['<', '>='])]: random.pick(asked) } : first]
}

const randomPattern = (random: Random): string =>
  Array.from({ length: random.int(5) }, () => random.pick(['%', '_', 'a', 'B', 'ä', '😀', '%%', '_%', ...texts])).join(
    '',
  )

const truth = (value: SqliteValue | undefined): boolean | null =>
  value === null || value === undefined ? null : Number(value) !== 0

const explain = (condition: Condition | undefined): string =>
  JSON.stringify(condition, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : value,
  )

describe('conditions mean what SQLite means', () => {
  const db = openDatabase(schema)
  const random = makeRandom(20261122)
  for (let id = 0; id < 250; id++) {
    const row = Object.entries(valueOf).map(([name, { stored }]) => [
      name,
      name !== 'json' && random.int(8) === 0 ? null : random.pick(stored),
    ])
    db.run(typed.insert({ ...Object.fromEntries(row), id } as never))
  }
  const rows: ReadonlyArray<SqliteRow> = db.connection
    .prepare('SELECT * FROM typed ORDER BY id', { integers: 'bigint' })
    .all()

  test('truth of random conditions on typed columns, and the rows that WHERE keeps', () => {
    for (let run = 0; run < 1500; run++) {
      const condition = compileWhere(typed.definition, randomWhere(random, 2))
      if (condition === undefined) continue
      const params: Array<SqliteValue> = []
      const text = conditionSql(condition, params)
      const truths = db.connection
        .prepare(`SELECT (${text}) FROM typed ORDER BY id`)
        .all(params)
        .map(([value]) => truth(value))
      const evaluate = makeEvaluator(typed.definition, condition)
      expect(rows.map(evaluate), `seed ${random.seed}, run ${run}: ${explain(condition)}`).toEqual(truths)
      const kept = db.connection
        .prepare(`SELECT id FROM typed WHERE ${text} ORDER BY id`)
        .all(params)
        .map(([id]) => Number(id))
      const predicate = makePredicate(typed.definition, condition)
      expect(
        rows.filter(predicate).map(([id]) => Number(id)),
        `run ${run}: ${explain(condition)}`,
      ).toEqual(kept)
      comparisons += 2 * rows.length
    }
  })

  test('every pair of values of every storage class', () => {
    db.connection.exec('CREATE TABLE mixed (v BLOB, w BLOB)')
    const values: ReadonlyArray<SqliteValue> = [null, ...texts, ...bigints, ...operands, ...blobs]
    const insert = db.connection.prepare('INSERT INTO mixed (v) VALUES (?)')
    for (const value of values) insert.run([value])
    const stored = db.connection.prepare('SELECT v, NULL FROM mixed ORDER BY rowid', { integers: 'bigint' }).all()
    for (const operator of ['=', '!=', '<', '<=', '>', '>='] as const) {
      const ask = db.connection.prepare(`SELECT v ${operator} ? FROM mixed ORDER BY rowid`)
      for (const value of values) {
        if (value === null) continue
        const evaluate = makeEvaluator(mixed.definition, { kind: 'compare', column: 'v', operator, value })
        const truths = ask.all([value]).map(([answer]) => truth(answer))
        expect(stored.map(evaluate), `v ${operator} ${String(value)}`).toEqual(truths)
        comparisons += stored.length
      }
    }
  })

  test('every LIKE pattern on every text', () => {
    const like = db.connection.prepare('SELECT ? LIKE ?')
    const patterns = [...texts, ...Array.from({ length: 400 }, () => randomPattern(random))]
    for (const pattern of patterns) {
      const matches = makeLike(pattern)
      for (const text of texts) {
        expect(matches(text), `${JSON.stringify(text)} LIKE ${JSON.stringify(pattern)}`).toBe(
          like.get([text, pattern])?.[0] === 1,
        )
        comparisons++
      }
    }
  })

  test('orders rows as ORDER BY does', () => {
    for (let run = 0; run < 300; run++) {
      const names = Object.keys(valueOf)
      const orderBy: Array<OrderTerm> = Array.from({ length: 1 + random.int(3) }, () => ({
        column: random.pick(names),
        direction: random.pick(['asc', 'desc']),
      }))
      const query = orderBy.reduce((q, term) => q.orderBy(term.column as 'id', term.direction), typed.select('id'))
      const ordered = db.query(query).map(({ id }) => id)
      // `rows` is in rowid order and sort is stable: what the terms leave equal stays in storage order.
      const sorted = [...rows].sort(makeRowOrder(typed.definition, orderBy)).map(([id]) => Number(id))
      expect(sorted, JSON.stringify(orderBy)).toEqual(ordered)
    }
  })
})

test('a pathological pattern stays fast', () => {
  const matches = makeLike(`${'%a'.repeat(200)}%b`)
  const startMs = performance.now()
  expect(matches('a'.repeat(5000))).toBe(false)
  expect(performance.now() - startMs).toBeLessThan(2000)
})

test('a table without a rowid ends every order with its key', () => {
  const keyed = table(
    'keyed',
    { a: column.text(), b: column.text(), n: column.integer() },
    { primaryKey: ['b', 'a'], withoutRowid: true },
  )
  const order = makeRowOrder(keyed.definition, [{ column: 'n', direction: 'desc' }])
  const sorted = [
    ['2', 'x', 1],
    ['1', 'x', 1],
    ['9', 'a', 1],
    ['0', 'z', 2],
  ].sort(order)
  expect(sorted.map(([a]) => a)).toEqual(['0', '9', '1', '2'])
  expect(keyed.orderBy('n', 'desc').sql).toBe('SELECT "a", "b", "n" FROM "keyed" ORDER BY "n" DESC, "b", "a"')
})
