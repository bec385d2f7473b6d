import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LeaderStorage, SqliteConnection } from '@headwater/core/adapter'
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

const openWal = (path: string, synchronous: 'FULL' | 'NORMAL'): SqliteConnection => {
  const connection = openBetterSqlite({ path })
  try {
    connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA foreign_keys = OFF`)
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

/** A leader's databases as files. The caller holds the store's lock. */
export const fileLeaderStorage = (files: StoreFiles, durability: Durability): LeaderStorage => {
  const openEventlog = () => openWal(files.eventlog, durability === 'full' ? 'FULL' : 'NORMAL')
  const openState = () => openWal(files.state, 'NORMAL')
  return {
    openEventlog,
    openState,
    replaceState: (image) => {
      // The old file goes before its journals: without it they are nothing, beside a new one they would be damage.
      for (const path of [files.state, ...journalsOf(files.state)]) rmSync(path, { force: true })
      if (image !== null) placeFile(files.state, image)
      return openState()
    },
    setAsideEventlog: () => {
      const keptAs = files.eventlog.replace(/\.db$/, `.corrupt-${Date.now()}.db`)
      for (const [i, path] of [files.eventlog, ...journalsOf(files.eventlog)].entries()) {
        if (existsSync(path)) renameSync(path, [keptAs, ...journalsOf(keptAs)][i]!)
      }
      syncFolder(files.folder)
      return { eventlog: openEventlog(), corrupt: tryOpen(keptAs), keptAs }
    },
  }
}

const tryOpen = (path: string): SqliteConnection | undefined => {
  try {
    return openBetterSqlite({ path, mustExist: true })
  } catch {
    return undefined
  }
}
