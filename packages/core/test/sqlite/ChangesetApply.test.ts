import { afterAll, describe, expect, it } from 'vitest'
import { ChangesetInexact } from '../../src/sqlite/ChangesetApply.ts'
import { decodeChangeset, encodeChangeset, hashChangeset } from '../../src/sqlite/Changeset.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'
import {
  type LeaderDatabase,
  type SessionDatabase,
  inTransaction,
  openLeader,
  openSession,
} from './ChangesetDatabases.ts'
import { changesetTables } from './ChangesetTables.ts'
import { drivers } from './Drivers.ts'
import { type Random, type RandomStatement, makeRandom, populate, randomStatement } from './RandomStatements.ts'

/** Random sequences over all drivers together; `HEADWATER_CHANGESET_SEQUENCES=20000` for a long run. */
const sequences = Number(process.env['HEADWATER_CHANGESET_SEQUENCES'] ?? 400)
const firstSeed = Number(process.env['HEADWATER_CHANGESET_SEED'] ?? 1)
/** better-sqlite3 frees a statement only when it is collected; thousands of them slow a connection down. */
const sequencesPerDatabase = 25
const stepsPerSequence = 12

interface LoggedEvent {
  readonly bytes: Uint8Array
  readonly dump: string
  readonly statements: ReadonlyArray<RandomStatement>
}

let roundTrips = 0
let tampered = 0
afterAll(() => {
  console.log(`PROOF changeset_round_trips=${roundTrips}`)
  console.log(`PROOF changeset_tampered_rows=${tampered}`)
})

describe.each(drivers)('changesets on $driver', ({ open }) => {
  it('undo, apply elsewhere, undo there, and apply again, each byte for byte', { timeout: 600_000 }, () => {
    let databases: readonly [SessionDatabase, LeaderDatabase] | undefined
    const count = Math.ceil(sequences / drivers.length)
    for (let index = 0; index < count; index++) {
      if (index % sequencesPerDatabase === 0) databases = reopen(open, databases)
      const [session, leader] = databases!
      const seed = firstSeed + index
      try {
        runSequence(makeRandom(seed), session, leader)
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
      }
    }
  })

  it(
    'refuses or restores when a captured row was tampered with, never leaves a difference',
    { timeout: 600_000 },
    () => {
      let databases: readonly [SessionDatabase, LeaderDatabase] | undefined
      const count = Math.ceil(sequences / drivers.length / 2)
      for (let index = 0; index < count; index++) {
        if (index % sequencesPerDatabase === 0) databases = reopen(open, databases)
        const [session, leader] = databases!
        runTampered(makeRandom(firstSeed + index), session, leader, firstSeed + index)
      }
    },
  )
})

const reopen = (
  open: () => SqliteConnection,
  previous: readonly [SessionDatabase, LeaderDatabase] | undefined,
): readonly [SessionDatabase, LeaderDatabase] => {
  for (const { connection } of previous ?? []) connection.close()
  return [openSession(open, changesetTables), openLeader(open, changesetTables)]
}

/** Fills both databases; what a statement of it did has to arrive at the leader already. */
const begin = (random: Random, session: SessionDatabase, leader: LeaderDatabase): Array<LoggedEvent> => {
  session.clear()
  leader.clear()
  for (const statement of populate(random, changesetTables)) {
    const captured = session.commit([statement])
    if (captured !== undefined) leader.applier.applyForward(captured.bytes)
  }
  const dump = session.dump()
  expect(leader.dump()).toBe(dump)
  return [{ bytes: new Uint8Array(0), dump, statements: [] }]
}

const commitRandom = (random: Random, session: SessionDatabase): LoggedEvent | undefined => {
  const statements = Array.from({ length: 1 + random.integer(4) }, () => randomStatement(random, changesetTables))
  const captured = session.commit(statements)
  if (captured === undefined) return undefined
  expect(captured.bytes).toEqual(encodeChangeset(captured.changes()))
  return { bytes: captured.bytes, dump: session.dump(), statements }
}

const runSequence = (random: Random, session: SessionDatabase, leader: LeaderDatabase): void => {
  const log = begin(random, session, leader)
  for (let step = 0; step < stepsPerSequence; step++) {
    if (log.length > 1 && random.chance(0.3)) {
      rollBackAndRedo(random, log, [session, leader])
      continue
    }
    const event = commitRandom(random, session)
    if (event === undefined) continue
    log.push(event)
    inTransaction(leader.connection, () => leader.applier.applyForward(event.bytes))
    expect(leader.dump()).toBe(event.dump)
    roundTrips++
  }
  rollBackTo(0, log, session)
  rollBackTo(0, log, leader)
}

