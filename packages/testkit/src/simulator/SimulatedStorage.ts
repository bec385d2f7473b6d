/**
 * A leader's two databases as files on a disk of the simulation, in each of SQLite's journal modes, seen by one process:
 * it can die at any operation on the disk, and what it had open is dead with it.
 */
import type { LeaderStorage, SqliteConnection } from '@headwater/core/adapter'
import type { SqliteStatement } from '@headwater/core/sqlite'
import type { WasmSqlite } from '@headwater/sqlite-wasm'
import type { FaultyDisk } from '../files/FaultyDisk.ts'
import { openFaultyWasm } from '../files/FaultyWasm.ts'
import { watchedConnection } from '../WatchedConnection.ts'
import { Crash, type SimulatedProcess } from './SimulatedProcess.ts'

export const journalModes = ['WAL', 'DELETE', 'TRUNCATE', 'PERSIST'] as const
export type JournalMode = (typeof journalModes)[number]

/** Of both databases. */
export type EventlogDurability = 'FULL' | 'NORMAL'

export const eventlogFile = 'eventlog.db'
export const stateFile = 'state.db'

const journalsOf = (file: string): ReadonlyArray<string> => [`${file}-journal`, `${file}-wal`, `${file}-shm`]

export interface SimulatedStorageOptions {
  readonly sqlite: WasmSqlite
  readonly disk: FaultyDisk
  readonly process: SimulatedProcess
  readonly journalMode: JournalMode
  readonly durability: EventlogDurability
  /** Told before the process uses the disk: who asks, if several are alive. */
  readonly onUse: (process: SimulatedProcess) => void
  readonly onExport: (bytes: Uint8Array) => void
}

export interface SimulatedStorage extends LeaderStorage {
  /** A COMMIT of the eventlog has failed, and none has succeeded since: what the file says may be taken back. */
  readonly isLogUncertain: boolean
  /** Frees the memory of every handle; a dead process's handles change nothing any more. */
  readonly dispose: () => void
}

export const makeSimulatedStorage = (options: SimulatedStorageOptions): SimulatedStorage => {
  const { disk, process } = options
  const opened: Array<SqliteConnection> = []
  let isLogUncertain = false
  const open = (which: 'eventlog' | 'state'): SqliteConnection => {
    const file = which === 'eventlog' ? eventlogFile : stateFile
    const inner = asProcess(options, () => openFile(options, file, options.durability))
    opened.push(inner)
    const connection = mortal(inner, options)
    if (which === 'state') return connection
    return watchedConnection(connection, ({ kind, sql }, run) => {
      if (kind !== 'run' || sql !== 'COMMIT') return run()
      isLogUncertain = true
      const result = run()
      isLogUncertain = false
      return result
    })
  }
  return {
    get isLogUncertain() {
      return isLogUncertain
    },
    dispose: () => {
      for (const connection of opened) connection.close()
    },
    openEventlog: () => open('eventlog'),
    openState: () => open('state'),
    replaceState: (image) => {
      // The old file goes before its journals, as in the adapter for Node.
      for (const file of [stateFile, ...journalsOf(stateFile)]) {
        asProcess(options, () => process.outlives('disk operations'))
        disk.remove(file)
      }
      if (image !== null) asProcess(options, () => disk.writeFile(stateFile, image))
      return open('state')
    },
    keepExport: (bytes) => {
      options.onExport(bytes)
      return 'kept'
    },
    setAsideEventlog: () => {
      throw new Error('no eventlog of the simulation is ever corrupt')
    },
  }
}

const openFile = (
  { sqlite, disk, journalMode }: SimulatedStorageOptions,
  file: string,
  synchronous: EventlogDurability,
): SqliteConnection => {
  const connection = openFaultyWasm(sqlite, disk, file)
  try {
    // Without shared memory a WAL needs the file for itself.
    if (journalMode === 'WAL') connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    connection.exec(`PRAGMA journal_mode = ${journalMode}; PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = 30; PRAGMA foreign_keys = OFF`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Whatever a process did that did not live to see the end of it is a crash, whatever SQLite made of it. */
const asProcess = <A>({ process, onUse }: SimulatedStorageOptions, run: () => A): A => {
  process.mustLive()
  onUse(process)
  try {
    return run()
  } finally {
    // oxlint-disable-next-line no-unsafe-finally -- the process is dead: nothing else that it had to say counts
    if (!process.isAlive) throw new Crash('the process died at its disk')
  }
}

const mortal = (inner: SqliteConnection, options: SimulatedStorageOptions): SqliteConnection => {
  const guarded = <A>(run: () => A): A => asProcess(options, run)
  const wrap = (statement: SqliteStatement): SqliteStatement => ({
    get columns() {
      return statement.columns
    },
    all: (params) => guarded(() => statement.all(params)),
    get: (params) => guarded(() => statement.get(params)),
    run: (params) => guarded(() => statement.run(params)),
    finalize: () => statement.finalize(),
  })
  return {
    description: inner.description,
    exec: (sql) => guarded(() => inner.exec(sql)),
    prepare: (sql, prepareOptions) => wrap(guarded(() => inner.prepare(sql, prepareOptions))),
    createFunction: (name, functionOptions, implementation) =>
      inner.createFunction(name, functionOptions, implementation),
    isInTransaction: () => options.process.isAlive && inner.isInTransaction(),
    serialize: () => guarded(() => inner.serialize()),
    close: () => {
      if (options.process.isAlive) guarded(() => inner.close())
    },
  }
}
