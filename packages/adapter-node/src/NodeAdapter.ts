import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { type Adapter, type AdapterContext, prepareImportedLog } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import type { Durability } from './FileLeaderStorage.ts'
import { NodeLeaderClient } from './NodeLeaderClient.ts'
import { StoreExists } from './NodeAdapterError.ts'
import { requireNodeVersion } from './NodeVersion.ts'
import { makeStoreFiles, storeFiles } from './StoreFiles.ts'
import { takeStoreLock } from './StoreLock.ts'

export interface NodeAdapterOptions {
  /** Stores are folders in it; made when missing. */
  readonly directory: string
  /** `'worker'` (default): the leader has a thread of its own. `'same-thread'`: for scripts and serverless functions. */
  readonly leader?: 'worker' | 'same-thread'
  /** See {@link Durability}. Default `'full'`. */
  readonly durability?: Durability
  /** Wait until another process lets go of the store instead of failing with `StoreLocked`. Default `false`. */
  readonly waitForLock?: boolean
}

/**
 * Stores as files on Node. All sessions of a process share one leader, whatever threads they are in; another process
 * gets `StoreLocked`. An open store keeps the process alive until it is closed.
 *
 * **Fails with**  (from `createStore`) `UnsupportedPlatform`, `StoreLocked`, `LeaderNotStarted`, `FormatUnsupported`,
 * `SqliteError`.
 *
 * **Example**
 * ```ts
 * const store = await createStore({ schema, storeId: 'demo', adapter: nodeAdapter({ directory: './data' }) })
 * ```
 */
export const nodeAdapter = (options: NodeAdapterOptions): Adapter => {
  const { directory, leader = 'worker', durability = 'full', waitForLock = false } = options
  return {
    name: `node, ${leader === 'worker' ? 'leader in a worker thread' : 'leader in the same thread'}`,

    connect: async ({ storeId, environment, signal }: AdapterContext) => {
      requireNodeVersion()
      const files = makeStoreFiles(directory, storeId)
      const client = new NodeLeaderClient({ files, leader, durability, waitForLock, environment })
      await client.connect(signal)
      return {
        client,
        openDatabase: (image?: Uint8Array) => openBetterSqlite(image === undefined ? {} : { image }),
      }
    },

    importLog: async (storeId, bytes) => {
      requireNodeVersion()
      const files = makeStoreFiles(directory, storeId)
      const lock = takeStoreLock(files)
      try {
        if (existsSync(files.eventlog)) throw new StoreExists({ folder: files.folder })
        const image = openBetterSqlite({ image: bytes })
        prepareImportedLog(image, crypto.randomUUID())
        writeFileSync(files.eventlog, image.serialize(), { flush: true })
        image.close()
      } finally {
        lock.release()
      }
      return await Promise.resolve()
    },

    wipe: async (storeId) => {
      const { folder } = storeFiles(directory, storeId)
      if (!existsSync(folder)) return await Promise.resolve()
      const lock = takeStoreLock(makeStoreFiles(directory, storeId))
      lock.release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
