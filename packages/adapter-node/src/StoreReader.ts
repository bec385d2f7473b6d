/** Files of stores as tools read them, whoever leads the stores meanwhile. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { formatVersion, type SqliteConnection } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import { DirectoryUnusable, type LeaderHolder, StoreNotFound } from './NodeAdapterError.ts'
import { storeFiles, storeIdOfFolder } from './StoreFiles.ts'
import { currentHolder, mayBeAlive, readHolder } from './StoreLock.ts'

/** A store's databases, read-only. */
export interface OpenStoreFiles {
  readonly eventlog: SqliteConnection
  readonly state: SqliteConnection
  readonly close: () => void
}

/**
 * Opens a store's files for reading, whoever leads it meanwhile: for tools.
 *
 * **Fails with**  `StoreNotFound`, `SqliteError`.
 */
export const openStoreFiles = (options: { readonly directory: string; readonly storeId: string }): OpenStoreFiles => {
  const files = storeFiles(options.directory, options.storeId)
  if (!existsSync(files.eventlog) || !existsSync(files.state)) throw new StoreNotFound({ folder: files.folder })
  const eventlog = openBetterSqlite({ path: files.eventlog, readonly: true })
  const state = openBetterSqlite({ path: files.state, readonly: true })
  return {
    eventlog,
    state,
    close: () => {
      eventlog.close()
      state.close()
    },
  }
}

/** A store's folder as it is found: nothing in it was opened. */
export interface StoreFolder {
  readonly directory: string
  readonly storeId: string
  readonly folder: string
  /** Path of the eventlog of this format, `null` if there is none. */
  readonly eventlog: string | null
  /** Path of the state database of this format, `null` if there is none: it can be made again. */
  readonly state: string | null
  /** The newest format that has an eventlog here; `null` without one. */
  readonly newestFormat: number | null
  /** Everything in it, by name. **Units** bytes. */
  readonly files: ReadonlyArray<{ readonly name: string; readonly sizeBytes: number }>
}

/**
 * The stores of a directory, by storeId; of a store's own folder, that one.
 *
 * **Fails with**  `DirectoryUnusable` if it cannot be read.
 */
export const listStores = (directory: string): ReadonlyArray<StoreFolder> => {
  const path = resolve(directory)
  const own = storeFolder(dirname(path), basename(path), directory)
  if (own !== undefined) return [own]
  return namesIn(path, directory)
    .flatMap((name) => storeFolder(path, name, directory) ?? [])
    .toSorted((a, b) => (a.storeId < b.storeId ? -1 : 1))
}

const eventlogName = /^eventlog-v(\d+)\.db$/

/** `undefined`: not a folder with an eventlog of any format. */
const storeFolder = (directory: string, name: string, asGiven: string): StoreFolder | undefined => {
  const storeId = storeIdOfFolder(name)
  const folder = join(directory, name)
  if (storeId === undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined
  const names = namesIn(folder, asGiven)
  const formats = names.flatMap((file) => {
    const version = eventlogName.exec(file)?.[1]
    return version === undefined ? [] : [Number(version)]
  })
  // While a corrupt eventlog is salvaged there is none by its name.
  const isStore = formats.length > 0 || names.some((file) => /^(eventlog|state)-v\d+\..*db$/.test(file))
  if (!isStore) return undefined
  const [eventlog, state] = [`eventlog-v${formatVersion}.db`, `state-v${formatVersion}.db`]
  return {
    directory,
    storeId,
    folder,
    eventlog: names.includes(eventlog) ? join(folder, eventlog) : null,
    state: names.includes(state) ? join(folder, state) : null,
    newestFormat: formats.length === 0 ? null : Math.max(...formats),
    files: names.flatMap((file) => {
      const found = statSync(join(folder, file), { throwIfNoEntry: false })
      return found === undefined ? [] : [{ name: file, sizeBytes: found.size }]
    }),
  }
}

const namesIn = (folder: string, asGiven: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder).toSorted()
  } catch (error) {
    throw new DirectoryUnusable({ directory: asGiven, code: (error as NodeJS.ErrnoException).code ?? String(error) })
  }
}

/**
 * Who has a store open now; `null` if nobody has. The look takes the lock for microseconds, which whoever wants it waits
 * out (`StoreLock.ts`). In a folder that may not be written: the last one who had it open, if that process still runs.
 */
export const storeHolder = ({
  directory,
  storeId,
}: Pick<StoreFolder, 'directory' | 'storeId'>): LeaderHolder | null => {
  const files = storeFiles(directory, storeId)
  if (!existsSync(files.lock)) return null
  try {
    return currentHolder(files)
  } catch {
    const last = readHolder(files)
    return last !== null && mayBeAlive(last) ? last : null
  }
}
