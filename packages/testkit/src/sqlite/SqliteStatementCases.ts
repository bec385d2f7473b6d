import type { SqliteConnection, SqliteValue } from '@headwater/core/sqlite'
import { equal, isTrue } from '../Assert.ts'
import { type SqliteCase, failsWith, query } from './SqliteCase.ts'

/** t(a primary key, b): (1, 'one'), (2, 'two'), (3, 'three') */
const fill = (connection: SqliteConnection): void =>
  connection.exec(
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')",
  )

const resultCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'all, get and run on a SELECT',
    run: ({ connection }) => {
      fill(connection)
      const select = connection.prepare('SELECT a, b FROM t WHERE a >= ? ORDER BY a')
      equal(select.columns, ['a', 'b'])
      equal(select.all([2]), [
        [2, 'two'],
        [3, 'three'],
      ])
      equal(select.get([2]), [2, 'two'])
      equal(select.all([9]), [])
      equal(select.get([9]), undefined)
      equal(select.run([1]), 0)
    },
  },
  {
    name: 'run answers the rows changed by the statement itself',
    run: ({ connection }) => {
      fill(connection)
      equal(connection.prepare('UPDATE t SET b = b || ? WHERE a < ?').run(['!', 3]), 2)
      equal(connection.prepare('DELETE FROM t WHERE a = 9').run(), 0)
      equal(connection.prepare('CREATE TABLE u (a)').run(), 0)
      equal(connection.prepare('BEGIN').run(), 0)
      equal(connection.prepare('INSERT INTO u SELECT a FROM t').run(), 3)
      equal(connection.prepare('COMMIT').run(), 0)
    },
  },
  {
    name: 'rows changed by triggers and cascades do not count',
    run: ({ connection }) => {
      fill(connection)
      connection.exec(`
        CREATE TABLE child (a REFERENCES t ON DELETE CASCADE); INSERT INTO child VALUES (1), (1), (2);
        CREATE TABLE log (a); CREATE TRIGGER tr AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.a), (old.a); END`)
      equal(connection.prepare('DELETE FROM t WHERE a = 1').run(), 1)
      equal(query(connection, 'SELECT (SELECT count(*) FROM child), (SELECT count(*) FROM log)'), [[1n, 2n]])
    },
  },
  {
    name: 'all and get run a statement that returns no rows',
    run: ({ connection }) => {
      fill(connection)
      const remove = connection.prepare('DELETE FROM t WHERE a = ?')
      equal(remove.columns, [])
      equal(remove.all([1]), [])
      equal(remove.get([2]), undefined)
      equal(query(connection, 'SELECT a FROM t'), [[3n]])
    },
  },
  {
    name: 'RETURNING by all, get and run',
    run: ({ connection }) => {
      fill(connection)
      const update = connection.prepare('UPDATE t SET b = ? WHERE a < 3 RETURNING a, b')
      equal(update.all(['x']), [
        [1, 'x'],
        [2, 'x'],
      ])
      equal(update.get(['y']), [1, 'y'])
      equal(update.run(['z']), 2)
      equal(query(connection, 'SELECT b FROM t ORDER BY a'), [['z'], ['z'], ['three']])
    },
  },
  {
    name: '1,500 rows and 60 columns',
    run: ({ connection }) => {
      const rows = query(
        connection,
        'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT i FROM n',
      )
      equal(rows.length, 1500)
      equal(rows[1499], [1500n])
      const wide = Array.from({ length: 60 }, (_, index): SqliteValue => BigInt(index))
      equal(query(connection, `SELECT ${wide.map(() => '?').join(', ')}`, wide), [wide])
    },
  },
  {
    name: 'EXPLAIN goes through prepare',
    run: ({ connection }) => {
      fill(connection)
      const explain = connection.prepare('EXPLAIN SELECT * FROM t WHERE a = ?')
      equal(explain.columns.slice(0, 5), ['addr', 'opcode', 'p1', 'p2', 'p3'])
      isTrue(
        explain.all([1]).some((row) => row[1] === 'OpenRead'),
        'an OpenRead among the opcodes',
      )
      equal(connection.prepare('EXPLAIN QUERY PLAN SELECT * FROM t').columns, ['id', 'parent', 'notused', 'detail'])
      equal(connection.prepare('EXPLAIN DELETE FROM t').all().length > 0, true)
      equal(query(connection, 'SELECT count(*) FROM t'), [[3n]])
    },
  },
  {
    name: 'a statement goes on after the schema has changed',
    run: ({ connection }) => {
      fill(connection)
      const select = connection.prepare('SELECT * FROM t WHERE a = 1')
      equal(select.get(), [1, 'one'])
      connection.exec('ALTER TABLE t ADD COLUMN c DEFAULT 7')
      equal(select.get(), [1, 'one', 7])
      equal(select.all(), [[1, 'one', 7]])
    },
  },
]

const parameterCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'too few and too many values fail with Range, and the statement stays usable',
    run: ({ connection }) => {
      fill(connection)
      const select = connection.prepare('SELECT b FROM t WHERE a IN (?, ?)')
      failsWith({ reason: 'Range' }, () => select.all())
      failsWith({ reason: 'Range' }, () => select.get([1]))
      failsWith({ reason: 'Range' }, () => select.all([1, 2, 3]))
      failsWith({ reason: 'Range' }, () => connection.prepare('DELETE FROM t').run([1]))
      equal(select.all([1, 2]), [['one'], ['two']])
    },
  },
  {
    name: 'numbered and named parameters fail with Range',
    run: ({ connection }) => {
      for (const sql of ['SELECT ?1', 'SELECT :a', 'SELECT @a', 'SELECT $a', 'SELECT ?, ?7']) {
        const statement = connection.prepare(sql)
        failsWith({ reason: 'Range' }, () => statement.all([1]))
      }
    },
  },
  {
    name: 'a bigint outside int64 fails with Range',
    run: ({ connection }) => {
      for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 10n ** 40n]) {
        failsWith({ reason: 'Range' }, () => query(connection, 'SELECT ?', [value]))
      }
    },
  },
  {
    name: 'what is no SQLite value fails with Mismatch',
    run: ({ connection }) => {
      const select = connection.prepare('SELECT ?')
      for (const value of [true, undefined, {}, [], [1], new Date(0), Symbol('s'), () => 1]) {
        failsWith({ reason: 'Mismatch' }, () => select.get([value as SqliteValue]))
      }
      equal(select.get(['fine']), ['fine'])
    },
  },
  {
    name: 'nothing of an earlier call is left in a parameter',
    run: ({ connection }) => {
      const select = connection.prepare('SELECT ?, ?')
      equal(select.get(['x'.repeat(100_000), 'y']), ['x'.repeat(100_000), 'y'])
      equal(select.get([null, 'z']), [null, 'z'])
      equal(select.get(['', new Uint8Array()]), ['', new Uint8Array()])
    },
  },
]

const lifeCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'exec runs any number of statements',
    run: ({ connection }) => {
      connection.exec('')
      connection.exec(' -- nothing\n;; /* nothing */ ')
      connection.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1); SELECT * FROM t; INSERT INTO t VALUES (2) -- end')
      equal(query(connection, 'SELECT a FROM t'), [[1n], [2n]])
    },
  },
  {
    name: 'prepare takes exactly one statement',
    run: ({ connection }) => {
      fill(connection)
      for (const sql of [
        '',
        '  ',
        ';',
        '-- comment',
        '/* comment */',
        'SELECT 1; SELECT 2',
        'SELECT 1; -- x\n DELETE FROM t',
      ]) {
        failsWith({ reason: 'SqlInvalid' }, () => connection.prepare(sql))
      }
      for (const sql of ['SELECT 1;', 'SELECT 1 ; \n', 'SELECT 1 -- end', '/* a */ SELECT 1; /* b */ -- c']) {
        equal(connection.prepare(sql).all(), [[1]])
      }
    },
  },
  {
    name: 'a NUL in SQL text is refused, never a silent end',
    run: ({ connection }) => {
      failsWith({ reason: 'SqlInvalid' }, () => connection.prepare('SELECT 1\0; not SQL'))
      failsWith({ reason: 'SqlInvalid' }, () => connection.exec('CREATE TABLE t (a)\0; not SQL'))
      equal(query(connection, 'SELECT count(*) FROM sqlite_schema'), [[0n]])
    },
  },
  {
    name: 'a finalized statement fails with Misuse; finalize is idempotent',
    run: ({ connection }) => {
      const select = connection.prepare('SELECT 1')
      equal(select.get(), [1])
      select.finalize()
      select.finalize()
      failsWith({ reason: 'Misuse' }, () => select.all())
      failsWith({ reason: 'Misuse' }, () => select.get())
      failsWith({ reason: 'Misuse' }, () => select.run())
      failsWith({ reason: 'Misuse' }, () => select.columns)
    },
  },
  {
    name: 'after close everything fails with Misuse; close and finalize are idempotent',
    run: ({ connection }) => {
      const select = connection.prepare('SELECT 1')
      connection.exec('BEGIN')
      connection.close()
      connection.close()
      failsWith({ reason: 'Misuse' }, () => select.all())
      failsWith({ reason: 'Misuse' }, () => select.get())
      failsWith({ reason: 'Misuse' }, () => select.run())
      failsWith({ reason: 'Misuse' }, () => select.columns)
      failsWith({ reason: 'Misuse' }, () => connection.prepare('SELECT 1'))
      failsWith({ reason: 'Misuse' }, () => connection.exec('SELECT 1'))
      failsWith({ reason: 'Misuse' }, () => connection.serialize())
      failsWith({ reason: 'Misuse' }, () => connection.createFunction('f', { argumentCount: 0 }, () => null))
      equal(connection.isInTransaction(), false)
      select.finalize()
    },
  },
  {
    name: 'a statement that failed can be run again',
    run: ({ connection }) => {
      fill(connection)
      const insert = connection.prepare('INSERT INTO t VALUES (?, ?)')
      failsWith({ reason: 'ConstraintFailed' }, () => insert.run([1, 'again']))
      equal(insert.run([4, 'four']), 1)
    },
  },
  {
    name: 'an idle statement holds no lock',
    run: ({ connection }) => {
      fill(connection)
      const select = connection.prepare('SELECT * FROM t')
      select.get()
      connection.exec('DROP TABLE t')
      failsWith({ reason: 'SqlInvalid' }, () => select.get())
    },
  },
  {
    name: 'says what it is',
    run: ({ connection }) =>
      isTrue(/SQLite 3\.\d+\.\d+/.test(connection.description), `a version in ${connection.description}`),
  },
]

export const sqliteStatementCases: ReadonlyArray<SqliteCase> = [...resultCases, ...parameterCases, ...lifeCases]
