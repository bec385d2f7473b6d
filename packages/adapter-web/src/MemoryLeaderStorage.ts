import type { LeaderStorage, StorageStatusSource } from '@headwater/core/adapter'
import { openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'

/**
 * A leader's databases in memory, where the browser gives no files. They go with the leader: sessions of other tabs keep
 * what they have not pushed and push it to the next one. `newLogTerm` rises with the clock, or they would ignore it.
 */
export const memoryLeaderStorage = (
  sqlite: WasmSqlite,
  status: StorageStatusSource,
  now: () => number,
): LeaderStorage => ({
  openEventlog: () => openWasmSqlite(sqlite),
  openState: () => openWasmSqlite(sqlite),
  replaceState: (image) => openWasmSqlite(sqlite, image === null ? {} : { image }),
  keepExport: () => 'memory',
  setAsideEventlog: () => ({
    eventlog: openWasmSqlite(sqlite),
    corrupt: undefined,
    keptAs: 'memory',
    done: () => undefined,
  }),
  status,
  newLogTerm: now(),
})
