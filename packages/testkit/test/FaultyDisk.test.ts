import type { SqliteConnection } from '@headwater/core/sqlite'
import { FaultyDisk, openFaultyWasm, sqliteConnectionSuite } from '@headwater/testkit'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { describe, expect, test } from 'vitest'
import { PowerCutWorkload } from './PowerCutWorkload.ts'

const sqlite = await loadWasmSqlite()

const exclusively = (connection: SqliteConnection): SqliteConnection => {
  connection.exec('PRAGMA locking_mode = EXCLUSIVE')
  return connection
}

describe('SQLite on a faulty disk without faults', () => {
  const disk = new FaultyDisk()
  let next = 0
  sqliteConnectionSuite({
    describe,
    test,
    open: (options) => openFaultyWasm(sqlite, disk, `database-${(next += 1)}`, options),
    capabilities: {
      wal: true,
      openFile: (name, options) => {
        const connection = openFaultyWasm(sqlite, disk, `${name}.db`, options)
        return name === 'wal' ? exclusively(connection) : connection
      },
    },
  })
})

const modes = [
  { journal: 'DELETE', synchronous: 'FULL' },
  { journal: 'TRUNCATE', synchronous: 'FULL' },
  { journal: 'PERSIST', synchronous: 'FULL' },
  { journal: 'WAL', synchronous: 'FULL' },
  { journal: 'WAL', synchronous: 'NORMAL' },
] as const

describe('a power cut', () => {
  for (const { journal, synchronous } of modes) {
    test(`at every operation, ${journal} with synchronous=${synchronous}`, () => {
      const tally = { points: 0, commits: 0, lost: 0 }
      for (let seed = 1; seed <= 2; seed++) {
        for (let cutAt = 1; ; cutAt++) {
          const workload = new PowerCutWorkload({ sqlite, seed, journal, synchronous })
          const wasCut = workload.run(cutAt)
          const found = workload.reopen()
          expect(found, `seed ${seed}, cut at operation ${cutAt}`).toMatchObject({ integrity: 'ok', isPrefix: true })
          if (synchronous === 'FULL' || !wasCut) expect(found.lost, `seed ${seed}, cut at operation ${cutAt}`).toBe(0)
          tally.commits += workload.acknowledged
          tally.lost += found.lost
          if (!wasCut) break
          tally.points++
        }
      }
      expect(tally.points).toBeGreaterThan(100)
      if (synchronous === 'NORMAL') expect(tally.lost).toBeGreaterThan(0)
      console.log(
        `PROOF power_cuts=${tally.points} journal=${journal} synchronous=${synchronous} acknowledged=${tally.commits} lost=${tally.lost}`,
      )
    })
  }

  test('with synchronous=OFF loses commits, or breaks the file', () => {
    let broken = 0
    for (let cutAt = 1; ; cutAt++) {
      const workload = new PowerCutWorkload({ sqlite, seed: 1, journal: 'DELETE', synchronous: 'OFF' })
      const wasCut = workload.run(cutAt)
      const found = workload.reopen()
      if (found.lost > 0 || found.integrity !== 'ok' || !found.isPrefix) broken++
      if (!wasCut) break
    }
    expect(broken).toBeGreaterThan(10)
  })
})

const open = (disk: FaultyDisk): SqliteConnection => openFaultyWasm(sqlite, disk, 'store.db')

const rows = (connection: SqliteConnection): number => Number(connection.prepare('SELECT count(*) FROM t').get()![0])

const withTable = (disk: FaultyDisk): SqliteConnection => {
  const connection = open(disk)
  connection.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  return connection
}

