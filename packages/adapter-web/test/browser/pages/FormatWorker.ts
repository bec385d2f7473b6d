/** Marks the log of a closed store as of another format version; answers with the one before. */
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { eventlogName } from '../../../src/OpfsLeaderStorage.ts'
import { openOpfsSqlite } from '../../../src/OpfsSqlite.ts'
import { openStorePool } from '../../../src/StoreFolders.ts'

export interface FormatRequest {
  readonly storeId: string
  readonly directory: string
  readonly version: number
}

const setVersion = async ({ storeId, directory, version }: FormatRequest): Promise<number> => {
  const sqlite = await loadWasmSqlite()
  const pool = await openStorePool({ storeId, directory, waitMs: 3000, mayCopy: false })
  try {
    const log = openOpfsSqlite(sqlite, { pool, mayWrite: () => true }, eventlogName)
    log.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
    const before = Number(log.prepare('PRAGMA user_version').get()?.[0])
    log.exec(`PRAGMA user_version = ${version}`)
    log.close()
    return before
  } finally {
    pool.close()
  }
}

addEventListener('message', ({ data }: MessageEvent<FormatRequest>) => {
  void setVersion(data).then((before) => (globalThis as unknown as Worker).postMessage(before))
})
