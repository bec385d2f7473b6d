import {
  formatVersion,
  type LeaderStorage,
  type SqliteConnection,
  SqliteError,
  type StorageStatusSource,
} from '@headwater/core/adapter'
import type { WasmSqlite } from '@headwater/sqlite-wasm'
import { asSqlite, openOpfsSqlite, putImage } from './OpfsSqlite.ts'
import type { OpfsMount } from './OpfsVfs.ts'

/**
 * Names in a store's pool.
 *
 * | Name                       | Holds                                                                    |
 * | -------------------------- | ------------------------------------------------------------------------ |
 * | `eventlog-v1`              | the durable log: the only one that cannot be made again                   |
 * | `state-v1`                 | the state database                                                       |
 * | `eventlog-v1.reset-*`      | the log as it was before a `reset`                                       |
 * | `eventlog-v1.salvage`      | a corrupt eventlog while it is salvaged                                  |
 * | `eventlog-v1.corrupt-*`    | one that has been, kept                                                  |
 */
export const eventlogName = `eventlog-v${formatVersion}`
export const stateName = `state-v${formatVersion}`
const salvagedName = `${eventlogName}.salvage`

/** Pages in the WAL before a COMMIT copies them into the database: 4 MB, SQLite's own. The quota pays for them twice. */
const walPagesMax = 1000

/**
 * The WAL needs one flush for a COMMIT where a rollback journal needs three. Nobody else can open the files, so its index
 * is in this worker's memory. FULL: what was committed has been flushed when COMMIT returns.
 */
const openWal = (
  sqlite: WasmSqlite,
  files: OpfsMount,
  name: string,
  synchronous: 'FULL' | 'NORMAL',
): SqliteConnection => {
  const connection = openOpfsSqlite(sqlite, files, name)
  try {
    connection.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${walPagesMax}; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** A leader's databases in a pool of OPFS. The caller holds the store's lock. */
export const opfsLeaderStorage = (
  sqlite: WasmSqlite,
  files: OpfsMount,
  now: () => number,
  status?: StorageStatusSource,
): LeaderStorage => {
  const { pool } = files
  const openState = () => openWal(sqlite, files, stateName, 'FULL')
  return {
    openEventlog: () => {
      if (pool.find(salvagedName) !== undefined) throw salvageUnfinished()
      return openWal(sqlite, files, eventlogName, 'FULL')
    },
    openState,
    // A user can delete the site's data under open tabs.
    newLogTerm: now(),
    ...(status === undefined ? {} : { status }),
    replaceState: (image) => {
      if (image === null) asSqlite('replace the state', () => pool.remove(stateName))
      else putImage(files, stateName, image)
      return openState()
    },
    keepExport: (bytes) => {
      const name = `${eventlogName}.reset-${now()}`
      putImage(files, name, bytes)
      return `${pool.path}/${name}`
    },
    setAsideEventlog: () => {
      const keptName = `${eventlogName}.corrupt-${now()}`
      asSqlite('set the corrupt eventlog aside', () => {
        // Of a salvage that was interrupted only the corrupt one counts.
        if (pool.find(salvagedName) === undefined) pool.rename(eventlogName, salvagedName)
        else pool.remove(eventlogName)
      })
      const eventlog = openWal(sqlite, files, eventlogName, 'FULL')
      return {
        eventlog,
        corrupt: tryOpen(sqlite, files, eventlog),
        keptAs: `${pool.path}/${keptName}`,
        done: () => asSqlite('keep the corrupt eventlog', () => pool.rename(salvagedName, keptName)),
      }
    },
  }
}

const salvageUnfinished = (): SqliteError =>
  new SqliteError({
    reason: 'Corrupt',
    operation: 'open',
    code: 'SQLITE_CORRUPT',
    detail: `the salvage from ${salvagedName} was interrupted`,
  })

/** **Fails with** `SqliteError` where the machine does; then `eventlog` is closed. */
const tryOpen = (sqlite: WasmSqlite, files: OpfsMount, eventlog: SqliteConnection): SqliteConnection | undefined => {
  let connection: SqliteConnection | undefined
  try {
    connection = openOpfsSqlite(sqlite, files, salvagedName, { mustExist: true })
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    return connection
  } catch (error) {
    connection?.close()
    if (error instanceof SqliteError && error.isDamage) return undefined
    eventlog.close()
    throw error
  }
}
