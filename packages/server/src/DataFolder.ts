/**
 * The server's data folder: its files, and the lock that keeps two servers off one log.
 *
 * | File             | Holds                                                                                       |
 * | ---------------- | ------------------------------------------------------------------------------------------- |
 * | `log-v1.sqlite3` | every store's log (SqliteLog.ts); the format's version is in it, as `user_version`          |
 * | `lock.sqlite3`   | one row that names the holder; the holder keeps a write transaction open, which dies with it |
 */
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import * as Data from 'effect/Data'
import { applicationId, formatVersion, logSchema } from './SqliteLog.ts'

/** Why the data folder cannot be used. The message says what to do. */
export class DataFolderError extends Data.TaggedError('DataFolderError')<{
  readonly reason: 'InUse' | 'NotALog' | 'NewerFormat' | 'OlderFormat' | 'Unusable' | 'UnsupportedNode'
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return this.reason === 'InUse'
  }
}

export const logFileOf = (folder: string): string => join(folder, 'log-v1.sqlite3')

/** better-sqlite3 13 needs Node 22.12; on Node 20 it ends the process without a word, so it is not even loaded there. */
const loadDatabase = (): typeof Database => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 19)) {
    const detail = `headwater-server needs Node 22.19 or newer, this is ${process.versions.node}; install a current Node`
    throw new DataFolderError({ reason: 'UnsupportedNode', detail })
  }
  return createRequire(import.meta.url)('better-sqlite3') as typeof Database
}

export interface OpenFolder {
  readonly file: string
  readonly database: Database.Database
  readonly close: () => void
}

/** Takes the lock and opens the log, made if there is none. **Fails with** `DataFolderError`, thrown. */
export const openDataFolder = (folder: string): OpenFolder => {
  const Constructor = loadDatabase()
  const lock = describing(folder, () => {
    mkdirSync(folder, { recursive: true })
    return takeLock(Constructor, folder)
  })
  const file = logFileOf(folder)
  try {
    const database = describing(file, () => openLog(Constructor, file))
    return {
      file,
      database,
      close: () => {
        database.close()
        lock.close()
      },
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Opens a log only to read it, for tools; works beside a running server. **Fails with** `DataFolderError`, thrown. */
export const openLogReadOnly = (folder: string): Database.Database => {
  const Constructor = loadDatabase()
  const file = logFileOf(folder)
  if (!existsSync(file)) {
    throw new DataFolderError({
      reason: 'Unusable',
      detail: `there is no log in ${folder}; give the server's --data folder`,
    })
  }
  return describing(file, () => {
    const database = new Constructor(file, { readonly: true, fileMustExist: true })
    checkFormat(database, file)
    return database
  })
}

const takeLock = (Constructor: typeof Database, folder: string): Database.Database => {
  const lock = new Constructor(join(folder, 'lock.sqlite3'), { timeout: 0 })
  try {
    lock.pragma('journal_mode = WAL')
    lock.exec('CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER, since TEXT)')
    lock.prepare('INSERT OR REPLACE INTO holder VALUES (1, ?, ?)').run(process.pid, new Date().toISOString())
    lock.exec('BEGIN IMMEDIATE')
    return lock
  } catch (error) {
    const isBusy = codeOf(error).startsWith('SQLITE_BUSY')
    const holder = isBusy
      ? lock.prepare<[], { pid: number; since: string }>('SELECT pid, since FROM holder').get()
      : undefined
    lock.close()
    if (!isBusy) throw error
    const who = holder === undefined ? 'another process' : `process ${holder.pid} since ${holder.since}`
    const detail = `${folder} is in use by ${who}; stop that server or choose another --data folder`
    throw new DataFolderError({ reason: 'InUse', detail })
  }
}

const openLog = (Constructor: typeof Database, file: string): Database.Database => {
  const database = new Constructor(file, { timeout: 5_000 })
  try {
    const isNew = database.pragma('user_version', { simple: true }) === 0 && isEmpty(database)
    if (!isNew) checkFormat(database, file)
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    // 64 MiB of page cache: the tails of some thousand stores.
    database.pragma('cache_size = -65536')
    if (isNew) database.exec(`BEGIN IMMEDIATE; ${logSchema} COMMIT`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const isEmpty = (database: Database.Database): boolean =>
  database.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() === 0

const checkFormat = (database: Database.Database, file: string): void => {
  if (database.pragma('application_id', { simple: true }) !== applicationId) {
    const detail = `${file} is not a Headwater log; move it away or choose another --data folder`
    throw new DataFolderError({ reason: 'NotALog', detail })
  }
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > formatVersion) {
    const detail = `${file} has format ${version}, this server knows up to ${formatVersion}; run the newer headwater-server that wrote it`
    throw new DataFolderError({ reason: 'NewerFormat', detail })
  }
  if (version < formatVersion) {
    const detail = `${file} has format ${version}, this server needs ${formatVersion}; run the headwater-server that wrote it, or move it away and have clients push again (resolveHistory('re-push'))`
    throw new DataFolderError({ reason: 'OlderFormat', detail })
  }
}

/** Turns what SQLite or the file system throws into a `DataFolderError`. */
const describing = <A>(path: string, work: () => A): A => {
  try {
    return work()
  } catch (error) {
    if (error instanceof DataFolderError) throw error
    const code = codeOf(error)
    const isDamaged = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
    const advice = isDamaged ? 'restore it from a backup' : 'check the path, its permissions and the disk'
    const text = error instanceof Error ? error.message : String(error)
    throw new DataFolderError({
      reason: isDamaged ? 'NotALog' : 'Unusable',
      detail: `${path} cannot be used (${text}); ${advice}`,
    })
  }
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
