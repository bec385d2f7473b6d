import type { SqliteConnection, SqliteValue } from '@headwater/core/sqlite'
import { equal, isTrue, thrownBy } from '../Assert.ts'
import { type SqliteCase, failsWith, query } from './SqliteCase.ts'

/** Registers `capture`, which takes any number of arguments, and returns what it was called with. */
const capture = (connection: SqliteConnection): Array<Array<SqliteValue>> => {
  const calls: Array<Array<SqliteValue>> = []
  connection.createFunction('capture', { argumentCount: -1 }, (...args) => {
    calls.push(args)
  })
  return calls
}

/** The technique of ChangesetCapture: TEMP triggers that hand old and new rows to a function. */
const captureTriggers = `
  PRAGMA recursive_triggers = ON;
  CREATE TEMP TRIGGER ti AFTER INSERT ON t BEGIN SELECT capture('i', new.rowid, new.a, new.b, new.c); END;
  CREATE TEMP TRIGGER tu AFTER UPDATE ON t BEGIN SELECT capture('u', old.a, old.b, old.c, new.a, new.b, new.c); END;
  CREATE TEMP TRIGGER td AFTER DELETE ON t BEGIN SELECT capture('d', old.rowid, old.a, old.b, old.c); END`

const valueCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'arguments arrive with their storage class',
    run: ({ connection }) => {
      const calls = capture(connection)
      const values = [
        null,
        1n,
        1,
        -0,
        2n ** 63n - 1n,
        -(2n ** 63n),
        2n ** 53n + 1n,
        '',
        'a\0b😀',
        new Uint8Array([0, 255]),
        new Uint8Array(),
      ]
      query(connection, `SELECT capture(${values.map(() => '?').join(', ')})`, values)
      query(connection, 'SELECT capture()')
      equal(calls, [values, []])
    },
  },
  {
    name: 'results keep their storage class',
    run: ({ connection }) => {
      const results: ReadonlyArray<SqliteValue> = [
        null,
        7n,
        7,
        -0,
        -(2n ** 63n),
        '',
        'ä\0😀',
        'x'.repeat(200_000),
        new Uint8Array(),
        new Uint8Array(200_000).fill(7),
      ]
      let next = 0
      connection.createFunction('result', { argumentCount: 1 }, () => results[next++])
      const select = connection.prepare('SELECT result(?)', { integers: 'bigint' })
      for (const expected of results) equal(select.get(['kept while the result is made']), [expected])
    },
  },
  {
    name: 'a function that returns nothing returns NULL',
    run: ({ connection }) => {
      connection.createFunction('no_result', { argumentCount: 0 }, () => undefined)
      equal(query(connection, 'SELECT no_result()'), [[null]])
    },
  },
  {
    name: 'a result that is no SQLite value fails the statement',
    run: ({ connection }) => {
      connection.createFunction('large', { argumentCount: 0 }, () => 2n ** 63n)
      connection.createFunction('odd', { argumentCount: 0 }, () => ({}) as unknown as SqliteValue)
      failsWith({ reason: 'Range' }, () => query(connection, 'SELECT large()'))
      failsWith({ reason: 'Mismatch' }, () => query(connection, 'SELECT odd()'))
    },
  },
  {
    name: 'blob arguments are copies',
    run: ({ connection }) => {
      const calls = capture(connection)
      connection.exec('CREATE TABLE t (a)')
      for (let index = 1; index < 50; index++) {
        query(connection, 'INSERT INTO t VALUES (?)', [new Uint8Array(index * 100).fill(index)])
      }
      query(connection, 'SELECT capture(a) FROM t ORDER BY rowid')
      connection.exec('UPDATE t SET a = zeroblob(9000)')
      equal(
        calls,
        Array.from({ length: 49 }, (_, index) => [new Uint8Array((index + 1) * 100).fill(index + 1)]),
      )
    },
  },
  {
    name: 'a function of a fixed number of arguments takes no other, one of 150 takes 150',
    run: ({ connection }) => {
      connection.createFunction('two', { argumentCount: 2 }, (a, b) => `${String(a)}${String(b)}`)
      equal(query(connection, 'SELECT two(1, 2)'), [['12']])
      failsWith({ reason: 'SqlInvalid' }, () => connection.prepare('SELECT two(1)'))
      connection.createFunction('count', { argumentCount: -1 }, (...args) => BigInt(args.length))
      equal(query(connection, `SELECT count(${Array.from({ length: 150 }, () => '0').join(', ')})`), [[150n]])
    },
  },
  {
    name: 'a function registered again replaces the first',
    run: ({ connection }) => {
      connection.createFunction('f', { argumentCount: 0 }, () => 'first')
      connection.createFunction('f', { argumentCount: 0 }, () => 'second')
      equal(query(connection, 'SELECT f()'), [['second']])
    },
  },
  {
    name: 'two connections have a function of the same name each',
    run: async ({ connection, open }) => {
      const other = await open()
      connection.createFunction('who', { argumentCount: 0 }, () => 'first')
      other.createFunction('who', { argumentCount: 0 }, () => 'second')
      equal(query(connection, 'SELECT who()'), [['first']])
      equal(query(other, 'SELECT who()'), [['second']])
      other.close()
      equal(query(connection, 'SELECT who()'), [['first']])
    },
  },
]

const triggerCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'TEMP triggers hand over every row, also those that REPLACE deletes',
    run: ({ connection }) => {
      const calls = capture(connection)
      connection.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE, c); ${captureTriggers}`)
      const put = connection.prepare('INSERT OR REPLACE INTO t VALUES (?, ?, ?)')
      const big = 2n ** 62n + 1n
      put.run([1n, 'x', big])
      put.run([2n, 'y', 1])
      put.run([1n, 'y', 1n])
      equal(calls, [
        ['i', 1n, 1n, 'x', big],
        ['i', 2n, 2n, 'y', 1],
        ['d', 1n, 1n, 'x', big],
        ['d', 2n, 2n, 'y', 1],
        ['i', 1n, 1n, 'y', 1n],
      ])
    },
  },
  {
    name: 'TEMP triggers see updates of keys and foreign-key actions',
    run: ({ connection }) => {
      const calls = capture(connection)
      connection.exec(`
        CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p ON UPDATE CASCADE ON DELETE CASCADE, b, c);
        ${captureTriggers}; INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 2, 3)`)
      calls.length = 0
      connection.exec('UPDATE p SET id = 5')
      connection.exec('DELETE FROM p')
      equal(calls, [
        ['u', 1n, 2n, 3n, 5n, 2n, 3n],
        ['d', 1n, 5n, 2n, 3n],
      ])
    },
  },
]

const errorCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'what a function throws comes out unchanged, from every call',
    run: ({ connection }) => {
      const error = new TypeError('This database connection is busy executing a query')
      connection.createFunction('fails', { argumentCount: 0 }, () => {
        throw error
      })
      const select = connection.prepare('SELECT fails()')
      isTrue(thrownBy(() => select.all()) === error, 'the same error from all')
      isTrue(thrownBy(() => select.get()) === error, 'the same error from get')
      isTrue(thrownBy(() => select.run()) === error, 'the same error from run')
      isTrue(thrownBy(() => connection.exec('SELECT 1; SELECT fails()')) === error, 'the same error from exec')
      equal(query(connection, 'SELECT 1'), [[1n]])
    },
  },
  {
    name: 'a function may throw anything',
    run: ({ connection }) => {
      for (const thrown of ['text', 7, undefined, null]) {
        connection.createFunction('fails', { argumentCount: 0 }, () => {
          throw thrown
        })
        equal(
          thrownBy(() => query(connection, 'SELECT fails()')),
          thrown,
        )
      }
    },
  },
  {
    name: 'a throw in a trigger undoes its statement only and leaves the transaction open',
    run: ({ connection }) => {
      const error = new Error('refused')
      connection.createFunction('refuse', { argumentCount: 1 }, (value) => {
        if (value === 3n) throw error
      })
      connection.exec(
        'CREATE TABLE t (a); CREATE TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT refuse(new.a); END; BEGIN',
      )
      connection.exec('INSERT INTO t VALUES (1)')
      const insert = connection.prepare('INSERT INTO t VALUES (2), (3), (4)')
      isTrue(thrownBy(() => insert.run()) === error, 'the same error')
      equal(connection.isInTransaction(), true)
      connection.exec('INSERT INTO t VALUES (5); COMMIT')
      equal(query(connection, 'SELECT a FROM t'), [[1n], [5n]])
    },
  },
  {
    name: 'a throw outside a transaction leaves none open',
    run: ({ connection }) => {
      connection.createFunction('refuse', { argumentCount: 0 }, () => {
        throw new Error('refused')
      })
      connection.exec('CREATE TABLE t (a); CREATE TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT refuse(); END')
      thrownBy(() => connection.exec('INSERT INTO t VALUES (1)'))
      equal(connection.isInTransaction(), false)
      equal(query(connection, 'SELECT a FROM t'), [])
    },
  },
  {
    name: 'inside its own function, called from a trigger too, a connection fails with Misuse and survives',
    run: ({ connection }) => {
      const select = connection.prepare('SELECT 1')
      const uses: ReadonlyArray<() => unknown> = [
        () => select.get(),
        () => select.all(),
        () => select.run(),
        () => connection.prepare('SELECT 1'),
        () => connection.exec('SELECT 1'),
        () => connection.serialize(),
        () => connection.close(),
      ]
      let next = 0
      connection.createFunction('nested', { argumentCount: 0 }, () => {
        failsWith({ reason: 'Misuse' }, uses[next++]!)
      })
      connection.exec('CREATE TABLE t (a); CREATE TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT nested(); END')
      for (const value of uses.keys()) query(connection, 'INSERT INTO t VALUES (?)', [value])
      equal(query(connection, 'SELECT count(*) FROM t'), [[BigInt(uses.length)]])
      equal(select.get(), [1])
    },
  },
  {
    name: 'a function may use another connection',
    run: async ({ connection, open }) => {
      const other = await open()
      other.exec('CREATE TABLE log (a)')
      const insert = other.prepare('INSERT INTO log VALUES (?)')
      connection.createFunction('forward', { argumentCount: 1 }, (value) => BigInt(insert.run([value ?? null])))
      equal(query(connection, 'SELECT forward(?), ?', ['to the other', 'mine']), [[1n, 'mine']])
      equal(query(other, 'SELECT a FROM log'), [['to the other']])
    },
  },
]

export const sqliteFunctionCases: ReadonlyArray<SqliteCase> = [...valueCases, ...triggerCases, ...errorCases]
