import { type Adapter, Leader, type LeaderStorage, localLeaderClient } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import { importedImage } from './ImportedImage.ts'

/** A leader's databases in memory; they go with the leader. */
export const memoryLeaderStorage = (image?: Uint8Array): LeaderStorage => ({
  openEventlog: () => openBetterSqlite(image === undefined ? {} : { image }),
  openState: () => openBetterSqlite(),
  replaceState: (state) => openBetterSqlite(state === null ? {} : { image: state }),
  keepExport: () => 'memory',
  setAsideEventlog: () => ({
    eventlog: openBetterSqlite(),
    corrupt: undefined,
    keptAs: 'memory',
    done: () => undefined,
  }),
  status: { current: () => ({ kind: 'memory', warnings: [] }), onChange: () => undefined },
})

/**
 * A store without files, for tests, previews and servers that only read along. Every `createStore` is a client of its
 * own with its own leader, in the same thread.
 *
 * **Fails with**  `UnsupportedPlatform`.
 */
export const memoryAdapter = (): Adapter => {
  const imported = new Map<string, Uint8Array>()
  return {
    name: 'node, in memory',
    connect: async ({ storeId, environment }) => {
      const image = imported.get(storeId)
      imported.delete(storeId)
      const leader = new Leader({ environment, storage: memoryLeaderStorage(image) })
      return await Promise.resolve({
        client: localLeaderClient(leader, environment, () => leader.close()),
        openDatabase: (bytes?: Uint8Array) => openBetterSqlite(bytes === undefined ? {} : { image: bytes }),
      })
    },
    importLog: async (storeId, bytes) => {
      imported.set(storeId, importedImage(bytes))
      return await Promise.resolve()
    },
    wipe: () => Promise.resolve(),
  }
}
