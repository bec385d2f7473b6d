import { describe, expect, it } from 'vitest'
import type { TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import { makeChangesetApplier } from '../../src/sqlite/ChangesetApply.ts'
import { makeChangesetCapture } from '../../src/sqlite/ChangesetCapture.ts'
import { decodeChangeset } from '../../src/sqlite/Changeset.ts'
import { openSession } from './ChangesetDatabases.ts'
import { changesetTables, makeDump, rowText } from './ChangesetTables.ts'
import { drivers } from './Drivers.ts'

describe.each(drivers)('capture on $driver', ({ open }) => {
  const session = openSession(open, changesetTables)
  const { connection, capture } = session
  const captured = (...statements: ReadonlyArray<string>): ReadonlyArray<string> => {
    capture.begin()
    for (const sql of statements) connection.exec(sql)
    const { bytes, changes } = capture.take()
    const texts = changes().map(
      ({ kind, table, before, after }) =>
        `${kind} ${table.name}${before ? ` -[${rowText(before)}]` : ''}${after ? ` +[${rowText(after)}]` : ''}`,
    )
    expect(decodeChangeset(bytes, changesetTables)).toEqual(changes())
    return texts
  }

  it('sees what REPLACE deletes, upserts, and rowids; an update that changes nothing is none', () => {
    session.clear()
    expect(captured("INSERT INTO docs VALUES ('a', 1, x'01'), ('b', 2, 1.0)")).toEqual([
      `insert docs +["a" | 1 | x'01' | 1]`,
      `insert docs +["b" | 2 | REAL 1 | 2]`,
    ])
    expect(captured("REPLACE INTO docs VALUES ('a', 2, 9007199254740993)")).toEqual([
      `delete docs -["a" | 1 | x'01' | 1]`,
      `delete docs -["b" | 2 | REAL 1 | 2]`,
      `insert docs +["a" | 2 | 9007199254740993 | 3]`,
    ])
    expect(captured("INSERT INTO docs VALUES ('a', 3, 0) ON CONFLICT (key) DO UPDATE SET n = 7")).toEqual([
      `update docs -["a" | 2 | 9007199254740993 | 3] +["a" | 7 | 9007199254740993 | 3]`,
    ])
    expect(captured('UPDATE docs SET n = n')).toEqual([])
  })

  it('sees the actions of foreign keys', () => {
    session.clear()
    captured(
      "INSERT INTO parents VALUES (1, 'a')",
      'INSERT INTO kids_cascade VALUES (5, 1, NULL)',
      'INSERT INTO grandkids VALUES (9, 5)',
    )
    expect(captured('UPDATE parents SET id = 2')).toEqual([
      'update kids_cascade -[5 | 1 | NULL] +[5 | 2 | NULL]',
      'update parents -[1 | "a"] +[2 | "a"]',
    ])
    expect(captured('DELETE FROM parents')).toEqual([
      'delete grandkids -[9 | 5]',
      'delete kids_cascade -[5 | 2 | NULL]',
      'delete parents -[2 | "a"]',
    ])
  })

  it('forgets what was rewound, paused, discarded or begun anew', () => {
    session.clear()
    connection.exec('BEGIN')
    capture.begin()
    connection.exec("INSERT INTO docs VALUES ('kept', 1, NULL)")
    connection.exec('SAVEPOINT s')
    const mark = capture.mark()
    connection.exec("INSERT INTO docs VALUES ('lost', 2, NULL)")
    connection.exec('ROLLBACK TO s')
    capture.rewind(mark)
    capture.pauseWhile(() => connection.exec("INSERT INTO docs VALUES ('paused', 3, NULL)"))
    connection.exec('COMMIT')
    expect(
      capture
        .take()
        .changes()
        .map(({ after }) => after?.[0]),
    ).toEqual(['kept'])
    capture.begin()
    connection.exec("DELETE FROM docs WHERE key = 'kept'")
    capture.discard()
    connection.exec("DELETE FROM docs WHERE key = 'paused'")
    expect(capture.take().bytes.length).toBe(0)
  })

  it('stops when uninstalled and starts again when installed, also after DDL', () => {
    session.clear()
    capture.uninstall()
    expect(captured("INSERT INTO docs VALUES ('a', 1, NULL)")).toEqual([])
    capture.install()
    capture.install()
    expect(captured("DELETE FROM docs WHERE key = 'a'").length).toBe(1)
  })

  it('captures and applies 200 columns, more than one call can take', () => {
    const wide: TableDescriptor = {
      name: 'wide',
      columns: Array.from({ length: 200 }, (_, index) => ({ name: `c${index}`, affinity: 'BLOB' as const })),
      primaryKey: [],
      isWithoutRowid: false,
      isClientOnly: false,
      createSql: [],
    }
    const database = open()
    database.exec(`CREATE TABLE wide (${wide.columns.map(({ name }) => name).join(', ')})`)
    const wideCapture = makeChangesetCapture(database, [wide])
    wideCapture.install()
    const applier = makeChangesetApplier(database, [wide], { foreignKeys: 'on', capture: wideCapture })
    const dump = makeDump(database, [wide])
    const commit = (sql: string): Uint8Array => {
      wideCapture.begin()
      database.exec(sql)
      return wideCapture.take().bytes
    }
    const dumps = [dump()]
    const changesets = [
      `INSERT INTO wide VALUES (${wide.columns.map((_, index) => (index % 3 === 0 ? `${index}.0` : `'v${index}'`)).join(', ')})`,
      `UPDATE wide SET c199 = 'x', c0 = 17, c130 = NULL, rowid = 40`,
      'DELETE FROM wide',
    ].map((sql) => {
      const bytes = commit(sql)
      dumps.push(dump())
      return bytes
    })
    expect(changesets.map((bytes) => decodeChangeset(bytes, [wide]).length)).toEqual([1, 1, 1])
    for (let index = 2; index >= 0; index--) {
      applier.applyInverse(changesets[index]!)
      expect(dump()).toBe(dumps[index])
    }
    for (let index = 0; index < 3; index++) {
      applier.applyForward(changesets[index]!)
      expect(dump()).toBe(dumps[index + 1])
    }
    database.close()
  })

  it('refuses a table that hides its rowid', () => {
    const database = open()
    database.exec('CREATE TABLE t (rowid, _rowid_, oid)')
    const table: TableDescriptor = {
      name: 't',
      columns: ['rowid', '_rowid_', 'oid'].map((name) => ({ name, affinity: 'BLOB' as const })),
      primaryKey: [],
      isWithoutRowid: false,
      isClientOnly: false,
      createSql: [],
    }
    expect(() => makeChangesetCapture(database, [table]).install()).toThrow('hide every name of its rowid')
    database.close()
  })
})
