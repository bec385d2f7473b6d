import type { SqliteConnection } from '@headwater/core/sqlite'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { sqliteConnectionSuite } from '@headwater/testkit'
import { openOpfsSqlite } from '../../../src/OpfsSqlite.ts'
import { OpfsPool } from '../../../src/OpfsPool.ts'
import { opfsFolder } from '../../../src/SyncAccess.ts'
import { serveSuite } from '../SuiteCases.ts'

serveSuite(async (suite) => {
  const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle('driver', { create: true })
  const sqlite = await loadWasmSqlite()
  const pool = await OpfsPool.open(opfsFolder('driver', directory), { waitMs: 1000 })
  const files = { pool, mayWrite: () => true }

  /** Names of the running case: they are deleted behind it. */
  const names = new Set<string>()
  let last = 0

  const open = async (name: string, options: { readonly image?: Uint8Array } = {}): Promise<SqliteConnection> => {
    names.add(name)
    await pool.refill()
    return openOpfsSqlite(sqlite, files, name, options)
  }

  const test = Object.assign(
    (name: string, body: () => Promise<void>) =>
      suite.test(name, async () => {
        try {
          await body()
        } finally {
          for (const each of names) pool.remove(each)
          names.clear()
        }
      }),
    { skip: suite.test.skip },
  )

  const openWith = async (
    pragmas: string,
    name: string,
    options?: { readonly image?: Uint8Array },
  ): Promise<SqliteConnection> => {
    const connection = await open(name, options)
    try {
      connection.exec(pragmas)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  suite.describe('rollback journal', () => {
    // Three flushes a commit take most of the time, and are not what this suite looks at.
    const openRollback = (name: string, options?: { readonly image?: Uint8Array }): Promise<SqliteConnection> =>
      openWith('PRAGMA synchronous = OFF', name, options)
    sqliteConnectionSuite({
      test,
      open: (options) => openRollback(`database-${++last}`, options),
      capabilities: { wal: false, openFile: openRollback },
    })
  })

  suite.describe('WAL, as a leader opens its files', () => {
    const openWal = (name: string, options?: { readonly image?: Uint8Array }): Promise<SqliteConnection> =>
      openWith('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL', name, options)
    sqliteConnectionSuite({
      test,
      open: (options) => openWal(`database-${++last}`, options),
      // Two connections to one file are none of a leader's business.
      capabilities: { wal: true, openFile: (name, options) => (name === 'busy' ? open : openWal)(name, options) },
    })
  })
})
