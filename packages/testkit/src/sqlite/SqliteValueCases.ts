import type { SqliteConnection, SqliteValue } from '@headwater/core/sqlite'
import { equal, isTrue } from '../Assert.ts'
import { type SqliteCase, failsWith, query } from './SqliteCase.ts'

const bytes = (...values: Array<number>): Uint8Array => new Uint8Array(values)

/** Each as it goes in; comes out the same, with this `typeof`. */
const exact: ReadonlyArray<readonly [string, SqliteValue, string]> = [
  ['NULL', null, 'null'],
  ['0n', 0n, 'integer'],
  ['-1n', -1n, 'integer'],
  ['2^31', 2n ** 31n, 'integer'],
  ['-(2^31) - 1', -(2n ** 31n) - 1n, 'integer'],
  ['2^32', 2n ** 32n, 'integer'],
  ['2^53 - 1', 2n ** 53n - 1n, 'integer'],
  ['2^53', 2n ** 53n, 'integer'],
  ['2^53 + 1', 2n ** 53n + 1n, 'integer'],
  ['-(2^53) - 1', -(2n ** 53n) - 1n, 'integer'],
  ['the smallest int64', -(2n ** 63n), 'integer'],
  ['the largest int64', 2n ** 63n - 1n, 'integer'],
  ['1.0', 1, 'real'],
  ['0.0', 0, 'real'],
  ['-0.0', -0, 'real'],
  ['1.5', 1.5, 'real'],
  ['2^53 as REAL', 2 ** 53, 'real'],
  ['1e300', 1e300, 'real'],
  ['5e-324', 5e-324, 'real'],
  ['Infinity', Infinity, 'real'],
  ['-Infinity', -Infinity, 'real'],
  ['the empty text', '', 'text'],
  ['ASCII', 'hello', 'text'],
  ['ASCII of 200 characters', 'abcdefghij'.repeat(20), 'text'],
  ['a NUL inside a text', 'a\0b', 'text'],
  ['a lone NUL', '\0', 'text'],
  ['two, three and four bytes of UTF-8', 'ä € 😀', 'text'],
  ['a long text beyond ASCII', 'ä € 😀 '.repeat(40), 'text'],
  ['a leading byte order mark', '\uFEFFtext', 'text'],
  ['a digit as text', '1', 'text'],
  ['the empty blob', bytes(), 'blob'],
  ['a blob', bytes(0, 1, 127, 128, 255), 'blob'],
]

const roundTrip = (connection: SqliteConnection, value: SqliteValue): Array<SqliteValue> | undefined => {
  connection.exec('CREATE TABLE IF NOT EXISTS untyped (value)')
  query(connection, 'DELETE FROM untyped')
  query(connection, 'INSERT INTO untyped VALUES (?)', [value])
  return query(connection, 'SELECT value, typeof(value) FROM untyped')[0]
}

const exactCases: ReadonlyArray<SqliteCase> = exact.map(([name, value, type]) => ({
  name: `${name} comes back exactly from an untyped column`,
  run: ({ connection }) => equal(roundTrip(connection, value), [value, type]),
}))

