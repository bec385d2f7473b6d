/** The commands that read and write whole logs: `backup`, `verify`, `export`, `import`. */
import * as Effect from 'effect/Effect'
import { type LogPlace, type Values, Usage, dataDefault, placeOf, say } from './CliOptions.ts'
import { openDataFolder, openLogReadOnly } from './DataFolder.ts'
import type { LogArchive } from './LogArchive.ts'
import type { LogStorage } from './LogStorage.ts'
import { exportLogs, importLogs } from './LogTransfer.ts'
import { type PlaceVerification, verifyPlaces } from './PlaceVerification.ts'
import { postgresArchive } from './PostgresArchive.ts'
import { openPostgresDatabases } from './PostgresDatabases.ts'
import { isOfDatabase, storageFailed } from './PostgresError.ts'
import { logStorageOver } from './PostgresLogStorage.ts'
import { progressBar } from './ProgressBar.ts'
import { sqliteArchive } from './SqliteArchive.ts'
import { backupTo, sqliteLogStorage } from './SqliteLogStorage.ts'
import { verifyLogs } from './Verification.ts'

export const backup = async (values: Values, [file, ...more]: ReadonlyArray<string>): Promise<number> => {
  if (file === undefined || more.length > 0) throw new Usage('backup takes one FILE')
  const database = openLogReadOnly(values.data ?? dataDefault)
  try {
    await Effect.runPromise(backupTo(database, file))
    return say(`${file}\n`)
  } finally {
    database.close()
  }
}

export const verify = async (values: Values, args: ReadonlyArray<string>): Promise<number> => {
  if (args.length > 0) throw new Usage('verify takes no FILE')
  const place = placeOf(values)
  if ('data' in place) return verifyStorage(values, sqliteLogStorage({ folder: place.data }))
  const databases = await openPostgresDatabases({ url: place.database })
  return verifyStorage(values, logStorageOver(databases), () => verifyPlaces(databases))
}

const verifyStorage = async (
  values: Values,
  storage: LogStorage,
  places: () => Promise<PlaceVerification> = async () => ({ faults: [], moves: [] }),
): Promise<number> => {
  const bar = progressBar({ label: 'verify', unit: 'stores', isQuiet: values.quiet })
  try {
    const all = await countStores(storage)
    const logs = await Effect.runPromise(verifyLogs(storage, ({ stores }) => bar.show(stores, all)))
    bar.end()
    const { faults: misplaced, moves } = await places()
    const faults = [...logs.faults, ...misplaced]
    for (const { storeId, fault } of [...faults, ...moves]) say(`${storeId}: ${fault}\n`)
    say(`${logs.stores} stores, ${logs.events} events, ${faults.length} faults\n`)
    return faults.length === 0 ? 0 : 1
  } finally {
    bar.end()
    await Effect.runPromise(storage.close)
  }
}

/** Ids asked for at once. */
const pageMax = 1_000

const countStores = async (storage: LogStorage): Promise<number> => {
  let count = 0
  for (let after: string | null = null; ;) {
    const storeIds: ReadonlyArray<string> = await Effect.runPromise(storage.stores(after, pageMax))
    count += storeIds.length
    after = storeIds.at(-1) ?? null
    if (storeIds.length < pageMax) return count
  }
}

/** Opens what a command copies from or to, and closes it again. */
const withArchive = async (
  values: Values,
  mode: 'read' | 'write',
  work: (archive: LogArchive) => Promise<number>,
): Promise<number> => {
  const archive = await openArchive(placeOf(values), mode)
  try {
    return await work(archive)
  } catch (error) {
    throw isOfDatabase(error) ? storageFailed(mode, error) : error
  } finally {
    await archive.close()
  }
}

const openArchive = async (place: LogPlace, mode: 'read' | 'write'): Promise<LogArchive> => {
  if ('database' in place) return postgresArchive(await openPostgresDatabases({ url: place.database }))
  if (mode === 'read') {
    const database = openLogReadOnly(place.data)
    return sqliteArchive(database, () => database.close())
  }
  const { database, close } = openDataFolder(place.data)
  return sqliteArchive(database, close)
}

/** `export FILE [STORE]…` */
export const exportCommand = (values: Values, [file, ...storeIds]: ReadonlyArray<string>): Promise<number> => {
  if (file === undefined) throw new Usage('export takes a FILE, and the stores if not all are wanted')
  return withArchive(values, 'read', async (archive) => {
    const bar = progressBar({ label: 'export', unit: 'events', isQuiet: values.quiet })
    try {
      const all = storeIds.length > 0 ? undefined : (await archive.totals()).events
      const onProgress = (events: number): void => bar.show(events, all)
      const wanted = storeIds.length > 0 ? { storeIds } : {}
      const { logs, events } = await exportLogs(archive, { file, onProgress, ...wanted })
      bar.end()
      return say(`${file}: ${logs} logs, ${events} events\n`)
    } finally {
      bar.end()
    }
  })
}

/** `import FILE [STORE]…` */
export const importCommand = (values: Values, [file, ...storeIds]: ReadonlyArray<string>): Promise<number> => {
  if (file === undefined) throw new Usage('import takes a FILE, and the stores if not all are wanted')
  return withArchive(values, 'write', async (archive) => {
    const bars = {
      check: progressBar({ label: 'check', unit: 'bytes', isQuiet: values.quiet }),
      store: progressBar({ label: 'import', unit: 'bytes', isQuiet: values.quiet }),
    }
    try {
      const wanted = storeIds.length > 0 ? { storeIds } : {}
      const { logs, events, kept } = await importLogs(archive, {
        file,
        onProgress: (stage, bytes, all) => bars[stage].show(bytes, all),
        ...wanted,
      })
      bars.store.end()
      const before = kept === 0 ? '' : `, ${kept} were there already`
      return say(`${archive.name}: ${logs} logs, ${events} events${before}\n`)
    } finally {
      bars.store.end()
    }
  })
}
