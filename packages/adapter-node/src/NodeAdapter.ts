import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Adapter, AdapterContext } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import { type Durability, placeFile } from './FileLeaderStorage.ts'
import { importedImage } from './ImportedImage.ts'
import { NodeLeaderClient } from './NodeLeaderClient.ts'
import { StoreExists } from './NodeAdapterError.ts'
import { requireNodeVersion } from './NodeVersion.ts'
import { makeStoreFiles, type StoreFiles, storeFiles } from './StoreFiles.ts'
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
  /**
   * How often a session asks its leader for a sign of life; after two without an answer the leader is replaced.
   * **Units** ms. Default 5,000: longer than any one transaction of a leader should take.
   */
  readonly heartbeatMs?: number
  /**
   * Where the leader's worker entry is, for apps that are bundled: `import.meta.resolve('@headwater/adapter-node/LeaderWorker')`,
   * or wherever that one file was copied to. Default: beside this module.
   */
  readonly workerUrl?: URL | string
}

const heartbeatMsDefault = 5000

/**
 * Stores as files on Node. All sessions of a process share one leader, whatever threads they are in; another process
 * gets `StoreLocked`. An open store keeps the process alive until it is closed.
 *
 * **Fails with**  (from `createStore`) `UnsupportedPlatform`, `DirectoryUnusable`, `StoreLocked`, `LeaderNotStarted`, `FormatUnsupported`,
 * `SqliteError`.
 *
 * **Example**
 * ```ts
 * const store = await createStore({ schema, storeId: 'demo', adapter: nodeAdapter({ directory: './data' }) })
 * ```
 */
export const nodeAdapter = (options: NodeAdapterOptions): Adapter => {
  const {
    directory,
    leader = 'worker',
    durability = 'full',
    waitForLock = false,
    heartbeatMs = heartbeatMsDefault,
    workerUrl,
  } = options
  return {
    name: `node, ${leader === 'worker' ? 'leader in a worker thread' : 'leader in the same thread'}`,

    connect: async ({ storeId, environment, signal }: AdapterContext) => {
      requireNodeVersion()
      const files = makeStoreFiles(directory, storeId)
      const client = new NodeLeaderClient({
        files,
        leader,
        durability,
        waitForLock,
        heartbeatMs,
        workerUrl,
        environment,
      })
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
        placeFile(files.eventlog, importedImage(bytes))
      } finally {
        lock.release()
      }
      return await Promise.resolve()
    },

    wipe: async (storeId) => {
      const { folder } = storeFiles(directory, storeId)
      if (existsSync(folder)) removeStoreFiles(makeStoreFiles(directory, storeId))
      return await Promise.resolve()
    },
  }
}

/**
 * Everything goes while the lock is held, its own file too: whoever waits for that one finds that it is gone (`StoreLock.ts`,
 * step 4), and a leader that starts from here on has new files that nobody deletes.
 */
const removeStoreFiles = (files: StoreFiles): void => {
  const held = takeStoreLock(files)
  try {
    for (const name of readdirSync(files.folder)) {
      // Windows cannot delete a file that is open.
      if (process.platform === 'win32' && name.startsWith(basename(files.lock))) continue
      rmSync(join(files.folder, name), { recursive: true, force: true })
    }
  } finally {
    held.release()
  }
  try {
    rmdirSync(files.folder)
  } catch {
    // Somebody has begun anew in it.
  }
}
