import { prepareImportedLog } from '@headwater/core/adapter'
import { loadWasmSqlite, openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { eventlogName, opfsLeaderStorage } from './OpfsLeaderStorage.ts'
import { openOpfsSqlite } from './OpfsSqlite.ts'
import { openStorePool, removeStore } from './StoreFolders.ts'
import { StoreExists } from './WebAdapterError.ts'
import type { WebFiles } from './WebLeader.ts'

/** A leader that ends frees its files within some 50 ms of its lock. **Units** ms. */
const waitMs = 3000

/** Stores in the origin's private file system. */
export const opfsFiles: WebFiles = {
  open: async ({ storeId, directory, isTakeOver, takeOverMs, mayWrite }) => {
    const [sqlite, pool] = await Promise.all([
      loadWasmSqlite(),
      openStorePool({ storeId, directory, waitMs: isTakeOver ? takeOverMs : waitMs, mayCopy: isTakeOver }),
    ])
    return { storage: opfsLeaderStorage(sqlite, { pool, mayWrite }, () => Date.now()), close: () => pool.close() }
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