const numberCases: ReadonlyArray<SqliteCase> = [
  {
    name: "integers: 'number' reads safe integers as numbers",
    run: ({ connection }) => {
      for (const value of [0n, -1n, 2n ** 31n, -(2n ** 40n), 2n ** 53n - 1n, 1n - 2n ** 53n]) {
        equal(query(connection, 'SELECT ?', [value], 'number'), [[Number(value)]])
      }
    },
  },
  {
    name: "integers: 'number' fails with Range from 2^53 on, by get and by all, and goes on afterwards",
    run: ({ connection }) => {
      const select = connection.prepare('SELECT ?, ?')
      for (const value of [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
        failsWith({ reason: 'Range' }, () => select.get(['a', value]))
        failsWith({ reason: 'Range' }, () => select.all(['a', value]))
      }
      equal(select.get(['a', 7n]), ['a', 7])
      equal(select.all([8n, 2n ** 53n - 1n]), [[8, 2 ** 53 - 1]])
    },
  },
  {
    name: "integers: 'number' still reads large REALs",
    run: ({ connection }) => {
      const select = connection.prepare('SELECT ?, ?')
      equal(select.get([2 ** 53, -1e300]), [2 ** 53, -1e300])
      equal(select.all([Infinity, 3n]), [[Infinity, 3]])
      equal(select.get([4n, 2 ** 60]), [4, 2 ** 60])
    },
  },
  {
    name: 'a row in the middle of a list with an unsafe integer fails the list',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (n); INSERT INTO t VALUES (1), (9007199254740993), (3)')
      failsWith({ reason: 'Range' }, () => query(connection, 'SELECT n FROM t', [], 'number'))
      equal(query(connection, 'SELECT n FROM t'), [[1n], [9007199254740993n], [3n]])
    },
  },
  {
    name: 'a number binds as REAL and the affinity of the column decides',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (i INTEGER, r REAL, x TEXT, n)')
      query(connection, 'INSERT INTO t VALUES (?, ?, ?, ?)', [5, 5n, 5, 5])
      equal(query(connection, 'SELECT i, r, x, n FROM t'), [[5n, 5, '5.0', 5]])
      equal(query(connection, 'SELECT n FROM t WHERE rowid = ? LIMIT ?', [1, 1]), [[5]])
    },
  },
  {
    name: '-0 becomes 0 in a column of REAL affinity, as SQLite stores it there',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (r REAL)')
      query(connection, 'INSERT INTO t VALUES (?)', [-0])
      equal(query(connection, 'SELECT r FROM t'), [[0]])
    },
  },
  { name: 'NaN binds as NULL', run: ({ connection }) => equal(roundTrip(connection, NaN), [null, 'null']) },
]

const textCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'a lone surrogate is stored as U+FFFD',
    run: ({ connection }) => {
      equal(query(connection, 'SELECT ?, hex(?)', ['a\uD800b', '\uDC00']), [['a\uFFFDb', 'EFBFBD']])
    },
  },
  {
    name: 'bytes that are no UTF-8 read as U+FFFD, as many as the WHATWG decoder makes',
    run: ({ connection }) => {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      for (const blob of [
        bytes(0xff),
        bytes(97, 0xe2, 0x8a),
        bytes(0xf0, 0x80, 0x80, 0x80),
        bytes(0xed, 0xa0, 0x80, 98),
      ]) {
        equal(query(connection, 'SELECT CAST(? AS TEXT)', [blob]), [[decoder.decode(blob)]])
      }
    },
  },
  {
    name: 'text of 5 MB comes back',
    run: ({ connection }) => {
      const text = 'äbc😀'.repeat(700_000)
      isTrue(roundTrip(connection, text)?.[0] === text, 'the same text')
    },
  },
  {
    name: 'a blob of 5 MB comes back',
    run: ({ connection }) => {
      const blob = new Uint8Array(5_000_000).map((_, index) => index % 251)
      equal(roundTrip(connection, blob), [blob, 'blob'])
    },
  },
  {
    name: 'many large parameters in one call',
    run: ({ connection }) => {
      const texts = Array.from({ length: 8 }, (_, index) => String(index).repeat(300_000))
      equal(query(connection, 'SELECT ?, ?, ?, ?, ?, ?, ?, ?', texts), [texts])
    },
  },
  {
    name: 'a view binds its own bytes only',
    run: ({ connection }) => {
      equal(query(connection, 'SELECT ?', [bytes(1, 2, 3, 4).subarray(1, 3)]), [[bytes(2, 3)]])
    },
  },
  {
    name: "a blob is the caller's own: later calls do not change it",
    run: ({ connection }) => {
      const select = connection.prepare('SELECT ?')
      const first = select.get([bytes(1, 2, 3)])
      select.get([bytes(9, 9, 9)])
      connection.exec('CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1000))')
      equal(first, [bytes(1, 2, 3)])
    },
  },
  {
    name: 'columns of any name',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE "tâble 😀" ("naïve ""q""" TEXT, "列" INTEGER, [__proto__] TEXT)')
      const select = connection.prepare('SELECT *, 1 AS "😀", 2 AS "😀" FROM "tâble 😀"')
      equal(select.columns, ['naïve "q"', '列', '__proto__', '😀', '😀'])
    },
  },
]

export const sqliteValueCases: ReadonlyArray<SqliteCase> = [...exactCases, ...numberCases, ...textCases]