const rollBackAndRedo = (
  random: Random,
  log: Array<LoggedEvent>,
  databases: ReadonlyArray<SessionDatabase | LeaderDatabase>,
): void => {
  const base = random.integer(log.length)
  const end = base + random.integer(log.length - base)
  for (const database of databases) {
    rollBackTo(base, log, database)
    inTransaction(database.connection, () =>
      database.applier.batch(() =>
        log.slice(base + 1, end + 1).forEach(({ bytes }) => database.applier.applyForward(bytes)),
      ),
    )
    expect(database.dump()).toBe(log[end]!.dump)
    roundTrips += end - base
  }
  log.length = end + 1
}

const rollBackTo = (
  base: number,
  log: ReadonlyArray<LoggedEvent>,
  database: SessionDatabase | LeaderDatabase,
): void => {
  inTransaction(database.connection, () =>
    database.applier.batch(() => {
      for (let index = log.length - 1; index > base; index--) database.applier.applyInverse(log[index]!.bytes)
    }),
  )
  expect(database.dump()).toBe(log[base]!.dump)
  roundTrips += log.length - 1 - base
}

/** Changes one row of a changeset behind its back, undoes the event, and looks at all tables. */
const runTampered = (random: Random, session: SessionDatabase, leader: LeaderDatabase, seed: number): void => {
  const log = begin(random, session, leader)
  for (let step = 0; step < 6; step++) {
    const event = commitRandom(random, session)
    if (event === undefined || event.bytes.length === 0) continue
    leader.applier.applyForward(event.bytes)
    const before = log.at(-1)!.dump
    log.push(event)
    for (const database of [session, leader]) {
      const { sql, params } = tampering(random, event)
      const restore = database.tamper(sql, params)
      if (database.dump() !== event.dump) {
        tampered++
        undoTampered(database, event, before, `seed ${seed}`)
      }
      restore()
      expect(database.dump()).toBe(event.dump)
    }
  }
}

const undoTampered = (
  database: SessionDatabase | LeaderDatabase,
  event: LoggedEvent,
  before: string,
  label: string,
): void => {
  database.connection.exec('SAVEPOINT undo')
  try {
    database.applier.applyInverse(event.bytes)
    expect(database.dump(), label).toBe(before)
  } catch (error) {
    expect(error, label).toBeInstanceOf(ChangesetInexact)
  }
  database.connection.exec('ROLLBACK TO undo; RELEASE undo')
}

