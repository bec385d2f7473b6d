/**
 * A client as the engine's tests see it: files that survive its leaders, one leader at a time (or a stale one beside it),
 * and any number of sessions. Real SQLite files, the real leader and the real store; only the way between them is ours.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { fileLeaderStorage } from '../../../adapter-node/src/FileLeaderStorage.ts'
import { makeStoreFiles, type StoreFiles } from '../../../adapter-node/src/StoreFiles.ts'
import type { Adapter, Environment, LeaderStorage, SqliteConnection } from '../../src/adapter.ts'
import { systemEnvironment } from '../../src/environment/SystemEnvironment.ts'
import {
  createStore,
  type LogEntry,
  type Store,
  type StoreSchema,
  type StoreStatus,
  type SyncBackendProvider,
} from '../../src/index.ts'
import { Leader } from '../../src/leader/Leader.ts'
import { Link } from './Link.ts'
import { schema as defaultSchema } from './Todos.ts'

export interface ClientOptions {
  readonly backend?: SyncBackendProvider
  readonly storeId?: string
  /** Jitter, 0 to 1: near 0 retries come at once. */
  readonly jitter?: number
  /** Starts from a copy of these files. */
  readonly copyOf?: string
  /** Of the eventlog. Default `OFF`: no test of these pulls a plug. */
  readonly synchronous?: 'OFF' | 'FULL'
}

export interface SessionOptions {
  readonly schema?: StoreSchema
  /** `null`: this session brings no backend. */
  readonly backend?: SyncBackendProvider | null
  readonly signal?: AbortSignal
  readonly isAwaited?: boolean
  /** Around each database of this session. */
  readonly watchDatabase?: (connection: SqliteConnection) => SqliteConnection
  readonly onStatus?: (status: StoreStatus) => void
  /** Called before a database of this session is opened; may throw. */
  readonly onOpenDatabase?: () => void
}

/** `corrupt`: the eventlog that is being salvaged. */
type StorageName = 'eventlog' | 'state' | 'corrupt'

/** A leader with everything of it that can be stopped. */
export interface RunningLeader {
  readonly leader: Leader
  readonly connections: Array<SqliteConnection>
  readonly fibers: Array<Fiber.Fiber<unknown, unknown>>
  /** Held turns; `null` while it runs. */
  heldTurns: Array<() => void> | null
  isEnded: boolean
}

export class Client {
  readonly folder: string
  readonly files: StoreFiles
  readonly storeId: string
  readonly environment: Environment
  readonly logged: Array<LogEntry> = []
  readonly links = new Map<Store, Link>()
  /** Called after a COMMIT of the present leader. */
  onCommitted: (database: StorageName) => void = () => undefined
  /** Called before a statement of the present leader runs; may throw. */
  onStatement: (database: StorageName, sql: string) => void = () => undefined
  readonly #options: ClientOptions
  readonly #running: Array<RunningLeader> = []
  readonly #stores: Array<Store> = []

  constructor(options: ClientOptions = {}) {
    this.#options = options
    this.storeId = options.storeId ?? 'demo'
    this.folder = mkdtempSync(join(tmpdir(), 'headwater-engine-'))
    if (options.copyOf !== undefined) cpSync(options.copyOf, this.folder, { recursive: true })
    this.files = makeStoreFiles(this.folder, this.storeId)
    const { jitter = 0.01 } = options
    this.environment = { ...systemEnvironment({ log: (entry) => this.logged.push(entry) }), random: () => jitter }
  }

  // ------------------------------------------------------------------------------------------------------ leaders

  get running(): RunningLeader {
    return this.#running.at(-1) ?? this.startLeader()
  }

  /** Takes the lead, beside whoever leads now, and connects every session to it. */
  startLeader(): RunningLeader {
    const running: RunningLeader = {
      leader: null as never,
      connections: [],
      fibers: [],
      heldTurns: null,
      isEnded: false,
    }
    const defer = (task: () => void): void =>
      this.environment.defer(() => (running.heldTurns === null ? task() : void running.heldTurns.push(task)))
    const runFork: Environment['runFork'] = (effect) => {
      const fiber = Effect.runFork(effect)
      running.fibers.push(fiber)
      return fiber
    }
    const leader = new Leader({
      storage: this.#storage(running.connections),
      environment: { ...this.environment, defer, runFork },
      onEnd: () => {
        running.isEnded = true
      },
    })
    Object.assign(running, { leader })
    this.#running.push(running)
    for (const link of this.links.values()) link.attach(leader)
    return running
  }