describe('a fault', () => {
  const faults = [
    { kind: 'open', fault: 'io', code: 'SQLITE_CANTOPEN' },
    { kind: 'write', fault: 'io', code: 'SQLITE_IOERR_WRITE' },
    { kind: 'write', fault: 'full', code: 'SQLITE_FULL' },
    { kind: 'write', fault: 'short-write', code: 'SQLITE_FULL' },
    { kind: 'sync', fault: 'io', code: 'SQLITE_IOERR_FSYNC' },
    { kind: 'delete', fault: 'io', code: 'SQLITE_IOERR_DELETE' },
  ] as const
  for (const { kind, fault, code } of faults) {
    test(`${fault} of ${kind} is ${code}, rolled back, and the next try succeeds`, () => {
      const disk = new FaultyDisk()
      const connection = withTable(disk)
      disk.beforeOperation = (operation) => (operation.kind === kind ? fault : undefined)
      expect(() => connection.exec('INSERT INTO t VALUES (zeroblob(20000))')).toThrow(
        expect.objectContaining({ code, isEnvironment: true }),
      )
      disk.beforeOperation = null
      expect(rows(connection)).toBe(1)
      connection.exec('INSERT INTO t VALUES (2)')
      expect(rows(connection)).toBe(2)
      expect(connection.prepare('PRAGMA integrity_check').all()).toEqual([['ok']])
      connection.close()
    })
  }

  test('a truncate fails in WAL mode and in TRUNCATE mode', () => {
    const disk = new FaultyDisk()
    const connection = withTable(disk)
    connection.exec('PRAGMA journal_mode = TRUNCATE')
    disk.beforeOperation = ({ kind }) => (kind === 'truncate' ? 'io' : undefined)
    expect(() => connection.exec('INSERT INTO t VALUES (2)')).toThrow(
      expect.objectContaining({ code: 'SQLITE_IOERR_TRUNCATE' }),
    )
    connection.close()
  })

  test('names the file and where, and every operation is counted', () => {
    const disk = new FaultyDisk()
    const seen = new Set<string>()
    disk.beforeOperation = ({ kind, file }) => {
      seen.add(`${kind} ${file}`)
      return undefined
    }
    withTable(disk).close()
    expect([...seen]).toEqual(
      expect.arrayContaining(['open store.db', 'open store.db-journal', 'write store.db', 'delete store.db-journal']),
    )
    expect(disk.counts).toMatchObject({ delete: 2 })
    expect(
      Math.min(...['open', 'read', 'write', 'sync', 'access'].map((kind) => disk.counts[kind as 'open'])),
    ).toBeGreaterThan(0)
    expect(disk.files).toEqual(['store.db'])
  })
})

describe('a process that has died', () => {
  test('changes nothing any more, and its locks are gone', () => {
    const disk = new FaultyDisk()
    const dead = withTable(disk)
    dead.exec('BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)')
    dead.prepare('INSERT INTO t VALUES (3)')
    disk.killProcess()
    const before = disk.files.map((name) => disk.readFile(name))
    expect(() => dead.exec('COMMIT')).toThrow(expect.objectContaining({ reason: 'IoFailed' }))
    dead.close()
    expect(disk.files.map((name) => disk.readFile(name))).toEqual(before)
    const next = open(disk)
    expect(rows(next)).toBe(1)
    next.exec('BEGIN EXCLUSIVE; INSERT INTO t VALUES (2); COMMIT')
    expect(rows(next)).toBe(2)
    next.close()
  })

  test('leaves no memory behind once its connections are closed', () => {
    const once = (journal: string): void => {
      const disk = new FaultyDisk()
      const connection = exclusively(open(disk))
      connection.exec(`PRAGMA journal_mode = ${journal}; CREATE TABLE t (a)`)
      connection.prepare('SELECT * FROM t')
      connection.exec('PRAGMA cache_size = 5; BEGIN; INSERT INTO t VALUES (zeroblob(200000))')
      disk.killProcess()
      connection.close()
    }
    for (const journal of ['DELETE', 'WAL']) for (let i = 0; i < 20; i++) once(journal)
    const before = sqlite.exports.HEAPU8.length
    for (const journal of ['DELETE', 'WAL']) for (let i = 0; i < 300; i++) once(journal)
    expect(sqlite.exports.HEAPU8.length).toBe(before)
  })

  test('may die within an operation', () => {
    const disk = new FaultyDisk()
    const connection = withTable(disk)
    disk.beforeOperation = ({ kind }) => {
      if (kind === 'sync') disk.killProcess()
      return undefined
    }
    expect(() => connection.exec('INSERT INTO t VALUES (2)')).toThrow(expect.objectContaining({ reason: 'IoFailed' }))
    connection.close()
    disk.beforeOperation = null
    const next = open(disk)
    expect(rows(next)).toBe(1)
    next.close()
  })
})

test('files are read, written whole, moved, copied and removed', () => {
  const disk = new FaultyDisk()
  withTable(disk).close()
  const copy = disk.copy()
  const bytes = disk.readFile('store.db')
  disk.rename('store.db', 'kept.db')
  expect([disk.exists('store.db'), disk.exists('kept.db')]).toEqual([false, true])
  disk.writeFile('store.db', bytes)
  disk.losePower(() => 0)
  const again = open(disk)
  expect(rows(again)).toBe(1)
  again.exec('INSERT INTO t VALUES (2)')
  again.close()
  expect([disk.remove('kept.db'), disk.remove('kept.db')]).toEqual([true, false])
  expect(() => disk.readFile('kept.db')).toThrow('no file kept.db')
  const older = open(copy)
  expect(rows(older)).toBe(1)
  older.close()
})
