/** One client whose device can fail, a backend in memory that does not, and what must be true at rest. */
import {
  createStore,
  type EventInput,
  type Receipt,
  RequestFailed,
  type Store,
  type StoreStatus,
} from '@headwater/core'
import {
  type Adapter,
  type Environment,
  Leader,
  localLeaderClient,
  SqliteError,
  systemEnvironment,
} from '@headwater/core/adapter'
import { type BackendEvent, SyncBackendError, type SyncBackendProvider, Unreachable } from '@headwater/core/backend'
import { type MemoryBackend, memoryBackend } from '@headwater/testkit'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { schema } from '../../../packages/adapter-node/test/Todos.ts'
import type { AnomalyDevice } from './AnomalyDevice.ts'
import { checkFiles, isStateCurrent } from './AnomalyProof.ts'

export const storeId = 'demo'

export class AnomalyWorld {
  readonly device: AnomalyDevice
  readonly backend: MemoryBackend = memoryBackend()
  /** Ids whose receipt said so. */
  readonly persisted = new Set<string>()
  readonly confirmed = new Set<string>()
  /** What came out of a task that nobody catches: it would end the thread. */
  readonly escaped: Array<unknown> = []
  /** Tags of errors that the engine logged. */
  readonly logged = new Set<string>()
  hasBackend = true
  #isOffline = false
  #store: Store | null = null
  readonly #stores: Array<Store> = []

  constructor(device: AnomalyDevice) {
    this.device = device
  }

  get store(): Store {
    if (this.#store === null) throw new Error('not started')
    return this.#store
  }

  get isOpen(): boolean {
    return this.#store !== null
  }

  /** Whether a status of the present store, also of one that is still being opened, has said what is wrong. */
  isTold = false

  async start(): Promise<Store> {
    const environment = this.#environment()
    const adapter: Adapter = {
      name: 'failing',
      connect: () => {
        const leader = new Leader({ environment, storage: this.device.storage() })
        return Promise.resolve({
          client: localLeaderClient(leader, environment, () => leader.close()),
          openDatabase: (image) => this.device.openDatabase(image),
        })
      },
      importLog: () => Promise.reject(new Error('not here')),
      wipe: () => Promise.resolve(),
    }
    const backend = this.hasBackend ? { backend: this.#provider() } : {}
    const onStatus = (status: StoreStatus): void => {
      // Being off line is told there, too.
      if (status.backend.error?.tag === 'SqliteError') this.isTold = true
    }
    const store = await createStore({ schema, storeId, adapter, environment, onStatus, ...backend })
    store.onNotice((notice) => {
      const error = notice._tag === 'failure' ? notice.error : undefined
      if (error instanceof SqliteError || error instanceof RequestFailed) this.isTold = true
    })
    this.#store = store
    this.#stores.push(store)
    return store
  }

  /** Retries come at once; what escapes from a task is kept. */
  #environment(): Environment {
    const system = systemEnvironment({
      log: ({ fields }) => {
        if (typeof fields['error'] === 'string') this.logged.add(fields['error'])
      },
    })
    const kept = (task: () => void) => (): void => {
      try {
        task()
      } catch (error) {
        this.escaped.push(error)
      }
    }
    return {
      ...system,
      random: () => 0,
      defer: (task) => system.defer(kept(task)),
      microtask: (task) => system.microtask(kept(task)),
      setTimer: (task, delayMs) => system.setTimer(kept(task), delayMs),
    }
  }

  /** Cuts this client off, or lets it through again. */
  setOnline(isOnline: boolean): void {
    this.#isOffline = !isOnline
    // Ends every open stream.
    this.backend.restart()
  }

  #provider(): SyncBackendProvider {
    const through = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<A, SyncBackendError> =>
      Effect.suspend(() => (this.#isOffline ? Effect.fail(offline) : effect))
    return {
      name: this.backend.name,
      make: (context) =>
        Effect.map(this.backend.make(context), (inner) => ({
          ...inner,
          ping: through(inner.ping),
          push: (batch) => through(inner.push(batch)),
          pull: (request) => Stream.unwrap(through(Effect.sync(() => inner.pull(request)))),
        })),
    }
  }

  async close(): Promise<void> {
    await this.store.close()
    this.#store = null
  }

  /** Leaves without waiting for anything. */
  async dispose(): Promise<void> {
    for (const store of this.#stores) await store.wipe().catch(() => undefined)
    this.device.dispose()
  }

  // ------------------------------------------------------------------------------------------------------ the app

  commit(...events: ReadonlyArray<EventInput>): Receipt {
    const receipt = this.store.commit(...events)
    const ignore = (): void => undefined
    for (const [i, id] of receipt.eventIds.entries()) {
      const { persisted, confirmed } = this.store.receipt(id)
      persisted.then(() => this.persisted.add(id), ignore)
      if (events[i]?.definition.isClientOnly === false) confirmed.then(() => this.confirmed.add(id), ignore)
    }
    return receipt
  }

  /** Until backend, log, state and session have the same. */
  async synced(): Promise<void> {
    const { store } = this
    if (this.hasBackend) {
      const head = (): number => this.backend.log(storeId).length
      await store.until((status) => status.isSynced && status.leader.settledHead.global >= head())
    }
    await store.until(({ session, progress }) => session.pending === 0 && progress === null)
  }

  /** Another client's events, directly in the backend. */
  async foreign(...events: ReadonlyArray<readonly [name: string, args: unknown]>): Promise<void> {
    const { backend } = this
    const log = backend.log(storeId)
    const parent = { global: log.length, eventId: log.at(-1)?.id ?? null }
    let parentId = parent.eventId
    const pushed = events.map(([name, args], i): BackendEvent => {
      const event: BackendEvent = {
        global: parent.global + i + 1,
        parentGlobal: parent.global + i,
        parentId,
        id: crypto.randomUUID(),
        name,
        argsJson: JSON.stringify(args),
        clientId: 'other',
        sessionId: 'other',
        createdAt: 0,
      }
      parentId = event.id
      return event
    })
    const push = Effect.flatMap(backend.make({ storeId, clientId: 'other' }), (connection) =>
      connection.push({ backendId: backend.backendId(storeId), parent, events: pushed }),
    )
    const answer = await Effect.runPromise(Effect.scoped(push))
    if (answer._tag !== 'Accepted') throw new Error(`the backend answered ${answer._tag}`)
  }

  /** At rest and with every fault repaired. **Fails with** an `Error` that says which property does not hold. */
  check(): void {
    this.device.look((files) => checkFiles({ ...files, ...this.#known() }))
  }

  /** Until the leader's state has caught up with its log. */
  async caughtUp(): Promise<void> {
    while (!this.device.look((files) => isStateCurrent(files))) await new Promise((resolve) => setImmediate(resolve))
  }

  #known() {
    const { persisted, confirmed, store } = this
    return { persisted, confirmed, store, backend: this.hasBackend ? this.backend.log(storeId) : null }
  }
}

const offline = new SyncBackendError({ operation: 'pull', reason: new Unreachable({ detail: 'off line' }) })