  /** The leader's process dies: nothing of it runs any more, nothing is closed properly. */
  async kill(): Promise<void> {
    const running = this.#running.pop()
    if (running === undefined) return
    for (const link of this.links.values()) link.detach()
    await this.#stop(running)
  }

  async #stop({ connections, fibers }: RunningLeader): Promise<void> {
    for (const connection of connections) connection.close()
    for (const fiber of fibers) await Effect.runPromise(Fiber.interrupt(fiber))
  }

  /** The leader's files as they are now, as a crash would leave them. */
  crashImage(): string {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-crash-'))
    cpSync(this.folder, folder, { recursive: true })
    return folder
  }

  #storage(connections: Array<SqliteConnection>): LeaderStorage {
    const storage = fileLeaderStorage(this.files, 'full')
    const { synchronous = 'OFF' } = this.#options
    const watch = (name: StorageName, connection: SqliteConnection): SqliteConnection => {
      connection.exec(`PRAGMA synchronous = ${name === 'eventlog' ? synchronous : 'OFF'}`)
      connections.push(connection)
      return this.#watched(name, connection)
    }
    return {
      openEventlog: () => watch('eventlog', storage.openEventlog()),
      openState: () => watch('state', storage.openState()),
      replaceState: (image) => watch('state', storage.replaceState(image)),
      keepExport: (bytes) => storage.keepExport(bytes),
      setAsideEventlog: () => {
        const aside = storage.setAsideEventlog()
        const corrupt = aside.corrupt === undefined ? undefined : this.#watched('corrupt', aside.corrupt)
        return { ...aside, eventlog: watch('eventlog', aside.eventlog), corrupt }
      },
    }
  }

  #watched(name: StorageName, connection: SqliteConnection): SqliteConnection {
    return {
      ...connection,
      prepare: (sql, options) => {
        const statement = connection.prepare(sql, options)
        const run: typeof statement.run = (params) => {
          this.onStatement(name, sql)
          const changes = statement.run(params)
          if (sql === 'COMMIT') this.onCommitted(name)
          return changes
        }
        return {
          get columns() {
            return statement.columns
          },
          all: (params) => {
            this.onStatement(name, sql)
            return statement.all(params)
          },
          get: (params) => {
            this.onStatement(name, sql)
            return statement.get(params)
          },
          run,
          finalize: () => statement.finalize(),
        }
      },
    }
  }

  // ----------------------------------------------------------------------------------------------------- sessions

  /** A session on the present leader. */
  async open(options: SessionOptions = {}): Promise<Store> {
    const {
      schema = defaultSchema,
      backend = this.#options.backend,
      signal,
      onOpenDatabase,
      onStatus,
      watchDatabase,
    } = options
    const link = new Link(this.environment, () => Promise.resolve())
    const store = await createStore({
      schema,
      storeId: this.storeId,
      adapter: this.#adapter(link, onOpenDatabase, watchDatabase),
      environment: this.environment,
      ...(backend === undefined || backend === null ? {} : { backend }),
      ...(signal === undefined ? {} : { signal }),
      ...(onStatus === undefined ? {} : { onStatus }),
    })
    this.links.set(store, link)
    this.#stores.push(store)
    return store
  }

  link(store: Store): Link {
    return this.links.get(store)!
  }

  #adapter(
    link: Link,
    onOpenDatabase: () => void = () => undefined,
    watchDatabase: (connection: SqliteConnection) => SqliteConnection = (connection) => connection,
  ): Adapter {
    const openDatabase = (image?: Uint8Array): SqliteConnection => {
      onOpenDatabase()
      return watchDatabase(openBetterSqlite(image === undefined ? {} : { image }))
    }
    return {
      name: 'test',
      connect: () => {
        const { leader } = this.running
        // After `listen`, so that `hello` finds its session.
        queueMicrotask(() => link.attach(leader))
        return Promise.resolve({ client: link, openDatabase })
      },
      importLog: () => Promise.reject(new Error('not in this adapter')),
      wipe: () => Promise.resolve(),
    }
  }

  /** Closes a session properly. */
  async close(store: Store): Promise<void> {
    await store.close()
    this.links.delete(store)
  }

  /** Everything is ended, in whatever state it is. */
  async dispose(): Promise<void> {
    for (const link of this.links.values()) {
      link.loses = () => true
    }
    for (const running of this.#running) await this.#stop(running)
    for (const store of this.#stores) await abandon(store)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Closes without waiting for a leader that may not be there. */
const abandon = async (store: Store): Promise<void> => {
  await store.wipe()
}
