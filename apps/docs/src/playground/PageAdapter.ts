import {
  type Adapter,
  Leader,
  localLeaderClient,
  memoryLeaderStorage,
  type SqliteConnection,
} from '@headwater/core/adapter'
import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'

/** A store in this page's memory, leader and all, on SQLite as WebAssembly: nothing of it is left when the page goes. */
export const pageAdapter = (): Adapter => ({
  name: 'page, in memory',
  connect: async ({ environment }) => {
    const sqlite = await loadWasmSqlite()
    const openDatabase = (image?: Uint8Array): SqliteConnection =>
      openWasmSqlite(sqlite, image === undefined ? {} : { image })
    const leader = new Leader({ environment, storage: memoryLeaderStorage(openDatabase) })
    return { client: localLeaderClient(leader, environment, () => leader.close()), openDatabase }
  },
  importLog: () => Promise.reject(new Error('the playground has nothing to import into')),
  wipe: () => Promise.resolve(),
})
