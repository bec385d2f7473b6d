import { memoryLeaderStorage, prepareImportedLog } from '@headwater/core/adapter'
import { loadWasmSqlite, openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { eventlogName, opfsLeaderStorage, stateName } from './OpfsLeaderStorage.ts'
import { openOpfsSqlite } from './OpfsSqlite.ts'
import { openStorePool, removeStore } from './StoreFolders.ts'
import { StorageWatch } from './StorageWatch.ts'
import { EventlogLost, OpfsUnavailable, StoreExists } from './WebAdapterError.ts'
import type { OpenFiles, OpenFilesOptions, WebFiles } from './WebLeader.ts'

/** A leader that ends frees its files within some 50 ms of its lock. **Units** ms. */
const waitMs = 3000

/** Stores in the origin's private file system; in memory where there is none, with a warning in the status. */
export const opfsFiles: WebFiles = {
  open: async (options) => {
    const sqlite = await loadWasmSqlite()
    const now = (): number => Date.now()
    try {
      return await openFiles(sqlite, options, now)
    } catch (error) {
      if (!(error instanceof OpfsUnavailable)) throw error
      const status = new StorageWatch('memory', [error])
      const inMemory = memoryLeaderStorage((image) => openWasmSqlite(sqlite, image === undefined ? {} : { image }))
      // Sessions of other tabs outlive it, and would ignore a term that began anew.
      return { storage: { ...inMemory, status, newLogTerm: now() }, close: () => undefined }
    }
  },

  importLog: async (storeId, directory, bytes) => {
    const sqlite = await loadWasmSqlite()
    const image = importedImage(sqlite, bytes)
    const pool = await openStorePool({ storeId, directory, waitMs, mayCopy: false })
    try {
      if (pool.find(eventlogName) !== undefined) throw new StoreExists({ storeId })
      openOpfsSqlite(sqlite, { pool, mayWrite: () => true }, eventlogName, { image }).close()
    } finally {
      pool.close()
    }
  },

  wipe: (storeId, directory) => removeStore(directory, storeId),
}

const openFiles = async (
  sqlite: WasmSqlite,
  { storeId, directory, isTakeOver, takeOverMs, mayWrite }: OpenFilesOptions,
  now: () => number,
): Promise<OpenFiles> => {
  const wait = isTakeOver ? takeOverMs : waitMs
  const pool = await openStorePool({ storeId, directory, waitMs: wait, mayCopy: isTakeOver })
  const isLogLost = pool.find(eventlogName) === undefined && pool.find(stateName) !== undefined
  const status = new StorageWatch('files', isLogLost ? [new EventlogLost()] : [])
  void status.watchPersistence()
  return {
    storage: opfsLeaderStorage(sqlite, { pool, mayWrite }, now, status),
    close: () => {
      status.close()
      pool.close()
    },
  }
}

/** An exported log as the eventlog of another client. **Fails with** `FormatUnsupported`, `SqliteError`: it is none, or damaged. */
const importedImage = (sqlite: WasmSqlite, bytes: Uint8Array): Uint8Array => {
  const image = openWasmSqlite(sqlite, { image: bytes })
  try {
    prepareImportedLog(image, crypto.randomUUID())
    return image.serialize()
  } finally {
    image.close()
  }
}
