/** A client's databases on a disk of ours below the WASM driver: every operation of SQLite on a file can fail. */
import { type LeaderStorage, type SqliteConnection, classifySqliteError, SqliteError } from '@headwater/core/adapter'
import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'
import { type DiskFault, type DiskOperation, FaultyDisk, openFaultyWasm } from '@headwater/testkit'
import { type AnomalyDevice, type DeviceKind, type FaultDuration, spoilPagesWith } from './AnomalyDevice.ts'

const sqlite = await loadWasmSqlite()

const eventlogFile = 'eventlog.db'
const stateFile = 'state.db'
const salvagedFile = 'eventlog.salvage.db'
const journalsOf = (file: string): ReadonlyArray<string> => [`${file}-wal`, `${file}-journal`]

/** Few pages, so that short runs meet checkpoints too. */
const walPagesMax = 8

interface WasmFault {
  readonly fault: DiskFault
  readonly hits: (operation: DiskOperation) => boolean
}

const faults: Readonly<Record<string, WasmFault>> = {
  io: { fault: 'io', hits: ({ kind }) => kind !== 'read' },
  full: { fault: 'full', hits: ({ kind }) => kind === 'write' },
  'short-write': { fault: 'short-write', hits: ({ kind }) => kind === 'write' },
  read: { fault: 'io', hits: ({ kind }) => kind === 'read' },
}

class WasmDevice implements AnomalyDevice {
  readonly #disk = new FaultyDisk()
  readonly #opened: Array<SqliteConnection> = []
  #hit: string | null = null

  hit(): string | null {
    return this.#hit
  }

  arm(name: string, n: number, duration: FaultDuration): void {
    const { fault, hits } = faults[name]!
    let count = 0
    this.#hit = null
    this.#disk.beforeOperation = (operation) => {
      if (!hits(operation)) return undefined
      count++
      if (duration === 'once' ? count !== n : count < n) return undefined
      this.#hit ??= `${operation.kind} ${operation.file}`
      return fault
    }
  }

  repair(): void {
    this.#disk.beforeOperation = null
  }

  openDatabase(image?: Uint8Array): SqliteConnection {
    return this.#keep(openWasmSqlite(sqlite, image === undefined ? {} : { image }))
  }

  #keep(connection: SqliteConnection): SqliteConnection {
    this.#opened.push(connection)
    return connection
  }

  #open(file: string, synchronous: 'FULL' | 'NORMAL'): SqliteConnection {
    const connection = this.#keep(openFaultyWasm(sqlite, this.#disk, file))
    try {
      // Without shared memory a WAL needs the file for itself.
      connection.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
        PRAGMA wal_autocheckpoint = ${walPagesMax}; PRAGMA foreign_keys = OFF`)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  storage(): LeaderStorage {
    return {
      openEventlog: () => {
        if (this.#disk.exists(salvagedFile)) throw unfinishedSalvage()
        return this.#open(eventlogFile, 'FULL')
      },
      openState: () => this.#open(stateFile, 'NORMAL'),
      replaceState: (image) => {
        for (const file of [stateFile, ...journalsOf(stateFile)]) this.#remove(file)
        if (image !== null) this.#write(stateFile, image)
        return this.#open(stateFile, 'NORMAL')
      },
      keepExport: (bytes) => {
        const file = `eventlog.reset-${this.#disk.files.length}.db`
        this.#write(file, bytes)
        return file
      },
      setAsideEventlog: () => this.#setAside(),
    }
  }

  #setAside(): ReturnType<LeaderStorage['setAsideEventlog']> {
    const keptAs = `eventlog.corrupt-${this.#disk.files.length}.db`
    if (!this.#disk.exists(salvagedFile)) this.#move(eventlogFile, salvagedFile)
    else for (const file of [...journalsOf(eventlogFile), eventlogFile]) this.#remove(file)
    const eventlog = this.#open(eventlogFile, 'FULL')
    let corrupt: SqliteConnection | undefined
    try {
      corrupt = this.#keep(openFaultyWasm(sqlite, this.#disk, salvagedFile))
      corrupt.exec('PRAGMA locking_mode = EXCLUSIVE')
    } catch (error) {
      corrupt?.close()
      if (!(error instanceof SqliteError && error.isDamage)) {
        eventlog.close()
        throw error
      }
      corrupt = undefined
    }
    return { eventlog, corrupt, keptAs, done: () => this.#move(salvagedFile, keptAs) }
  }

  /** The main file first: as long as there is none, journals beside it are the old one's. */
  #move(from: string, to: string): void {
    this.#mayFail({ kind: 'write', file: to })
    this.#disk.rename(from, to)
    for (const [i, journal] of journalsOf(from).entries())
      if (this.#disk.exists(journal)) this.#disk.rename(journal, journalsOf(to)[i]!)
  }

  #write(file: string, bytes: Uint8Array): void {
    this.#mayFail({ kind: 'write', file, bytes: bytes.length })
    this.#disk.writeFile(file, bytes)
  }

  #remove(file: string): void {
    if (!this.#disk.exists(file)) return
    this.#mayFail({ kind: 'delete', file })
    this.#disk.remove(file)
  }

  /** What an adapter does beside SQLite fails as SQLite does. */
  #mayFail(operation: DiskOperation): void {
    const fault = this.#disk.beforeOperation?.(operation)
    if (fault === undefined) return
    throw classifySqliteError({
      code: fault === 'io' || operation.kind !== 'write' ? 'SQLITE_IOERR_WRITE' : 'SQLITE_FULL',
      detail: 'a fault of the disk',
      operation: operation.kind,
    })
  }

  spoilEventlog(text: string): void {
    this.#disk.writeFile(eventlogFile, spoilPagesWith(this.#disk.readFile(eventlogFile), text))
  }

  removeState(): void {
    for (const file of [stateFile, ...journalsOf(stateFile)]) this.#disk.remove(file)
  }

  look<A>(look: (files: { readonly eventlog: SqliteConnection; readonly state: SqliteConnection }) => A): A {
    const copy = this.#disk.copy()
    const opened: Array<SqliteConnection> = []
    const open = (file: string): SqliteConnection => {
      const connection = openFaultyWasm(sqlite, copy, file)
      opened.push(connection)
      connection.exec('PRAGMA locking_mode = EXCLUSIVE')
      return connection
    }
    try {
      return look({ eventlog: open(eventlogFile), state: open(stateFile) })
    } finally {
      for (const connection of opened) connection.close()
    }
  }

  dispose(): void {
    this.#disk.killProcess()
    for (const connection of this.#opened) connection.close()
  }
}

const unfinishedSalvage = () =>
  classifySqliteError({ code: 'SQLITE_CORRUPT', detail: 'a salvage was interrupted', operation: 'open' })

/** **Shape** `io`: every write, truncate, sync, open and delete. */
export const wasmDevice: DeviceKind = {
  name: 'wasm',
  faults: {
    io: ['once', 'lasting'],
    full: ['once', 'lasting'],
    'short-write': ['once', 'lasting'],
    read: ['once', 'lasting'],
  },
  make: () => new WasmDevice(),
}
