import type { Adapter, AdapterConnection, AdapterContext } from '@headwater/core/adapter'
import { loadWasmSqlite, openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { candidateLock, protocolVersion, storeName, type ToWorker } from './LeaderWire.ts'
import { onPageLife, onPageWake } from './PageLife.ts'
import { askToPersist } from './StorageWatch.ts'
import { takeLock } from './StoreLock.ts'
import { StoreTab } from './StoreTab.ts'
import { TabBroker } from './TabBroker.ts'
import { runInWorker, startLeaderWorker, type StartWorker } from './TabWorker.ts'
import { WebLeaderClient } from './WebLeaderClient.ts'
import { LocksUnavailable, SqliteNotLoaded, StoreInUse } from './WebLeaderError.ts'

export interface WebAdapterOptions {
  /** The folder of the origin's private file system that holds all stores. Default `headwater`. */
  readonly directory?: string
  /**
   * How tabs reach the one that leads: `'auto'` (default) through ports that a SharedWorker passes on, where there is one;
   * `'relay'` always over BroadcastChannel.
   */
  readonly transport?: 'auto' | 'relay'
  /**
   * How often a session asks its leader for a sign of life; after two without an answer the leader is replaced.
   * **Units** ms. Default 800: a leader that stops is replaced within 5 s.
   */
  readonly heartbeatMs?: number
  /** Ask the browser to keep the files until the user deletes them, which some put to the user. Default `true`. */
  readonly persist?: boolean
  /**
   * Starts the leader's worker, if your bundler does not find it by itself:
   * `() => new Worker('/assets/headwater-leader.js', { type: 'module' })`. Default: the script beside this module.
   */
  readonly startWorker?: () => Worker
  /** @internal For tests of an older and a newer version side by side. */
  readonly protocol?: number
}

const heartbeatMsDefault = 800
/** A lock that is about to be let go is waited for. **Units** ms. */
const letGoMs = 2000

const tabs = new Map<string, StoreTab>()
let broker: TabBroker | undefined

/**
 * Stores of a web page, in the origin's private file system. All tabs of the origin share one leader per store, in a
 * dedicated worker of one of them. Needs no set-up: no worker file, no bundler configuration.
 *
 * **Fails with**  (from `createStore`) `LocksUnavailable`, `OpfsUnavailable`, `SqliteNotLoaded`, `LeaderNotStarted`,
 * `AdapterOutdated`, `FormatUnsupported`, `SqliteError`.
 *
 * **Example**
 * ```ts
 * const store = await createStore({ schema, storeId: 'demo', adapter: webAdapter() })
 * ```
 */
export const webAdapter = (options: WebAdapterOptions = {}): Adapter => {
  const {
    directory = 'headwater',
    heartbeatMs = heartbeatMsDefault,
    startWorker = startLeaderWorker,
    persist = true,
  } = options
  return {
    name: 'web, leader in a worker of one tab',

    connect: async ({ storeId, environment, signal }: AdapterContext): Promise<AdapterConnection> => {
      requireLocks()
      if (persist) void askToPersist()
      const client = new WebLeaderClient({ tab: tabOf(storeId, directory, options), storeId, heartbeatMs, environment })
      // Both take their time.
      const [sqlite] = await Promise.all([loadSqlite(), client.connect(signal)]).catch(async (error: unknown) => {
        await client.close()
        throw error
      })
      return {
        client,
        openDatabase: (image) => openWasmSqlite(sqlite, image === undefined ? {} : { image }),
        onWake: onPageWake,
      }
    },

    importLog: (storeId, bytes) => runJob(startWorker, { is: 'import', storeId, directory, bytes }),

    wipe: (storeId) => runJob(startWorker, { is: 'wipe', storeId, directory }),
  }
}

/** One per page and store; what differs between two adapters for one store is the first one's. */
const tabOf = (storeId: string, directory: string, options: WebAdapterOptions): StoreTab => {
  const { transport = 'auto', protocol = protocolVersion, startWorker = startLeaderWorker } = options
  const key = JSON.stringify([storeName(directory, storeId), transport, protocol])
  const known = tabs.get(key)
  if (known !== undefined) return known
  if (transport === 'auto') broker ??= new TabBroker()
  const tab = new StoreTab({
    storeId,
    directory,
    protocol,
    startWorker,
    broker: transport === 'auto' ? broker! : null,
  })
  onPageLife(tab)
  tabs.set(key, tab)
  return tab
}

/** Nobody may have the store open, and nobody opens it meanwhile. */
const runJob = async (
  startWorker: StartWorker,
  job: Extract<ToWorker, { readonly is: 'import' | 'wipe' }>,
): Promise<void> => {
  requireLocks()
  const { storeId, directory } = job
  const candidacy = await takeWhenLetGo(storeName(directory, storeId))
  if (candidacy === null) throw new StoreInUse({ storeId })
  try {
    if (!(await runInWorker(startWorker, job))) throw new StoreInUse({ storeId })
  } finally {
    await candidacy.release()
  }
}

/** A tab whose worker has just ended holds its candidacy for another moment; one whose worker leads holds it for long. */
const takeWhenLetGo = async (store: string) => {
  const { held = [] } = await navigator.locks.query()
  const isLed = held.some(({ name }) => name === store)
  const lock = candidateLock(store)
  return await takeLock(lock, isLed ? { ifAvailable: true } : { signal: AbortSignal.timeout(letGoMs) })
}

/** **Fails with** `LocksUnavailable`. */
const requireLocks = (): void => {
  // Old browsers, and pages that are not served securely, have none.
  if ((globalThis.navigator as Partial<Navigator> | undefined)?.locks === undefined)
    throw new LocksUnavailable({ isSecure: globalThis.isSecureContext })
}

/** **Fails with** `SqliteNotLoaded`. */
const loadSqlite = async (): Promise<WasmSqlite> => {
  try {
    return await loadWasmSqlite()
  } catch (error) {
    throw new SqliteNotLoaded({ detail: error instanceof Error ? error.message : String(error) })
  }
}
