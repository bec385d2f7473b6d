/**
 * One leader for a folder: an exclusive transaction, held open on `lock.db`. The operating system ends it with the
 * process, however that ends. A committed row names the holder; `lock.db` is in WAL mode, so that it can be read.
 *
 * Taking it: (1) COMMIT a row with my name; (2) BEGIN EXCLUSIVE; (3) if the row is not mine, somebody came in between:
 * let go and start again. Whoever fails at (2) has lost, and the winner sees at (3) what the loser wrote.
 */
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

const processStartedAt = (): number => Math.round(Date.now() - process.uptime() * 1000)

const open = (files: StoreFiles): SqliteConnection => {
  const connection = openBetterSqlite({ path: files.lock, busyTimeoutMs: 50 })
  connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, holderJson TEXT NOT NULL)`)
  return connection
}

const isBusy = (error: unknown): boolean => error instanceof SqliteError && error.reason === 'Busy'

/** Takes the lock for this thread. **Fails with** `StoreLocked`, `SqliteError`. */
export const takeStoreLock = (files: StoreFiles): StoreLock => {
  const holder: LeaderHolder = {
    pid: process.pid, threadId, hostname: hostname(), processStartedAt: processStartedAt(), since: new Date().toISOString(),
  }
  const token = `${process.pid}.${threadId}.${Date.now()}.${Math.random()}`
  let connection: SqliteConnection | undefined
  try {
    connection = open(files)
    for (let round = 0; round < roundsMax; round++) {
      connection
        .prepare('INSERT INTO holder VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET (token, holderJson) = (excluded.token, excluded.holderJson)')
        .run([token, JSON.stringify(holder)])
      connection.exec('BEGIN EXCLUSIVE')
      if (connection.prepare('SELECT token FROM holder').get()?.[0] === token) {
        const held = connection
        return { release: () => held.close() }
      }
      connection.exec('ROLLBACK')
    }
    throw new StoreLocked({ folder: files.folder, holder: null })
  } catch (error) {
    connection?.close()
    throw isBusy(error) ? new StoreLocked({ folder: files.folder, holder: readHolder(files) }) : error
  }
}

/** Who holds the lock now, `null` if nobody does (or nobody can be read). */
export const currentHolder = (files: StoreFiles): LeaderHolder | null => {
  let connection: SqliteConnection | undefined
  try {
    connection = open(files)
    connection.exec('BEGIN IMMEDIATE; ROLLBACK')
    return null
  } catch (error) {
    if (isBusy(error)) return readHolder(files)
    throw error
  } finally {
    connection?.close()
  }
}

const readHolder = (files: StoreFiles): LeaderHolder | null => {
  const connection = openBetterSqlite({ path: files.lock, readonly: true })
  try {
    const json = connection.prepare('SELECT holderJson FROM holder').get()?.[0]
    return typeof json === 'string' ? (JSON.parse(json) as LeaderHolder) : null
  } catch {
    return null
  } finally {
    connection.close()
  }
}

/** Whether a leader is a thread of this very process (pids are reused, and repeat between containers). */
export const isThisProcess = (holder: LeaderHolder): boolean =>
  holder.pid === process.pid && holder.hostname === hostname() && Math.abs(holder.processStartedAt - processStartedAt()) < 2000