/** Deletes a row that the event left behind, changes one of its values, or puts one where the event deleted one. */
const tampering = (random: Random, event: LoggedEvent): RandomStatement => {
  const change = random.pick(decodeChangeset(event.bytes, changesetTables))
  const { table } = change
  const name = `"${table.name.replaceAll('"', '""')}"`
  const row = (change.after ?? change.before)!
  const position = (column: string): number => table.columns.findIndex((candidate) => candidate.name === column)
  const hasOwnRowid = row.length > table.columns.length
  const keyColumns = hasOwnRowid ? ['_rowid_'] : table.primaryKey
  const key = hasOwnRowid ? [row.at(-1)!] : table.primaryKey.map((column) => row[position(column)]!)
  const where = keyColumns.map((column) => `"${column}" = ?`).join(' AND ')
  if (change.after === undefined) {
    const names = table.columns.map((column) => `"${column.name}"`).concat(hasOwnRowid ? ['_rowid_'] : [])
    const sql = `INSERT OR IGNORE INTO ${name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
    return { sql, params: row }
  }
  if (random.chance(0.3)) return { sql: `DELETE FROM ${name} WHERE ${where}`, params: key }
  const other = random.pick([null, 1n, 1, -0, 'a', 'A', 'tampered', 77n, new Uint8Array([1])])
  const column = `"${random.pick(table.columns).name}"`
  return { sql: `UPDATE OR IGNORE ${name} SET ${column} = ? WHERE ${where}`, params: [other, ...key] }
}

describe.each(drivers)('known hard cases on $driver', ({ open }) => {
  const session = openSession(open, changesetTables)
  const leader = openLeader(open, changesetTables)
  const cases: ReadonlyArray<readonly [name: string, before: string, event: string]> = [
    [
      'shifted unique keys',
      "INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
      'UPDATE items SET id = id - 1',
    ],
    [
      'exchanged unique values',
      "INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b')",
      "UPDATE items SET name = NULL WHERE id = 1; UPDATE items SET name = 'a' WHERE id = 2; UPDATE items SET name = 'b' WHERE id = 1",
    ],
    [
      'the case of a NOCASE key',
      "INSERT INTO pairs VALUES ('a', 1, 2.5); INSERT INTO late_parents VALUES ('a', 1)",
      "UPDATE pairs SET a = 'A', b = 1.0; UPDATE late_parents SET id = 'A'",
    ],
    ['a row that is its own parent', 'INSERT INTO tree VALUES (1, 1, NULL)', 'UPDATE tree SET id = 2'],
    [
      'its own parent, moved and moved back',
      "INSERT INTO tree VALUES (1, 1, 'x')",
      "UPDATE tree SET id = 2; UPDATE tree SET id = 1; UPDATE tree SET label = 'y'",
    ],
    [
      'an action on the row being replaced into',
      "INSERT INTO tree_null VALUES (2, NULL, 'b'), (1, 2, 'a')",
      'UPDATE OR REPLACE tree_null SET id = 2 WHERE id = 1',
    ],
    [
      'a child before its parent, with RESTRICT',
      'INSERT INTO parents VALUES (9, NULL)',
      "INSERT INTO tree_restrict VALUES (1, 2, 'child'), (2, NULL, 'parent')",
    ],
    [
      'a key that passes to another parent under a deferred cascade',
      "INSERT INTO late_parents VALUES ('a', 1); INSERT INTO late_kids VALUES (1, 'a', NULL)",
      "DELETE FROM late_kids; UPDATE late_parents SET id = 'b'; INSERT INTO late_parents VALUES ('a', 2); INSERT INTO late_kids VALUES (1, 'a', NULL)",
    ],
    [
      'REPLACE of several rows with children',
      "INSERT INTO parents VALUES (1, 'a'), (2, 'b'); INSERT INTO kids_cascade VALUES (1, 1, 'u'), (2, 2, 'v'); INSERT INTO grandkids VALUES (1, 2); INSERT INTO kids_default VALUES (1, 0)",
      "REPLACE INTO parents VALUES (1, 'b')",
    ],
    ['all rows of a table', "INSERT INTO notes VALUES ('a', 1, -0.0), ('b', 1.5, 9e999)", 'DELETE FROM notes'],
  ]
  it.each(cases)('%s', (_, before, event) => {
    session.clear()
    leader.clear()
    const setup = session.commit(split(before))!
    leader.applier.applyForward(setup.bytes)
    const start = session.dump()
    expect(leader.dump()).toBe(start)
    const captured = session.commit(split(event))!
    expect(captured.bytes.length).toBeGreaterThan(0)
    const end = session.dump()
    expect(end).not.toBe(start)
    for (const database of [leader, session]) {
      if (database === leader) database.applier.applyForward(captured.bytes)
      for (const [apply, expected] of [
        ['applyInverse', start],
        ['applyForward', end],
        ['applyInverse', start],
      ] as const) {
        inTransaction(database.connection, () => database.applier[apply](captured.bytes))
        expect(database.dump()).toBe(expected)
      }
    }
    const again = session.commit(split(event))!
    expect(hashChangeset(again.bytes)).toBe(hashChangeset(captured.bytes))
  })

  it('takes rows that an action of the inverse carries along back, although the event never touched them', () => {
    session.clear()
    session.commit(split("INSERT INTO late_parents VALUES ('a', 1); INSERT INTO late_kids VALUES (1, 'a', NULL)"))
    const start = session.dump()
    // The key passes to another row while the child stays; undone newest first, the cascade of the delete takes it.
    session.connection.exec('PRAGMA foreign_keys=OFF')
    const captured = session.commit(
      split("UPDATE late_parents SET id = 'b'; INSERT INTO late_parents VALUES ('a', 2)"),
    )!
    session.connection.exec('PRAGMA foreign_keys=ON')
    inTransaction(session.connection, () => session.applier.applyInverse(captured.bytes))
    expect(session.dump()).toBe(start)
  })

  it('says which row does not fit', () => {
    session.clear()
    leader.clear()
    const { bytes } = session.commit(split("INSERT INTO docs VALUES ('a', 1, NULL)"))!
    session.connection.exec("UPDATE docs SET body = 'other'")
    expect(() => session.applier.applyInverse(bytes)).toThrow('The changeset does not fit: delete in docs')
    expect(() => leader.applier.applyInverse(bytes)).toThrow('delete in docs: the row is missing')
  })
})

const split = (sql: string): ReadonlyArray<RandomStatement> =>
  sql.split('; ').map((text) => ({ sql: text, params: [] }))
