import type { SqliteConnection } from '@headwater/core/sqlite'
import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'
import { openOpfsSqlite } from '../../../src/OpfsSqlite.ts'
import { OpfsPool } from '../../../src/OpfsPool.ts'
import { opfsFolder } from '../../../src/SyncAccess.ts'
import { serveSuite } from '../SuiteCases.ts'

/** Commits of one small event each, as an eventlog has them. */
const commits = 900
const commitsInMemory = 20_000

const setUp = 'CREATE TABLE eventlog (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, args TEXT NOT NULL)'

/** **Units** microseconds per commit, the median of nine parts. */
const commitMicroseconds = (connection: SqliteConnection, count: number): number => {
  connection.exec(setUp)
  const insert = connection.prepare('INSERT INTO eventlog VALUES (NULL, ?, ?)')
  const args = JSON.stringify({ id: 'x'.repeat(24), title: 'buy milk, and something else', completed: false })
  const parts: Array<number> = []
  for (let part = 0; part < 9; part++) {
    const start = performance.now()
    for (let i = 0; i < count / 9; i++) insert.run([`event-${part}-${i}`, args])
    parts.push(((performance.now() - start) * 1000) / (count / 9))
  }
  connection.close()
  return Math.round(parts.toSorted((a, b) => a - b)[4]! * 10) / 10
}

const modes: Readonly<Record<string, string>> = {
  delete: 'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL',
  truncate: 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL',
  persist: 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = PERSIST; PRAGMA synchronous = FULL',
  wal: 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
  'wal-normal': 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL',
}

serveSuite(async ({ test }) => {
  const root = await navigator.storage.getDirectory()
  const loadStart = performance.now()
  const sqlite = await loadWasmSqlite()
  const loadMs = performance.now() - loadStart

  test('load', () => `sqlite=${sqlite.version} load_ms=${loadMs.toFixed(1)}`)

  test('memory', () => {
    const connection = openWasmSqlite(sqlite)
    return `place=memory commit_us=${commitMicroseconds(connection, commitsInMemory)}`
  })

  test('open a pool', async () => {
    const directory = await root.getDirectoryHandle('measure-open', { create: true })
    const times: Array<number> = []
    for (let round = 0; round < 6; round++) {
      const start = performance.now()
      const pool = await OpfsPool.open(opfsFolder('measure-open', directory), { waitMs: 1000 })
      times.push(performance.now() - start)
      pool.close()
    }
    return `pool=new open_ms=${times[0]!.toFixed(1)} pool=again open_ms=${times
      .slice(1)
      .toSorted((a, b) => a - b)[2]!
      .toFixed(1)}`
  })

  test('flush', async () => {
    const directory = await root.getDirectoryHandle('measure-flush', { create: true })
    const access = await opfsFolder('measure-flush', directory).open('file')
    const bytes = new Uint8Array(4096)
    const run = (withFlush: boolean): number => {
      const start = performance.now()
      for (let i = 0; i < 300; i++) {
        access.write(bytes, { at: i * 4096 })
        if (withFlush) access.flush()
      }
      return Math.round(((performance.now() - start) * 1000) / 300)
    }
    const text = `growing_write_us=${run(false)} write_us=${run(false)} write_and_flush_us=${run(true)}`
    access.close()
    return text
  })

  for (const [mode, pragmas] of Object.entries(modes)) {
    test(`opfs ${mode}`, async () => {
      const directory = await root.getDirectoryHandle(`measure-${mode}`, { create: true })
      const pool = await OpfsPool.open(opfsFolder(mode, directory), { waitMs: 1000 })
      const connection = openOpfsSqlite(sqlite, { pool, mayWrite: () => true }, 'database')
      connection.exec(pragmas)
      const us = commitMicroseconds(connection, commits)
      pool.close()
      return `place=opfs journal=${mode} commit_us=${us}`
    })
  }
})
