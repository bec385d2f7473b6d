/**
 * A client's databases as files below better-sqlite3. It has no hook below SQLite, so calls through the port fail: what
 * SQLite says there, it can say on any platform.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBetterSqlite } from '@headwater/adapter-node'
import { type LeaderStorage, type SqliteConnection, classifySqliteError, SqliteError } from '@headwater/core/adapter'
import { type Watch, watchedConnection } from '@headwater/testkit'
import { fileLeaderStorage } from '../../../packages/adapter-node/src/FileLeaderStorage.ts'
import { makeStoreFiles, storeFiles, type StoreFiles } from '../../../packages/adapter-node/src/StoreFiles.ts'
import { type AnomalyDevice, type DeviceKind, type FaultDuration, spoilPagesWith } from './AnomalyDevice.ts'
import { scratchFolder } from './ScratchFolder.ts'

interface Fault {
  /** What the failing call is told. */
  readonly code?: string
  /** SQLite has rolled the transaction back before it says so, as it may after these errors. */
  readonly isRolledBack?: boolean
  /** Not a made-up failure, but a setting under which SQLite itself fails from the nth call on; and what ends it. */
  readonly setting?: { readonly on: string; readonly off: string }
}

const faults: Readonly<Record<string, Fault>> = {
  full: { code: 'SQLITE_FULL' },
  io: { code: 'SQLITE_IOERR_WRITE', isRolledBack: true },
  nomem: { code: 'SQLITE_NOMEM' },
  'read-only': { setting: { on: 'PRAGMA query_only = ON', off: 'PRAGMA query_only = OFF' } },
}

/** Pages that a database may still grow by, for the fault `page-count`. */
const pageCount = 'page-count'

class NodeDevice implements AnomalyDevice {
  readonly #directory = mkdtempSync(join(scratchFolder, 'headwater-anomaly-'))
  readonly #files: StoreFiles = makeStoreFiles(this.#directory, 'demo')
  readonly #opened = new Set<SqliteConnection>()
  #hit: string | null = null
  #armed: { readonly name: string; readonly n: number; readonly duration: FaultDuration } | null = null
  #count = 0

  hit(): string | null {
    return this.#hit
  }

  arm(name: string, n: number, duration: FaultDuration): void {
    this.#hit = null
    this.#count = 0
    this.#armed = { name, n, duration }
    if (name === pageCount) for (const connection of this.#opened) limitPages(connection, n - 1)
  }

  repair(): void {
    const off = this.#armed === null ? undefined : faults[this.#armed.name]?.setting?.off
    for (const connection of this.#opened) connection.exec(off ?? 'PRAGMA max_page_count = 1000000')
    this.#armed = null
  }

  #watch(name: string, inner: SqliteConnection): SqliteConnection {
    this.#opened.add(inner)
    if (this.#armed?.name === pageCount) limitPages(inner, this.#armed.n - 1)
    const watch: Watch = ({ kind, sql }, run) => {
      const at = `${name} ${kind} ${sql.trim().replaceAll(/\s+/gu, ' ').slice(0, 60)}`
      if (this.#isDue()) this.#fail(at, inner, sql, run)
      try {
        return run()
      } catch (error) {
        if (this.#isSettingsDoing(error)) this.#hit ??= at
        throw error
      }
    }
    const watched = watchedConnection(inner, watch)
    return {
      ...watched,
      close: () => {
        this.#opened.delete(inner)
        inner.close()
      },
    }
  }

  /** What SQLite itself fails with under a setting; damage is a path's own. */
  #isSettingsDoing(error: unknown): boolean {
    if (this.#armed === null || (this.#armed.name !== pageCount && faults[this.#armed.name]?.setting === undefined))
      return false
    return error instanceof SqliteError && error.isEnvironment && !error.isDamage
  }

  #isDue(): boolean {
    if (this.#armed === null || this.#armed.name === pageCount) return false
    this.#count++
    const { n, duration } = this.#armed
    return duration === 'once' ? this.#count === n : this.#count >= n
  }

  #fail(at: string, inner: SqliteConnection, sql: string, run: () => unknown): void {
    const { code, isRolledBack = false, setting } = faults[this.#armed!.name]!
    if (setting !== undefined) return inner.exec(setting.on)
    this.#hit ??= at
    // A ROLLBACK ends the transaction, whatever it says.
    if (/^\s*ROLLBACK/iu.test(sql)) run()
    else if (isRolledBack && inner.isInTransaction()) inner.exec('ROLLBACK')
    throw classifySqliteError({ code: code!, detail: 'a fault of the check', operation: 'run', sql })
  }

  storage(): LeaderStorage {
    const storage = fileLeaderStorage(this.#files, 'normal')
    const watch = (name: string, open: () => SqliteConnection): SqliteConnection => {
      const connection = open()
      // Nothing here loses power.
      connection.exec('PRAGMA synchronous = OFF')
      return this.#watch(name, connection)
    }
    return {
      openEventlog: () => watch('eventlog', storage.openEventlog),
      openState: () => watch('state', storage.openState),
      replaceState: (image) => watch('state', () => storage.replaceState(image)),
      keepExport: storage.keepExport,
      setAsideEventlog: () => {
        const aside = storage.setAsideEventlog()
        const corrupt = aside.corrupt === undefined ? undefined : this.#watch('corrupt', aside.corrupt)
        return { ...aside, eventlog: this.#watch('eventlog', aside.eventlog), corrupt }
      },
    }
  }

  openDatabase(image?: Uint8Array): SqliteConnection {
    const connection = openBetterSqlite(image === undefined ? {} : { image })
    return this.#armed?.name === pageCount ? connection : this.#watch('session', connection)
  }

  spoilEventlog(text: string): void {
    writeFileSync(this.#files.eventlog, spoilPagesWith(readFileSync(this.#files.eventlog), text))
  }

  removeState(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.#files.state}${suffix}`, { force: true })
  }

  look<A>(look: (files: { readonly eventlog: SqliteConnection; readonly state: SqliteConnection }) => A): A {
    const copy = mkdtempSync(join(scratchFolder, 'headwater-anomaly-look-'))
    cpSync(this.#directory, copy, { recursive: true })
    const files = storeFiles(copy, 'demo')
    const eventlog = openBetterSqlite({ path: files.eventlog })
    const state = openBetterSqlite({ path: files.state })
    try {
      return look({ eventlog, state })
    } finally {
      eventlog.close()
      state.close()
      rmSync(copy, { recursive: true, force: true })
    }
  }

  dispose(): void {
    for (const connection of this.#opened) connection.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

const limitPages = (connection: SqliteConnection, more: number): void => {
  const pages = Number(connection.prepare('PRAGMA page_count').get()?.[0])
  connection.exec(`PRAGMA max_page_count = ${Math.max(pages, 1) + more}`)
}

/** **Shape** `page-count`: the databases may grow by n - 1 pages; the others: the nth call through the port. */
export const nodeDevice: DeviceKind = {
  name: 'node',
  faults: {
    full: ['once', 'lasting'],
    io: ['once', 'lasting'],
    nomem: ['once', 'lasting'],
    'read-only': ['lasting'],
    [pageCount]: ['lasting'],
  },
  make: () => new NodeDevice(),
}
