import type { SqliteConnection, SqliteValue } from '@headwater/core/sqlite'

/**
 * Everything a database holds as text, so that two databases can be compared: the schema, then every row of every table
 * with rowids where there are any, each value with its storage class. Two databases with the same dump answer every
 * query alike.
 */
export const dumpDatabase = (connection: SqliteConnection): string => {
  const schema = connection.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
  const lines = schema.map((row) => row.map(writeValue).join(' '))
  for (const [type, name] of schema) {
    if (type !== 'table' || typeof name !== 'string') continue
    lines.push(`table ${name}`, ...dumpTable(connection, name))
  }
  return lines.join('\n')
}

/** The rows of one table, a line each, in rowid order (key order without rowids). */
export const dumpTable = (connection: SqliteConnection, name: string): Array<string> => {
  const table = `"${name.replaceAll('"', '""')}"`
  const hasRowid = connection.prepare('SELECT wr FROM pragma_table_list WHERE name = ?').get([name])?.[0] === 0
  const sql = hasRowid ? `SELECT rowid, * FROM ${table} ORDER BY rowid` : `SELECT * FROM ${table}`
  const statement = connection.prepare(sql, { integers: 'bigint' })
  try {
    return statement.all().map((row) => row.map(writeValue).join(' | '))
  } finally {
    statement.finalize()
  }
}

const writeValue = (value: SqliteValue): string => {
  if (value === null) return 'NULL'
  if (typeof value === 'bigint') return `INTEGER ${value}`
  if (typeof value === 'number') return `REAL ${Object.is(value, -0) ? '-0' : value}`
  if (typeof value === 'string') return `TEXT ${JSON.stringify(value)}`
  return `BLOB ${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
