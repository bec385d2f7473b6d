import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { classifySqliteError, type LeaderStorage, type SqliteConnection, SqliteError } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import type { StoreFiles } from './StoreFiles.ts'

/**
 * What a committed event survives.
 *
 * | Level    | Eventlog            | Kill of the process | Power loss                                  |
 * | -------- | ------------------- | ------------------- | ------------------------------------------- |
 * | `full`   | `synchronous=FULL`  | yes                 | yes: synced before `persisted`              |
 * | `normal` | `synchronous=NORMAL`| yes                 | the newest commits may be missing, in order |
 */
export type Durability = 'full' | 'normal'

/**
 * Pages in the WAL before a COMMIT copies them into the database: 32 MB instead of SQLite's 4. The COMMIT that does the
 * copying takes up to 9 ms with SQLite's default and no longer with this, which copies an eighth as often and each page
 * once where it was written many times.
 */
const walPagesMax = 8000

const openWal = (path: string, synchronous: 'FULL' | 'NORMAL'): SqliteConnection => {
  const connection = openBetterSqlite({ path })
  try {
    connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${walPagesMax}; PRAGMA foreign_keys = OFF`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** SQLite's own files beside a database in WAL mode. */
export const journalsOf = (path: string): ReadonlyArray<string> => [`${path}-wal`, `${path}-shm`]

/**
 * A rename survives a crash only once its folder is synced. Windows cannot open a folder for that; NTFS journals the
 * rename itself.
 */
const syncFolder = (folder: string): void => {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Puts a whole file in its place: after a crash it is there, or it is not. */
export const placeFile = (path: string, bytes: Uint8Array): void => {
  const fresh = `${path}.new`
  writeFileSync(fresh, bytes, { flush: true })
  renameSync(fresh, path)
  syncFolder(dirname(path))
}

/** What the file system says in the words that the port promises. **Fails with** `SqliteError`. */
const asSqlite = (operation: string, run: () => void): void => {
  try {
    run()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw classifySqliteError({ code: codeByErrno.get(code) ?? 'SQLITE_IOERR', detail: message, operation })
  }
}

const codeByErrno: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'SQLITE_FULL'],
  ['EDQUOT', 'SQLITE_FULL'],
  ['EFBIG', 'SQLITE_FULL'],
  ['EROFS', 'SQLITE_READONLY'],
  ['EACCES', 'SQLITE_PERM'],
  ['EPERM', 'SQLITE_PERM'],
])

/** A leader's databases as files. The caller holds the store's lock. */
export const fileLeaderStorage = (files: StoreFiles, durability: Durability): LeaderStorage => {
  const synchronous = durability === 'full' ? 'FULL' : 'NORMAL'
  /** The corrupt eventlog while it is salvaged. */
  const salvaged = files.eventlog.replace(/\.db$/, '.salvage.db')
  const openEventlog = (): SqliteConnection => {
    if (existsSync(salvaged)) throw salvageUnfinished(salvaged)
    return openWal(files.eventlog, synchronous)
  }
  const openState = () => openWal(files.state, synchronous)
  return {
    openEventlog,
    openState,
    replaceState: (image) => {
      // The old file goes before its journals: without it they are nothing, beside a new one they would be damage.
      asSqlite('replace the state', () => {
        // Whatever is there can be made again, a folder too.
        for (const path of [files.state, ...journalsOf(files.state)]) rmSync(path, { force: true, recursive: true })
        // A state that was dropped must not be back after a power loss: the log may have changed below it.
        if (image === null) syncFolder(files.folder)
        else placeFile(files.state, image)
      })
      return openState()
    },
    keepExport: (bytes) => {
      const path = files.eventlog.replace(/\.db$/, `.reset-${Date.now()}.db`)
      asSqlite('keep the exported log', () => placeFile(path, bytes))
      return path
    },
    setAsideEventlog: () => {
      const keptAs = files.eventlog.replace(/\.db$/, `.corrupt-${Date.now()}.db`)
      asSqlite('set the corrupt eventlog aside', () => {
        setAside(files.eventlog, salvaged)
        syncFolder(files.folder)
      })
      const eventlog = openWal(files.eventlog, synchronous)
      return {
        eventlog,
        corrupt: tryOpen(salvaged, eventlog),
        keptAs,
        done: () =>
          asSqlite('keep the corrupt eventlog', () => {
            renameSync(salvaged, keptAs)
            moveJournals(salvaged, keptAs)
            syncFolder(files.folder)
          }),
      }
    },
  }
}

/**
 * Puts the corrupt eventlog with its journals at `salvaged`, if an interrupted salvage has not done so before. The main
 * file moves first and is created last: as long as there is none, journals beside it are the corrupt one's.
 */
const setAside = (eventlog: string, salvaged: string): void => {
  if (!existsSync(salvaged)) {
    for (const stale of journalsOf(salvaged)) rmSync(stale, { force: true })
    renameSync(eventlog, salvaged)
  } else if (existsSync(eventlog)) {
    for (const path of [...journalsOf(eventlog), eventlog]) rmSync(path, { force: true })
  }
  moveJournals(eventlog, salvaged)
}

const moveJournals = (from: string, to: string): void => {
  const targets = journalsOf(to)
  for (const [i, path] of journalsOf(from).entries()) if (existsSync(path)) renameSync(path, targets[i]!)
}

const salvageUnfinished = (path: string): SqliteError =>
  new SqliteError({
    reason: 'Corrupt',
    operation: 'open',
    code: 'SQLITE_CORRUPT',
    detail: `the salvage from ${path} was interrupted`,
  })

/** **Fails with** `SqliteError` where the machine does; then `eventlog` is closed. */
const tryOpen = (path: string, eventlog: SqliteConnection): SqliteConnection | undefined => {
  try {
    return openBetterSqlite({ path, mustExist: true })
  } catch (error) {
    if (error instanceof SqliteError && error.isDamage) return undefined
    eventlog.close()
    throw error
  }
}
