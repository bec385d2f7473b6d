import { equal } from '../Assert.ts'
import { type SqliteCase, failsWith, query } from './SqliteCase.ts'

export const sqliteTransactionCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'isInTransaction follows BEGIN, COMMIT and ROLLBACK',
    run: ({ connection }) => {
      equal(connection.isInTransaction(), false)
      connection.exec('BEGIN')
      equal(connection.isInTransaction(), true)
      connection.exec('COMMIT')
      equal(connection.isInTransaction(), false)
      connection.prepare('BEGIN IMMEDIATE').run()
      equal(connection.isInTransaction(), true)
      connection.prepare('ROLLBACK').run()
      equal(connection.isInTransaction(), false)
    },
  },
  {
    name: 'savepoints roll back to where they stand',
    run: ({ connection }) => {
      connection.exec(
        'CREATE TABLE t (a); SAVEPOINT s1; INSERT INTO t VALUES (1); SAVEPOINT s2; INSERT INTO t VALUES (2)',
      )
      equal(connection.isInTransaction(), true)
      connection.exec('ROLLBACK TO s2')
      equal(query(connection, 'SELECT a FROM t'), [[1n]])
      connection.exec('RELEASE s2; RELEASE s1')
      equal(connection.isInTransaction(), false)
      equal(query(connection, 'SELECT a FROM t'), [[1n]])
    },
  },
  {
    name: 'ROLLBACK undoes rows and tables',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1); CREATE TABLE u (a); ROLLBACK')
      equal(query(connection, 'SELECT name FROM sqlite_schema'), [['t']])
      equal(query(connection, 'SELECT a FROM t'), [])
    },
  },
  {
    name: 'a failed statement undoes itself only',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a UNIQUE); BEGIN; INSERT INTO t VALUES (1)')
      failsWith({ reason: 'ConstraintFailed' }, () => connection.exec('INSERT INTO t VALUES (2), (1)'))
      equal(connection.isInTransaction(), true)
      connection.exec('COMMIT')
      equal(query(connection, 'SELECT a FROM t'), [[1n]])
    },
  },
  {
    name: 'foreign keys are enforced from the start',
    run: ({ connection }) => equal(query(connection, 'PRAGMA foreign_keys'), [[1n]]),
  },
  {
    name: 'a COMMIT that fails on a deferred foreign key leaves the transaction open, to be repaired or rolled back',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)')
      const commit = connection.prepare('COMMIT')
      connection.exec('BEGIN; INSERT INTO c VALUES (1)')
      failsWith({ reason: 'ConstraintFailed', code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }, () => commit.run())
      equal(connection.isInTransaction(), true)
      connection.exec('INSERT INTO p VALUES (1)')
      commit.run()
      equal(connection.isInTransaction(), false)
      equal(query(connection, 'SELECT p FROM c'), [[1n]])
    },
  },
  {
    name: 'RELEASE of the outermost savepoint fails on a deferred foreign key as COMMIT does',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)')
      connection.exec('SAVEPOINT s; INSERT INTO c VALUES (1)')
      failsWith({ reason: 'ConstraintFailed', code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }, () =>
        connection.exec('RELEASE s'),
      )
      equal(connection.isInTransaction(), true)
      connection.exec('ROLLBACK TO s; RELEASE s')
      equal(query(connection, 'SELECT p FROM c'), [])
    },
  },
  {
    name: 'a deferred foreign key outside a transaction fails the statement, by get too',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)')
      const insert = connection.prepare('INSERT INTO c VALUES (1) RETURNING p')
      failsWith({ reason: 'ConstraintFailed' }, () => insert.get())
      failsWith({ reason: 'ConstraintFailed' }, () => insert.all())
      failsWith({ reason: 'ConstraintFailed' }, () => insert.run())
      equal(query(connection, 'SELECT p FROM c'), [])
    },
  },
  {
    name: 'close rolls back an open transaction',
    needs: 'file',
    run: async ({ openFile }) => {
      const first = await openFile('closed-in-transaction')
      first.exec('CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)')
      first.close()
      equal(query(await openFile('closed-in-transaction'), 'SELECT a FROM t'), [])
    },
  },
  {
    name: 'what was committed is there when the file is opened again',
    needs: 'file',
    run: async ({ openFile }) => {
      const first = await openFile('reopened')
      first.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
      first.close()
      equal(query(await openFile('reopened'), 'SELECT a FROM t'), [[1n]])
    },
  },
]
