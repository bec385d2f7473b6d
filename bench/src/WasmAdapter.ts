import {
  type Adapter,
  Leader,
  localLeaderClient,
  memoryLeaderStorage,
  type SqliteConnection,
} from '@headwater/core/adapter'
import { type LoadWasmSqliteOptions, loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'

/**
 * What `memoryAdapter` is, on SQLite as WebAssembly: session and leader in one thread, every database in memory. It
 * tells what the design costs from what the engine costs, and stands beside peers whose engine this is, too.
 */
export const wasmAdapter = (options: LoadWasmSqliteOptions = {}): Adapter => ({
  name: 'node, in memory, wa-sqlite',
  connect: async ({ environment }) => {
    const sqlite = await loadWasmSqlite(options)
    const openDatabase = (image?: Uint8Array): SqliteConnection =>
      openWasmSqlite(sqlite, image === undefined ? {} : { image })
    const leader = new Leader({ environment, storage: memoryLeaderStorage(openDatabase) })
    return {
      client: localLeaderClient(leader, environment, () => leader.close()),
      openDatabase,
    }
  },
  importLog: () => Promise.reject(new Error('a benchmark imports nothing')),
  wipe: () => Promise.resolve(),
})
