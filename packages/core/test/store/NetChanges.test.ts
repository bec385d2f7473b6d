import { expect, test } from 'vitest'
import type { TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import { invertChanges, type Row, type RowChange } from '../../src/sqlite/RowChange.ts'
import { netByTable } from '../../src/store/NetChanges.ts'

const descriptor = (name: string, primaryKey: ReadonlyArray<string>): TableDescriptor => ({
  name,
  columns: [
    { name: 'id', affinity: 'INTEGER' },
    { name: 'text', affinity: 'TEXT' },
  ],
  primaryKey,
  isWithoutRowid: false,
  isClientOnly: false,
  createSql: [],
})
const keyed = descriptor('keyed', ['id'])
const insert = (after: Row, table = keyed): RowChange => ({ kind: 'insert', table, before: undefined, after })
const update = (before: Row, after: Row, table = keyed): RowChange => ({ kind: 'update', table, before, after })
const remove = (before: Row, table = keyed): RowChange => ({ kind: 'delete', table, before, after: undefined })
const [a, b, c] = ['a', 'b', 'c'].map((text): Row => [1n, text]) as [Row, Row, Row]

/** `'1a>1b >2c'` */
const shown = (...changes: ReadonlyArray<RowChange>): string =>
  netByTable(changes)
    .flatMap(({ rows }) => rows)
    .map(({ before, after }) => `${before?.join('') ?? ''}>${after?.join('') ?? ''}`)
    .join(' ')

test.each<[string, ReadonlyArray<RowChange>, string]>([
  ['one change', [update(a, b)], '1a>1b'],
  ['in order', [insert(a), update(a, b), update(b, c)], '>1c'],
  ['there and back', [update(a, b), update(b, a)], ''],
  ['came and went', [insert(a), update(a, b), remove(b)], ''],
  ['a foreign-key action, captured before what caused it', [update(b, c), update(a, b)], '1a>1c'],
  ['a changed key', [update(a, [2n, 'a'])], '1a> >2a'],
  ['a changed key, and another row in its place', [update(a, [2n, 'a']), insert(c)], '1a>1c >2a'],
  ['a changed key out of order', [update([2n, 'a'], [2n, 'b']), update(a, [2n, 'a'])], '>2b 1a>'],
  [
    'keys that are one as a number',
    [remove([2n ** 53n, 'a']), insert([2n ** 53n + 1n, 'a'])],
    '9007199254740992a> >9007199254740993a',
  ],
  [
    'a rowid beside the columns',
    [remove([1n, 'a', 7n]), insert([1n, 'a', 8n])].map((change) => ({ ...change, table: descriptor('beside', []) })),
    '1a7> >1a8',
  ],
])('net of %s', (_, changes, expected) => {
  expect(
    shown(...changes)
      .split(' ')
      .sort(),
  ).toEqual(expected.split(' ').sort())
  expect(shown(...changes, ...invertChanges(changes))).toBe('')
})

test('tables are told apart; what cannot be is unclear', () => {
  const other = descriptor('other', ['id'])
  const net = netByTable([insert(a), remove(a, other), insert(b, other), insert(c, other)])
  expect(net.map(({ table, rows, isUnclear }) => [table.name, rows.length, isUnclear])).toEqual([
    ['keyed', 1, false],
    ['other', 0, true],
  ])
})

test('INTEGER is a number where that is exact', () => {
  const [row] = netByTable([update([1n, 'a'], [1n, 'b'])])[0]!.rows
  expect([row?.before, row?.after]).toEqual([
    [1, 'a'],
    [1, 'b'],
  ])
  expect(netByTable([insert([2n ** 53n, 'a'])])[0]!.rows[0]!.after).toEqual([2n ** 53n, 'a'])
})
