import type { TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import { type ChangesetApplier, makeChangesetApplier } from '../../src/sqlite/ChangesetApply.ts'
import {
  type CapturedChangeset,
  type ChangesetCapture,
  makeChangesetCapture,
} from '../../src/sqlite/ChangesetCapture.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'
import { SqliteError } from '../../src/sqlite/SqliteError.ts'
import { createTables, makeDump } from './ChangesetTables.ts'
import type { RandomStatement } from './RandomStatements.ts'

/** A database that materializes: foreign keys on, captured. */
export interface SessionDatabase {
  readonly connection: SqliteConnection
  readonly capture: ChangesetCapture
  readonly applier: ChangesetApplier
  readonly dump: () => string
  /** Materializes an event; statements that fail are left out, one that breaks a deferred key takes all with it. */
  readonly commit: (statements: ReadonlyArray<RandomStatement>) => CapturedChangeset | undefined
  readonly clear: () => void
  /** Runs a statement behind the back of capture and foreign keys; the result takes it back. */
  readonly tamper: (sql: string, params: RandomStatement['params']) => () => void
}

/** A database that only applies changesets: foreign keys off, no triggers. */
export interface LeaderDatabase {
  readonly connection: SqliteConnection
  readonly applier: ChangesetApplier
  readonly dump: () => string
  readonly clear: () => void
  /** Runs a statement behind the back of capture and foreign keys; the result takes it back. */
  readonly tamper: (sql: string, params: RandomStatement['params']) => () => void
}

export const openSession = (open: () => SqliteConnection, tables: ReadonlyArray<TableDescriptor>): SessionDatabase => {
  const connection = open()
  createTables(connection, tables)
  connection.exec('PRAGMA foreign_keys=ON')
  const capture = makeChangesetCapture(connection, tables)
  capture.install()
  const applier = makeChangesetApplier(connection, tables, { foreignKeys: 'on', capture })
  const plainApplier = makeChangesetApplier(connection, tables, { foreignKeys: 'off', capture })
  return {
    connection,
    capture,
    applier,
    dump: makeDump(connection, tables),
    commit: (statements) => {
      connection.exec('BEGIN')
      capture.begin()
      for (const statement of statements) {
        const mark = capture.mark()
        if (!tryStatement(connection, statement)) capture.rewind(mark)
      }
      const captured = capture.take()
      try {
        connection.exec('COMMIT')
        return captured
      } catch (error) {
        if (!(error instanceof SqliteError)) throw error
        connection.exec('ROLLBACK')
        return undefined
      }
    },
    clear: () => clearTables(connection, tables, 'ON'),
    tamper: (sql, params) => {
      const withoutForeignKeys = (run: () => void): void => {
        connection.exec('PRAGMA foreign_keys=OFF')
        run()
        connection.exec('PRAGMA foreign_keys=ON')
      }
      capture.begin()
      withoutForeignKeys(() => tryStatement(connection, { sql, params }))
      const { bytes } = capture.take()
      return () => withoutForeignKeys(() => plainApplier.applyInverse(bytes))
    },
  }
}

/** `false` when it broke a constraint, as many random statements do: nothing of it remains. */
const tryStatement = (connection: SqliteConnection, { sql, params }: RandomStatement): boolean => {
  const statement = connection.prepare(sql)
  try {
    statement.run(params)
    return true
  } catch (error) {
    if (!(error instanceof SqliteError) || error.isEnvironment) throw error
    return false
  } finally {
    statement.finalize()
  }
}

export const openLeader = (open: () => SqliteConnection, tables: ReadonlyArray<TableDescriptor>): LeaderDatabase => {
  const connection = open()
  createTables(connection, tables)
  connection.exec('PRAGMA foreign_keys=OFF')
  return {
    connection,
    applier: makeChangesetApplier(connection, tables, { foreignKeys: 'off' }),
    dump: makeDump(connection, tables),
    clear: () => clearTables(connection, tables, 'OFF'),
    tamper: (sql, params) => {
      connection.exec('SAVEPOINT tampering')
      tryStatement(connection, { sql, params })
      return () => connection.exec('ROLLBACK TO tampering; RELEASE tampering')
    },
  }
}

const clearTables = (
  connection: SqliteConnection,
  tables: ReadonlyArray<TableDescriptor>,
  foreignKeys: string,
): void => {
  const deletes = tables.map((table) => `DELETE FROM main."${table.name.replaceAll('"', '""')}";`).join(' ')
  connection.exec(`PRAGMA foreign_keys=OFF; BEGIN; ${deletes} COMMIT; PRAGMA foreign_keys=${foreignKeys};`)
}

/** Runs in a transaction that is rolled back when `run` throws. */
export const inTransaction = <T>(connection: SqliteConnection, run: () => T): T => {
  connection.exec('BEGIN')
  try {
    const result = run()
    connection.exec('COMMIT')
    return result
  } catch (error) {
    if (connection.isInTransaction()) connection.exec('ROLLBACK')
    throw error
  }
}
