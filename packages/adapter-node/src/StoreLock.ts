/**
 * One leader for a folder: an exclusive transaction, held open on `lock.db`. The operating system ends it with the
 * process, however that ends. A committed row names the holder; `lock.db` is in WAL mode, so that it can be read.
 *
 * Taking it: (1) COMMIT a row with my name; (2) BEGIN EXCLUSIVE; (3) if the row is not mine, somebody came in between:
 * let go and start again. Whoever fails at (2) has lost, and the winner sees at (3) what the loser wrote. (4) if the
 * path leads to another file by now, the lock is on a deleted one: start again.
 *
 * The row outlives its holder. So whoever finds the lock taken and reads a name may read, for a moment, the last one's.
 */
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import { type SqliteConnection, SqliteError } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import { type LeaderHolder, StoreLocked } from './NodeAdapterError.ts'
import type { StoreFiles } from './StoreFiles.ts'

export interface StoreLock {
  readonly release: () => void
}

/** More rounds than this only happen if many processes start in the same millisecond. */
const roundsMax = 20
/** A look at the lock holds it for microseconds: who takes it waits for that. */
const takeTimeoutMs = 50

const processStartedAt = (): number => Math.round(Date.now() - process.uptime() * 1000)

const open = (files: StoreFiles, busyTimeoutMs: number): SqliteConnection => {
  const connection = openBetterSqlite({ path: files.lock, busyTimeoutMs })
  try {
    const hasTable = () => connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'holder'").get() !== undefined
    // Setting it up takes the file for itself for a moment; whoever comes second waits.
    if (!hasTable()) {
      connection.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
        CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, holderJson TEXT NOT NULL);
        PRAGMA busy_timeout = ${busyTimeoutMs}`)
    }
    connection.exec('PRAGMA synchronous = OFF')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

const isBusy = (error: unknown): boolean => error instanceof SqliteError && error.reason === 'Busy'

const inode = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino

/** Takes the lock for this thread. **Fails with** `StoreLocked`, `SqliteError`. */
export const takeStoreLock = (files: StoreFiles): StoreLock => {
  const holder: LeaderHolder = {
    pid: process.pid,
    threadId,
    hostname: hostname(),
    processStartedAt: processStartedAt(),
    since: new Date().toISOString(),
    token: `${process.pid}.${threadId}.${Date.now()}.${Math.random()}`,
  }
  for (let round = 0; round < roundsMax; round++) {
    const before = inode(files.lock)
    const connection = open(files, takeTimeoutMs)
    try {
      if (tryTake(connection, holder) && before !== undefined && inode(files.lock) === before) {
        return { release: () => connection.close() }
      }
    } catch (error) {
      connection.close()
      throw isBusy(error) ? new StoreLocked({ folder: files.folder, holder: readHolder(files) }) : error
    }
    connection.close()
  }
  throw new StoreLocked({ folder: files.folder, holder: null })
}

const tryTake = (connection: SqliteConnection, holder: LeaderHolder): boolean => {
  connection
    .prepare(
      'INSERT INTO holder VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET (token, holderJson) = (excluded.token, excluded.holderJson)',
    )
    .run([holder.token, JSON.stringify(holder)])
  connection.exec('BEGIN EXCLUSIVE')
  return connection.prepare('SELECT token FROM holder').get()?.[0] === holder.token
}

/** Who holds the lock now, `null` if nobody does (or nobody can be read). Does not wait. */
export const currentHolder = (files: StoreFiles): LeaderHolder | null => {
  let connection: SqliteConnection | undefined
  try {
    connection = open(files, 0)
    connection.exec('BEGIN IMMEDIATE; ROLLBACK')
    return null
  } catch (error) {
    if (isBusy(error)) return readHolder(files)
    throw error
  } finally {
    connection?.close()
  }
}

/** Who took the lock last; the row outlives its holder. */
export const readHolder = (files: StoreFiles): LeaderHolder | null => {
  let connection: SqliteConnection | undefined
  try {
    connection = openBetterSqlite({ path: files.lock, readonly: true })
    const json = connection.prepare('SELECT holderJson FROM holder').get()?.[0]
    return typeof json === 'string' ? (JSON.parse(json) as LeaderHolder) : null
  } catch {
    return null
  } finally {
    connection?.close()
  }
}

/**
 * Whether a leader is a thread of this very process. The start times differ by what the clock was set since (a machine
 * that slept counts no uptime), so they only tell processes of different containers apart, which share pids.
 */
export const isThisProcess = (holder: LeaderHolder): boolean =>
  holder.pid === process.pid && holder.hostname === hostname()

/** False for a process of this machine that is gone. */
export const mayBeAlive = (holder: LeaderHolder): boolean => {
  if (holder.hostname !== hostname()) return true
  try {
    process.kill(holder.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
