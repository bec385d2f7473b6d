import { beforeAll, expect, test } from 'vitest'
import { loadWasmSqlite, type WasmSqlite } from '../../../sqlite-wasm/src/index.ts'
import { FaultyDisk } from '../../../testkit/src/files/FaultyDisk.ts'
import { openFaultyWasm } from '../../../testkit/src/files/FaultyWasm.ts'
import { CommitSync } from '../../src/leader/CommitSync.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'

let sqlite: WasmSqlite
beforeAll(async () => {
  sqlite = await loadWasmSqlite()
})

const file = 'log.db'
/** Copied into the database every few COMMITs. */
const walPages = 6

const open = (disk: FaultyDisk): SqliteConnection => {
  const connection = openFaultyWasm(sqlite, disk, file)
  connection.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${walPages}`)
  return connection
}

/** What would be found if the power failed now and nothing had arrived that was not synced. */
const afterPowerLoss = (disk: FaultyDisk): ReadonlyArray<number> => {
  const copy = disk.copy()
  copy.losePower(() => 0)
  const connection = openFaultyWasm(sqlite, copy, file)
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    expect(connection.prepare('PRAGMA integrity_check').get()).toEqual(['ok'])
    return connection
      .prepare('SELECT n FROM rows ORDER BY n')
      .all()
      .map(([n]) => Number(n))
  } finally {
    connection.close()
  }
}

/** COMMITs of which every third waits for the disk, with one sync that fails; after a failure the WAL is copied first, as `recover` does it. */
const run = (disk: FaultyDisk, failingSync: number): { readonly isFailed: boolean } => {
  const connection = open(disk)
  const sync = new CommitSync(connection)
  connection.exec('CREATE TABLE rows (n INTEGER PRIMARY KEY, filler BLOB)')
  let syncs = 0
  let isFailed = false
  disk.beforeOperation = ({ kind }) => (kind === 'sync' && ++syncs === failingSync ? 'io' : undefined)
  for (let n = 1; n <= 60; n++) {
    const wanted = n % 3 === 0 ? 'now' : 'later'
    sync.choose(wanted)
    try {
      connection.exec(`BEGIN; INSERT INTO rows VALUES (${n}, zeroblob(3000)); COMMIT`)
    } catch {
      isFailed = true
      if (connection.isInTransaction()) connection.exec('ROLLBACK')
      sync.copyWal()
      sync.choose('now')
      connection.exec(`BEGIN; INSERT OR REPLACE INTO rows VALUES (${n}, zeroblob(3000)); COMMIT`)
    }
    if (wanted === 'now') expect(afterPowerLoss(disk), `sync ${failingSync}, COMMIT ${n}`).toHaveLength(n)
  }
  isFailed ||= syncs >= failingSync
  connection.close()
  return { isFailed }
}

test('whichever sync fails: a COMMIT that waited is on disk, and all before it', () => {
  let failingSync = 1
  while (run(new FaultyDisk(), failingSync).isFailed) failingSync++
  // At least every COMMIT that waits has one.
  expect(failingSync).toBeGreaterThan(20)
})

test('of COMMITs in a row that could all be left for later some wait, and the WAL ends somewhere', () => {
  const disk = new FaultyDisk()
  const connection = open(disk)
  const sync = new CommitSync(connection)
  connection.exec('CREATE TABLE rows (n INTEGER PRIMARY KEY, filler BLOB)')
  const lost: Array<number> = []
  for (let n = 1; n <= 200; n++) {
    sync.choose('later')
    connection.exec(`INSERT INTO rows VALUES (${n}, zeroblob(3000))`)
    lost.push(n - afterPowerLoss(disk).length)
  }
  expect(Math.max(...lost)).toBe(32)
  // Of 200 rows of a page each, 33 at most are only there.
  expect(disk.readFile(`${file}-wal`).length).toBeLessThan(150 * 4096)
  connection.close()
})
