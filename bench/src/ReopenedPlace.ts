import type { Adapter } from '@headwater/core'
import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'
import { Checksum } from './Checksum.ts'
import type { StorePlace } from './StorePlace.ts'
import { openTodoStore } from './TodoStore.ts'

/**
 * Anywhere. Where files can't be read from outside, the store is opened once more: its tables are what it brings along, the
 * log is what it exports.
 */
export const reopenedPlace = (adapter: Adapter): StorePlace => ({
  adapter,
  storedChecksum: async () => {
    const { store, checksum } = await openTodoStore(adapter)
    const log = await logChecksum(await store.export())
    const tables = checksum()
    await store.close()
    return `${log}-${tables}`
  },
})

const logChecksum = async (exported: Uint8Array): Promise<string> => {
  const log = openWasmSqlite(await loadWasmSqlite(), { image: exported })
  const checksum = new Checksum()
  for (const row of log.prepare('SELECT name, argsJson FROM eventlog ORDER BY seqNumGlobal, seqNumClient').all())
    checksum.add(JSON.stringify(row))
  log.close()
  return checksum.digest()
}
