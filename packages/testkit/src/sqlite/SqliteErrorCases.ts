import { equal, isTrue } from '../Assert.ts'
import { type SqliteCase, failsWith, query } from './SqliteCase.ts'

const constrained = `
  CREATE TABLE p (id INTEGER PRIMARY KEY);
  CREATE TABLE t (k TEXT PRIMARY KEY, u UNIQUE, n NOT NULL, c CHECK (c > 0), f REFERENCES p, i INTEGER);
  CREATE TABLE s (i INTEGER) STRICT;
  INSERT INTO t VALUES ('k', 1, 1, 1, NULL, 1)`

/** A statement on `constrained` and the code of the constraint it breaks. */
const constraints: ReadonlyArray<readonly [string, string]> = [
  ["INSERT INTO t VALUES ('k', 2, 2, 2, NULL, 2)", 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  ['INSERT INTO p VALUES (1), (1)', 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  ["INSERT INTO t VALUES ('l', 1, 2, 2, NULL, 2)", 'SQLITE_CONSTRAINT_UNIQUE'],
  ["INSERT INTO t VALUES ('l', 2, NULL, 2, NULL, 2)", 'SQLITE_CONSTRAINT_NOTNULL'],
  ["INSERT INTO t VALUES ('l', 2, 2, 0, NULL, 2)", 'SQLITE_CONSTRAINT_CHECK'],
  ["INSERT INTO t VALUES ('l', 2, 2, 2, 7, 2)", 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  ["INSERT INTO s VALUES ('text')", 'SQLITE_CONSTRAINT_DATATYPE'],
]

export const sqliteErrorCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'constraints, each with its code, from run and from exec',
    run: ({ connection }) => {
      connection.exec(constrained)
      for (const [sql, code] of constraints) {
        failsWith({ reason: 'ConstraintFailed', code }, () => connection.prepare(sql).run())
        failsWith({ reason: 'ConstraintFailed', code }, () => connection.exec(sql))
      }
    },
  },
  {
    name: 'RAISE in a trigger',
    run: ({ connection }) => {
      connection.exec(
        "CREATE TABLE t (a); CREATE TRIGGER tr BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no more'); END",
      )
      const error = failsWith({ reason: 'ConstraintFailed', code: 'SQLITE_CONSTRAINT_TRIGGER' }, () =>
        connection.exec('INSERT INTO t VALUES (1)'),
      )
      equal(error.detail, 'no more')
    },
  },
  {
    name: 'invalid SQL: syntax, table, column, function, double-quoted text',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a)')
      for (const sql of ['SELEC 1', 'SELECT * FROM missing', 'SELECT b FROM t', 'SELECT missing()', 'SELECT "text"']) {
        const error = failsWith({ reason: 'SqlInvalid', code: 'SQLITE_ERROR' }, () => connection.prepare(sql))
        equal(error.sql, sql)
        equal(error.isEnvironment, false)
        isTrue(error.message.includes(error.detail), 'the detail in the message')
        failsWith({ reason: 'SqlInvalid', code: 'SQLITE_ERROR' }, () => connection.exec(sql))
      }
    },
  },
  {
    name: 'an expression of 10,000 levels is invalid SQL, a list of 10,000 is not, and the connection goes on',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a, b)')
      const deep = [
        `1${'+1'.repeat(10_000)}`,
        `${'~'.repeat(10_000)}1`,
        `a = 1${' OR a = 2'.repeat(10_000)}`,
        `(${'1-('.repeat(5000)}1${')'.repeat(5001)}`,
      ]
      for (const expression of deep) {
        failsWith({ reason: 'SqlInvalid' }, () => connection.prepare(`SELECT ${expression} FROM t`))
        failsWith({ reason: 'SqlInvalid' }, () => connection.exec(`DELETE FROM t WHERE ${expression}`))
      }
      connection.exec(
        `INSERT INTO t VALUES ${Array.from({ length: 10_000 }, () => "(-1 + 2, 'it''s -- + (')").join(', ')}`,
      )
      equal(query(connection, `SELECT count(*) FROM t WHERE a IN (${'-1, '.repeat(10_000)} 1)`), [[10_000n]])
      equal(query(connection, `SELECT 1${' + 1'.repeat(900)}`), [[901n]])
      equal(query(connection, Array.from({ length: 400 }, () => 'SELECT 1 - 1 + 1 - 1').join(' UNION ')), [[0n]])
    },
  },
  {
    name: 'a rowid that is no integer is a Mismatch',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
      failsWith({ reason: 'Mismatch', code: 'SQLITE_MISMATCH' }, () =>
        query(connection, 'INSERT INTO t VALUES (?)', ['x']),
      )
    },
  },
  {
    name: 'an integer overflow is the fault of the statement',
    run: ({ connection }) => {
      failsWith({ reason: 'SqlInvalid' }, () =>
        query(connection, 'SELECT sum(a) FROM (SELECT ? AS a UNION ALL SELECT ?)', [2n ** 63n - 1n, 1n]),
      )
    },
  },
  {
    name: 'a value longer than a JavaScript string is TooBig',
    run: ({ connection }) => {
      failsWith({ reason: 'TooBig', code: 'SQLITE_TOOBIG' }, () => query(connection, 'SELECT zeroblob(600000000)'))
    },
  },
  {
    name: 'a full database is Full: the environment, retryable, and the rest goes on',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a); PRAGMA max_page_count = 8')
      const insert = connection.prepare('INSERT INTO t VALUES (zeroblob(?))')
      const error = failsWith({ reason: 'Full', code: 'SQLITE_FULL' }, () => {
        for (let index = 0; index < 100; index++) insert.run([2000])
      })
      equal([error.isEnvironment, error.isRetryable], [true, true])
      equal(connection.isInTransaction(), false)
      isTrue(Number(query(connection, 'SELECT count(*) FROM t')[0]?.[0]) > 0, 'rows from before')
      connection.exec('PRAGMA max_page_count = 1000')
      insert.run([2000])
    },
  },
  {
    name: 'an image that is no database is NotADatabase, at once',
    run: async ({ open }) => {
      let thrown: unknown
      await open(new TextEncoder().encode('This is no database at all. '.repeat(200))).catch((error: unknown) => {
        thrown = error
      })
      failsWith({ reason: 'NotADatabase', code: 'SQLITE_NOTADB' }, () => {
        throw thrown
      })
    },
  },
  {
    name: 'an image with a broken page is Corrupt where it is read',
    run: async ({ connection, open }) => {
      connection.exec("CREATE TABLE t (a); INSERT INTO t VALUES ('x'); CREATE TABLE u (a); INSERT INTO u VALUES ('y')")
      const image = connection.serialize()
      image.fill(0xa5, 4096, 8192)
      const broken = await open(image)
      failsWith({ reason: 'Corrupt', code: 'SQLITE_CORRUPT' }, () => query(broken, 'SELECT * FROM t'))
      equal(query(broken, 'SELECT * FROM u'), [['y']])
    },
  },
  {
    name: 'another connection that writes makes Busy',
    needs: 'file',
    run: async ({ openFile }) => {
      const first = await openFile('busy')
      const second = await openFile('busy')
      first.exec('CREATE TABLE t (a)')
      second.exec('PRAGMA busy_timeout = 0')
      first.exec('BEGIN IMMEDIATE')
      const error = failsWith({ reason: 'Busy' }, () => second.exec('BEGIN IMMEDIATE'))
      equal([error.isEnvironment, error.isRetryable], [true, true])
      first.exec('COMMIT')
      second.exec('BEGIN IMMEDIATE; COMMIT')
    },
  },
]
