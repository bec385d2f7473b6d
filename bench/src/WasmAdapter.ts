import { type Adapter, Leader, type LeaderStorage, localLeaderClient } from '@headwater/core/adapter'
import { type LoadWasmSqliteOptions, type WasmSqlite, loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'

/** A leader's databases in the module's memory. */
const wasmLeaderStorage = (sqlite: WasmSqlite): LeaderStorage => ({
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
})

/**
 * What `memoryAdapter` is, on SQLite as WebAssembly: session and leader in one thread, every database in memory. It
 * tells what the design costs from what the engine costs, and stands beside peers whose engine this is, too.
 */
export const wasmAdapter = (options: LoadWasmSqliteOptions = {}): Adapter => ({
  name: 'node, in memory, wa-sqlite',
  connect: async ({ environment }) => {
    const sqlite = await loadWasmSqlite(options)
    const leader = new Leader({ environment, storage: wasmLeaderStorage(sqlite) })
    return {
      client: localLeaderClient(leader, environment, () => leader.close()),
      openDatabase: (image?: Uint8Array) => openWasmSqlite(sqlite, image === undefined ? {} : { image }),
    }
  },
  importLog: () => Promise.reject(new Error('a benchmark imports nothing')),
  wipe: () => Promise.resolve(),
})
