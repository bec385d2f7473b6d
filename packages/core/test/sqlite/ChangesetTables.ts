import type { Affinity, TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import type { Row } from '../../src/sqlite/RowChange.ts'
import type { SqliteConnection, SqliteValue } from '../../src/sqlite/SqliteConnection.ts'
import { describeTableLayout } from '../../src/sqlite/TableLayout.ts'

/** A table from its columns' SQL: `'INTEGER PRIMARY KEY'`, `'TEXT COLLATE NOCASE'`, `''` for no affinity. */
const table = (
  name: string,
  columns: Readonly<Record<string, string>>,
  primaryKey: ReadonlyArray<string> = [],
  { isWithoutRowid = false, constraints = [] as ReadonlyArray<string> } = {},
): TableDescriptor => {
  const definitions = Object.entries(columns).map(([column, type]) => `"${column}" ${type}`)
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, affinity: affinityOf(type) })),
    primaryKey,
    isWithoutRowid,
    isClientOnly: false,
    createSql: [
      `CREATE TABLE "${name.replaceAll('"', '""')}" (${[...definitions, ...constraints].join(', ')})${isWithoutRowid ? ' WITHOUT ROWID' : ''}`,
    ],
  }
}

const affinityOf = (type: string): Affinity => {
  const first = type.split(' ')[0]!
  if (first === 'INT') return 'INTEGER'
  return first === 'INTEGER' || first === 'REAL' || first === 'TEXT' ? first : 'BLOB'
}

/** One table for each way in which rows are identified, referenced and replaced. */
export const changesetTables: ReadonlyArray<TableDescriptor> = [
  table(
    'items',
    {
      id: 'INTEGER PRIMARY KEY',
      name: 'TEXT COLLATE NOCASE UNIQUE',
      score: 'REAL',
      big: 'INTEGER',
      raw: '',
      data: 'BLOB',
    },
    ['id'],
  ),
  table('notes', { body: 'TEXT', tag: 'UNIQUE', score: 'REAL' }),
  table('odd "names"', { rowid: 'TEXT', select: '', 'a b': 'INTEGER' }),
  table('docs', { key: 'TEXT PRIMARY KEY', n: 'INTEGER UNIQUE ON CONFLICT REPLACE', body: '' }, ['key']),
  table('ints', { id: 'INT PRIMARY KEY', v: 'REAL NOT NULL ON CONFLICT REPLACE DEFAULT 1' }, ['id']),
  table('pairs', { a: 'TEXT COLLATE NOCASE', b: '', v: 'REAL' }, ['a', 'b'], {
    isWithoutRowid: true,
    constraints: ['PRIMARY KEY (a, b)'],
  }),
  table('pair_refs', { id: 'INTEGER PRIMARY KEY', a: 'TEXT', b: '', w: 'REAL' }, ['id'], {
    constraints: ['FOREIGN KEY (a, b) REFERENCES pairs (a, b) ON UPDATE CASCADE ON DELETE SET NULL'],
  }),
  table('parents', { id: 'INTEGER PRIMARY KEY', code: 'TEXT UNIQUE' }, ['id']),
  table(
    'kids_cascade',
    {
      id: 'INTEGER PRIMARY KEY',
      parent: 'INTEGER REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE',
      u: 'UNIQUE',
    },
    ['id'],
  ),
  table('kids_null', { code: 'TEXT REFERENCES parents (code) ON DELETE SET NULL ON UPDATE SET NULL', v: '' }),
  table('kids_default', {
    parent: 'INTEGER DEFAULT 1 REFERENCES parents (id) ON DELETE SET DEFAULT ON UPDATE SET DEFAULT',
    v: '',
  }),
  table('kids_restrict', { parent: 'INTEGER REFERENCES parents (id) ON DELETE RESTRICT ON UPDATE RESTRICT', v: '' }),
  table('kids_noaction', { parent: 'INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED', v: '' }),
  table(
    'grandkids',
    { k: 'INTEGER', parent: 'INTEGER REFERENCES kids_cascade (id) ON DELETE CASCADE ON UPDATE CASCADE' },
    ['k'],
    {
      isWithoutRowid: true,
      constraints: ['PRIMARY KEY (k)'],
    },
  ),
  table(
    'tree',
    {
      id: 'INTEGER PRIMARY KEY',
      up: 'INTEGER REFERENCES tree (id) ON DELETE CASCADE ON UPDATE CASCADE',
      label: 'TEXT',
    },
    ['id'],
  ),
  table(
    'tree_null',
    {
      id: 'INTEGER PRIMARY KEY',
      up: 'INTEGER UNIQUE REFERENCES tree_null (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED',
      label: 'UNIQUE',
    },
    ['id'],
  ),
  table(
    'tree_restrict',
    {
      id: 'INTEGER PRIMARY KEY',
      up: 'INTEGER REFERENCES tree_restrict (id) ON DELETE RESTRICT ON UPDATE CASCADE',
      label: '',
    },
    ['id'],
  ),
  table('late_parents', { id: 'TEXT COLLATE NOCASE PRIMARY KEY', v: '' }, ['id'], { isWithoutRowid: true }),
  table(
    'late_kids',
    {
      id: 'INTEGER PRIMARY KEY',
      parent: 'TEXT REFERENCES late_parents (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED',
      v: '',
    },
    ['id'],
  ),
  table(
    'late_defaults',
    {
      id: 'INTEGER PRIMARY KEY',
      parent:
        "TEXT DEFAULT 'a' REFERENCES late_parents (id) ON DELETE SET DEFAULT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
    },
    ['id'],
  ),
]

export const createTables = (connection: SqliteConnection, tables: ReadonlyArray<TableDescriptor>): void => {
  for (const { createSql } of tables) connection.exec(createSql.join(';'))
}

/** Reads all tables: two texts are equal only if every rowid, storage class and bit is. */
export const makeDump = (connection: SqliteConnection, tables: ReadonlyArray<TableDescriptor>): (() => string) => {
  const statements = tables.map((descriptor) => {
    const { names, key } = describeTableLayout(connection, descriptor)
    const order = key.map((index) => names[index]).join(', ')
    const sql = `SELECT ${names.join(', ')} FROM main."${descriptor.name.replaceAll('"', '""')}" ORDER BY ${order}`
    return { name: descriptor.name, statement: connection.prepare(sql, { integers: 'bigint' }) }
  })
  return () => statements.map(({ name, statement }) => [name, ...statement.all().map(rowText)].join('\n  ')).join('\n')
}

export const rowText = (row: Row): string => row.map(valueText).join(' | ')

const valueText = (value: SqliteValue): string => {
  if (value === null) return 'NULL'
  if (typeof value === 'bigint') return `${value}`
  if (typeof value === 'number') return `REAL ${Object.is(value, -0) ? '-0' : value}`
  return typeof value === 'string' ? JSON.stringify(value) : `x'${Buffer.from(value).toString('hex')}'`
}
