import {
  type Adapter,
  Leader,
  localLeaderClient,
  memoryLeaderStorage,
  type SqliteConnection,
} from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import { importedImage } from './ImportedImage.ts'

const openDatabase = (image?: Uint8Array): SqliteConnection => openBetterSqlite(image === undefined ? {} : { image })

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
      const leader = new Leader({
        environment,
        storage: { ...memoryLeaderStorage(openDatabase), openEventlog: () => openDatabase(image) },
      })
      return await Promise.resolve({
        client: localLeaderClient(leader, environment, () => leader.close()),
        openDatabase,
      })
    },
    importLog: async (storeId, bytes) => {
      imported.set(storeId, importedImage(bytes))
      return await Promise.resolve()
    },
    wipe: () => Promise.resolve(),
  }
}
