import type { ColumnDescriptor, TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import type { SqliteValue } from '../../src/sqlite/SqliteConnection.ts'

/** Numbers that a seed determines (mulberry32): a failing run is repeated by its seed. */
export interface Random {
  /** From 0 to `below` - 1. */
  readonly integer: (below: number) => number
  readonly pick: <T>(items: ReadonlyArray<T>) => T
  readonly chance: (probability: number) => boolean
}

export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    integer: (below) => Math.floor(next() * below),
    pick: (items) => items[Math.floor(next() * items.length)]!,
    chance: (probability) => next() < probability,
  }
}

export interface RandomStatement {
  readonly sql: string
  readonly params: ReadonlyArray<SqliteValue>
}

const wild: ReadonlyArray<SqliteValue> = [
  null,
  0n,
  1n,
  -1n,
  127n,
  128n,
  -128n,
  -129n,
  32767n,
  32768n,
  -32769n,
  2147483647n,
  2147483648n,
  -2147483649n,
  9007199254740993n,
  -9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
  0,
  -0,
  1,
  1.5,
  -2.25,
  1e300,
  5e-324,
  Infinity,
  -Infinity,
  9007199254740992,
  '',
  'a',
  'A',
  'é',
  '1',
  '1.0',
  'x'.repeat(63),
  'x'.repeat(64),
  'ß'.repeat(40),
  '😀',
  '\uFEFFmark',
  "o'clock",
  'y'.repeat(5000),
  new Uint8Array(0),
  new Uint8Array([0]),
  new Uint8Array([255, 0, 128]),
  new Uint8Array(300).fill(7),
]

/** Few enough for keys to meet, and equal ones of different class or case among them. */
const keys: Readonly<Record<string, ReadonlyArray<SqliteValue>>> = {
  INTEGER: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, null, null],
  TEXT: ['a', 'b', 'A', 'B', 'c', null, null],
  BLOB: [1n, 'a', 1, 2n, 'A', null, null, new Uint8Array([1])],
  REAL: [1, 2, 3, null],
}
const nonKeys = new Set(['body', 'score', 'big', 'raw', 'data', 'v', 'w'])

const valueFor = (random: Random, column: ColumnDescriptor): SqliteValue =>
  nonKeys.has(column.name)
    ? random.pick(wild)
    : random.pick(keys[column.affinity]!.slice(0, random.chance(0.8) ? 3 : 99))

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Rows to begin with, in the order of the tables, so that references find something. */
export const populate = (random: Random, tables: ReadonlyArray<TableDescriptor>): ReadonlyArray<RandomStatement> =>
  tables.flatMap((table) => Array.from({ length: 1 + random.integer(5) }, () => insert(random, table)))

/** One statement on one table; many fail on a constraint, as those of apps do. */
export const randomStatement = (random: Random, tables: ReadonlyArray<TableDescriptor>): RandomStatement => {
  const table = random.pick(tables)
  const roll = random.integer(100)
  if (roll < 40) return insert(random, table)
  return roll < 88 ? update(random, table) : remove(random, table)
}

const insert = (random: Random, table: TableDescriptor): RandomStatement => {
  const verb = random.pick(['INSERT', 'INSERT', 'INSERT OR REPLACE', 'INSERT OR REPLACE', 'INSERT OR IGNORE'])
  const params: Array<SqliteValue> = []
  const rows = Array.from({ length: random.chance(0.4) ? 1 + random.integer(4) : 1 }, () =>
    table.columns.map((column) => {
      params.push(valueFor(random, column))
      return '?'
    }),
  )
  const names = table.columns.map((column) => quote(column.name)).join(', ')
  const values = rows.map((row) => `(${row.join(', ')})`).join(', ')
  const sql = `${verb} INTO ${quote(table.name)} (${names}) VALUES ${values}`
  if (verb !== 'INSERT' || random.chance(0.5)) return { sql, params }
  const column = random.pick(table.columns)
  params.push(valueFor(random, column))
  return { sql: `${sql} ON CONFLICT DO UPDATE SET ${quote(column.name)} = ?`, params }
}

const update = (random: Random, table: TableDescriptor): RandomStatement => {
  const verb = random.pick(['UPDATE', 'UPDATE', 'UPDATE OR REPLACE', 'UPDATE OR REPLACE', 'UPDATE OR IGNORE'])
  const params: Array<SqliteValue> = []
  const assignments = table.columns.flatMap((column) => {
    if (!random.chance(0.5)) return []
    const name = quote(column.name)
    // Keys that move together, as `id = id + 1` does, and rows that exchange them.
    if (column.affinity === 'INTEGER' && random.chance(0.4)) {
      return [`${name} = ${random.pick([`${name} + 1`, `${name} - 1`, `-${name}`, `7 - ${name}`, name])}`]
    }
    params.push(valueFor(random, column))
    return [`${name} = ?`]
  })
  if (assignments.length === 0) assignments.push(`${quote(table.columns[0]!.name)} = ${quote(table.columns[0]!.name)}`)
  const where = condition(random, table, params)
  return { sql: `${verb} ${quote(table.name)} SET ${assignments.join(', ')}${where}`, params }
}

const remove = (random: Random, table: TableDescriptor): RandomStatement => {
  const params: Array<SqliteValue> = []
  const where = condition(random, table, params)
  return { sql: `DELETE FROM ${quote(table.name)}${where}`, params }
}

const condition = (random: Random, table: TableDescriptor, params: Array<SqliteValue>): string => {
  if (random.chance(0.15)) return ''
  const column = random.pick(table.columns)
  params.push(valueFor(random, column))
  return ` WHERE ${quote(column.name)} ${random.pick(['=', 'IS', '<', '>=', 'IS NOT'])} ?`
}
