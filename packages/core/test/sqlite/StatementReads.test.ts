import { expect, test } from 'vitest'
import { makeStatementGuard } from '../../src/sqlite/StatementGuard.ts'
import { StatementRefused } from '../../src/sqlite/StatementRefused.ts'
import { drivers } from './Drivers.ts'

const tables = `
  CREATE TABLE lists (id TEXT NOT NULL PRIMARY KEY, name TEXT, color TEXT) STRICT;
  CREATE TABLE todos (id INTEGER NOT NULL PRIMARY KEY, text TEXT, done INTEGER, list TEXT, at INTEGER) STRICT;
  CREATE INDEX todos$list$at ON todos (list, at);
  CREATE TABLE marks (kind TEXT, id TEXT, n INTEGER, PRIMARY KEY (id, kind)) STRICT, WITHOUT ROWID;
`

/** `'todos: done text; lists: *'` */
const shown = (reads: ReadonlyMap<string, ReadonlySet<string> | undefined>): string =>
  [...reads]
    .map(([table, columns]) => `${table}: ${columns === undefined ? '*' : [...columns].sort().join(' ')}`)
    .sort()
    .join('; ')

test.each(drivers)('columns that a query reads: $driver', ({ open }) => {
  const connection = open()
  connection.exec(tables)
  const guard = makeStatementGuard(connection, ['lists', 'todos', 'marks'])
  const reads = (sql: string): string => shown(guard.readsOf(sql, sql.includes('?') ? ['a'] : []))
  expect(reads('SELECT text FROM todos')).toBe('todos: text')
  expect(reads('SELECT id FROM todos WHERE id > 3')).toBe('todos: ')
  expect(reads('SELECT text FROM todos WHERE done = 1 ORDER BY at')).toBe('todos: at done text')
  // Searched in the index, which has no Column of its own.
  expect(reads('SELECT text FROM todos WHERE list = ?')).toBe('todos: at list text')
  expect(reads('SELECT l.name, count(*) FROM todos t JOIN lists l ON l.id = t.list GROUP BY l.id')).toBe(
    'lists: id name; todos: at list',
  )
  expect(reads('SELECT (SELECT max(color) FROM lists WHERE id = t.list) FROM todos t')).toBe(
    'lists: color id; todos: at list',
  )
  const recursive = 'WITH RECURSIVE r(x) AS (SELECT list FROM todos UNION SELECT text FROM todos, r WHERE list = x)'
  expect(reads(`${recursive} SELECT * FROM r`)).toBe('todos: at list text')
  expect(reads('SELECT n FROM marks')).toBe('marks: *')
  expect(reads('SELECT * FROM todos')).toBe('todos: at done list text')
  expect(reads('SELECT 1')).toBe('')
  expect(() => reads('DELETE FROM todos')).toThrow(StatementRefused)
})
