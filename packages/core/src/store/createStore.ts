import type { SyncBackendProvider } from '../backend/SyncBackend.ts'
import { storeIdPattern } from '../backend/BackendLimits.ts'
import type { Environment, LogEntry, LogLevel } from '../environment/Environment.ts'
import { consoleLog, systemEnvironment } from '../environment/SystemEnvironment.ts'
import { eventIdRandomBytes, makeEventIdGenerator } from '../event/EventId.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import type { Adapter } from './Adapter.ts'
import { Store } from './Store.ts'
import { InvalidStoreId } from './StoreError.ts'
import type { StoreStatus } from './StoreStatus.ts'

export interface StoreOptions {
  readonly schema: StoreSchema
  /** `[A-Za-z0-9_-]{1,64}`: names the dataset, on this device and at the backend. */
  readonly storeId: string
  readonly adapter: Adapter
  /** Without one the store is local; one may be given later, and gets everything. */
  readonly backend?: SyncBackendProvider
  /** Ends opening the store. */
  readonly signal?: AbortSignal
  /** Called while the store opens and later, with every change: `status.progress` while a rebuild runs. */
  readonly onStatus?: (status: StoreStatus) => void
  /** What is written to the console, or where entries go. Default `'warn'`. Event args are never logged unless `logArgs`. */
  readonly log?: LogLevel | ((entry: LogEntry) => void)
  readonly logArgs?: boolean
  /** Clock, randomness, timers; for tests. */
  readonly environment?: Environment
}

/**
 * Opens a store. Resolves when this session has everything that the client's log has.
 *
 * **Fails with**  `InvalidStoreId`; `SchemaOutdated` (a session with a newer schema has the store open: reload);
 * whatever keeps its database from being made, after a few tries; the adapter's errors (another process leads the
 * directory, a newer file format, an unsupported platform); the signal's reason.
 *
 * **Example**
 * ```ts
 * const store = await createStore({ schema, storeId: 'demo', adapter: nodeAdapter({ directory: './data' }) })
 * ```
 */
export const createStore = async (options: StoreOptions): Promise<Store> => {
  const { schema, storeId, adapter, backend, signal, onStatus, log, logArgs = false } = options
  if (typeof storeId !== 'string' || !storeIdPattern.test(storeId))
    throw new InvalidStoreId({ storeId: String(storeId) })
  signal?.throwIfAborted()
  const logEntry = typeof log === 'function' ? log : consoleLog(log ?? 'warn')
  const environment = options.environment ?? systemEnvironment({ log: logEntry })
  const sessionId = makeEventIdGenerator()(environment.now(), environment.randomBytes(eventIdRandomBytes))
  const connection = await adapter.connect({ storeId, sessionId, environment, signal })
  const store = new Store({
    storeId,
    sessionId,
    schema,
    adapter,
    connection,
    backend: backend ?? null,
    environment,
    logsArgs: logArgs,
  })
  if (onStatus !== undefined) store.onStatus(onStatus)
  await untilReady(store, signal)
  return store
}

const untilReady = async (store: Store, signal: AbortSignal | undefined): Promise<void> => {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  try {
    await Promise.race([store.ready, aborted])
  } catch (error) {
    // Nothing was committed yet: there is nothing to wait for.
    await store.close()
    throw error
  }
}

/** Puts an exported eventlog in place of a store that does not exist on this device yet. **Fails with** the adapter's errors. */
export const importStore = async (options: {
  readonly adapter: Adapter
  readonly storeId: string
  readonly bytes: Uint8Array
}): Promise<void> => {
  const { adapter, storeId, bytes } = options
  if (!storeIdPattern.test(storeId)) throw new InvalidStoreId({ storeId })
  await adapter.importLog(storeId, bytes)
}
