/**
 * One client on real files whose process can die at any statement, a backend in memory that survives it, and what must
 * be true after every reopening.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStore, type EventInput, type EventSequenceNumber, type Receipt, type Store } from '@headwater/core'
import {
  type Adapter,
  type Environment,
  Leader,
  type LeaderStorage,
  localLeaderClient,
  systemEnvironment,
} from '@headwater/core/adapter'
import { type BackendEvent, SyncBackendError, type SyncBackendProvider, Unreachable } from '@headwater/core/backend'
import { CrashPlan, Crashed, type MemoryBackend, crashingConnection, memoryBackend } from '@headwater/testkit'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import * as Stream from 'effect/Stream'
import { logHasNoGap, idsAreUnique } from '../../core/src/sync/SyncLaws.ts'
import { fileLeaderStorage } from '../src/FileLeaderStorage.ts'
import { type OpenStoreFiles, openBetterSqlite, openStoreFiles } from '../src/index.ts'
import { makeStoreFiles, type StoreFiles } from '../src/StoreFiles.ts'
import { fold, readLog, tablesOf } from './Fold.ts'
import { schema, selections, todos } from './Todos.ts'

const storeId = 'demo'

/** A running process: a leader with one session in the same thread. */
interface Running {
  readonly plan: CrashPlan
  readonly fibers: Array<Fiber.Fiber<unknown, unknown>>
  store: Store | null
}

export class CrashWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'headwater-crash-'))
  readonly files: StoreFiles = makeStoreFiles(this.directory, storeId)
  readonly backend: MemoryBackend = memoryBackend()
  /** Receipts that said so before the process died. */
  readonly persisted = new Set<string>()
  readonly confirmed = new Set<string>()
  /** Without one the store is local. */
  hasBackend = true
  /** Off line for this client alone. */
  #isOffline = false
  #running: Running | null = null

  // -------------------------------------------------------------------------------------------------- the process

  /** Starts a process; `crashAt` counts from its very first statement. **Fails with** `Crashed`. */
  async start(crashAt = Number.POSITIVE_INFINITY): Promise<Store> {
    const plan = new CrashPlan()
    plan.arm(crashAt)
    const running: Running = { plan, fibers: [], store: null }
    this.#running = running
    const environment = environmentOf(running)
    const leader = new Leader({ environment, storage: storageOf(this.files, plan) })
    const client = localLeaderClient(leader, environment, () =>
      plan.crashedAt === null ? leader.close() : Promise.resolve(),
    )
    const adapter: Adapter = {
      name: 'crashing',
      connect: () =>
        Promise.resolve({ client, openDatabase: (image) => openBetterSqlite(image === undefined ? {} : { image }) }),
      importLog: () => Promise.reject(new Error('not here')),
      wipe: () => Promise.resolve(),
    }
    const opening = createStore({
      schema,
      storeId,
      adapter,
      environment,
      ...(this.hasBackend ? { backend: this.#provider() } : {}),
    })
    running.store = await this.alive(opening)
    return running.store
  }

  /** Cuts this client off, or lets it through again; others reach the backend all the time. */
  setOnline(isOnline: boolean): void {
    this.#isOffline = !isOnline
    // Ends every open stream.
    this.backend.restart()
  }

  #provider(): SyncBackendProvider {
    const { backend } = this
    const through = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<A, SyncBackendError> =>
      Effect.suspend(() => (this.#isOffline ? Effect.fail(offline) : effect))
    return {
      name: backend.name,
      make: (context) =>
        Effect.map(backend.make(context), (inner) => ({
          ...inner,
          ping: through(inner.ping),
          push: (batch) => through(inner.push(batch)),
          pull: (request) => Stream.unwrap(through(Effect.sync(() => inner.pull(request)))),
        })),
    }
  }

  get store(): Store {
    const store = this.#running?.store
    if (store === null || store === undefined) throw new Error('not started')
    return store
  }

  get plan(): CrashPlan {
    if (this.#running === null) throw new Error('not started')
    return this.#running.plan
  }

  /** Waits, for as long as the process lives. **Fails with** `Crashed`. */
  async alive<A>(promise: Promise<A>): Promise<A> {
    const { plan } = this
    promise.catch(() => undefined)
    return await Promise.race([
      promise,
      plan.crashed.then((): never => {
        throw new Crashed(plan.crashedAt ?? '')
      }),
    ])
  }

  /** The process ends without another word. */
  async die(): Promise<void> {
    const running = this.#running
    if (running === null) return
    this.#running = null
    running.plan.end()
    for (const fiber of running.fibers) await Effect.runPromise(Fiber.interrupt(fiber))
    // Only its memory is left; nothing of it reaches the files any more.
    await running.store?.wipe().catch(() => undefined)
  }

  /** Closes properly. */
  async close(): Promise<void> {
    await this.store.close()
    this.#running = null
  }

  async dispose(): Promise<void> {
    await this.die()
    rmSync(this.directory, { recursive: true, force: true })
  }

  // ------------------------------------------------------------------------------------------------------ the app

  commit(...events: ReadonlyArray<EventInput>): Receipt {
    const receipt = this.store.commit(...events)
    for (const [i, id] of receipt.eventIds.entries()) {
      const { persisted, confirmed } = this.store.receipt(id)
      persisted.then(
        () => this.persisted.add(id),
        () => undefined,
      )
      if (events[i]?.definition.isClientOnly === false)
        confirmed.then(
          () => this.confirmed.add(id),
          () => undefined,
        )
    }
    return receipt
  }

  /** Until the backend has everything and the session everything of the backend's, and the state what the log has. */
  async synced(): Promise<void> {
    const { store, backend } = this
    if (this.hasBackend) {
      await this.alive(
        store.until((status) => status.isSynced && status.leader.settledHead.global >= backend.log(storeId).length),
      )
    }
    await this.alive(this.#untilState())
  }

  async #untilState(): Promise<void> {
    const { store } = this
    await store.until(({ session }) => session.pending === 0)
    for (;;) {
      const { localHead } = store.status.leader
      if (this.#read((files) => isAt(files, localHead))) return
      this.plan.mustLive()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #read<A>(look: (files: OpenStoreFiles) => A): A {
    const files = openStoreFiles({ directory: this.directory, storeId })
    try {
      return look(files)
    } finally {
      files.close()
    }
  }

  // ------------------------------------------------------------------------------------------------------- others

  /** Another client's events, directly in the backend. **Shape** `[name, args, id]`. */
  async foreign(
    ...events: ReadonlyArray<readonly [name: string, args: unknown, id?: string | undefined]>
  ): Promise<void> {
    const log = this.backend.log(storeId)
    let parent = { global: log.length, eventId: log.at(-1)?.id ?? null }
    const pushed = events.map(([name, args, id]): BackendEvent => {
      const event = {
        global: parent.global + 1,
        parentGlobal: parent.global,
        parentId: parent.eventId,
        id: id ?? crypto.randomUUID(),
        name,
        argsJson: JSON.stringify(args),
        clientId: 'other',
        sessionId: 'other',
        createdAt: 0,
      }
      parent = { global: event.global, eventId: event.id }
      return event
    })
    await this.append(pushed)
  }

  async append(events: ReadonlyArray<BackendEvent>): Promise<void> {
    const { backend } = this
    const [first] = events
    if (first === undefined) return
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* backend.make({ storeId, clientId: 'other' })
          const answer = yield* connection.push({
            backendId: backend.backendId(storeId),
            parent: { global: first.parentGlobal, eventId: first.parentId },
            events,
          })
          if (answer._tag !== 'Accepted') throw new Error(`the backend answered ${answer._tag}`)
        }),
      ),
    )
  }

  // ------------------------------------------------------------------------------------------------------- proofs

  /** P1 to P4 and the laws of the log, at rest. **Fails with** an error that says what does not hold. */
  check(): void {
    this.#read(({ eventlog, state }) => {
      const rows = readLog(eventlog)
      const log = rows.map(({ name, argsJson }) => ({ name, argsJson }))
      // The other device may have stolen an id: then the log has its event, and ours is a dead letter.
      const inLog = new Set(rows.flatMap(({ event }) => (event.clientId === 'other' ? [] : [event.id])))
      const dead = new Set(
        eventlog
          .prepare('SELECT eventId FROM __headwater_rejected')
          .all()
          .map(([id]) => String(id)),
      )
      const backendLog = this.hasBackend ? this.backend.log(storeId) : []
      must(logHasNoGap(rows), 'L9: a gap in the log')
      must(idsAreUnique(rows), 'L4: an id twice in the log')
      if (this.hasBackend) {
        const synced = rows.filter(({ seq }) => seq.client === 0).map(({ event }) => event.id)
        same(
          synced,
          backendLog.map(({ id }) => id),
          "the synced part of the log is not the backend's",
        )
        same(fold(log).todos, fold(backendLog).todos, "P1: the log folds to something else than the backend's")
      }
      const expected = fold(log)
      same(
        tablesOf((sql) => state.prepare(sql).all()),
        expected,
        "P1: the leader's tables are not the fold",
      )
      const session = {
        todos: this.store
          .query(todos.orderBy('id'))
          .map(({ id, text }) => `${id}=${text}`)
          .sort(),
        selections: this.store
          .query(selections.orderBy('id'))
          .map(({ id, n }) => `${id}=${n}`)
          .sort(),
      }
      same(session, expected, "P1: the session's tables are not the fold")
      must(
        state.prepare('SELECT count(*) FROM __headwater_quarantine').get()?.[0] === 0,
        'P9: something is in quarantine',
      )
      for (const id of this.persisted) {
        must(
          inLog.has(id) !== dead.has(id),
          `P2, P3: ${id} was persisted and is ${inLog.has(id) ? 'in the log and a dead letter' : 'nowhere'}`,
        )
      }
      for (const id of this.confirmed)
        must(
          backendLog.some((event) => event.id === id && event.clientId !== 'other'),
          `P4: ${id} was confirmed and is not in the backend`,
        )
    })
  }
}

// ------------------------------------------------------------------------------------------------------------ parts

const offline = new SyncBackendError({ operation: 'pull', reason: new Unreachable({ detail: 'off line' }) })

/** A dead process runs nothing; retries come at once. */
const environmentOf = (running: Running): Environment => {
  const system = systemEnvironment({ log: () => undefined })
  const guarded = (task: () => void) => (): void => {
    if (running.plan.crashedAt !== null) return
    try {
      task()
    } catch (error) {
      if (!(error instanceof Crashed)) throw error
    }
  }
  return {
    ...system,
    random: () => 0,
    defer: (task) => system.defer(guarded(task)),
    microtask: (task) => system.microtask(guarded(task)),
    setTimer: (task, delayMs) => system.setTimer(guarded(task), delayMs),
    runFork: (effect) => {
      const fiber = system.runFork(effect)
      running.fibers.push(fiber)
      return fiber
    },
  }
}

/** The files, with points also between the steps that replace one. */
const storageOf = (files: StoreFiles, plan: CrashPlan): LeaderStorage => {
  // What is proved is the order of statements; power loss is not, so nothing is synced.
  const storage = fileLeaderStorage(files, 'normal')
  const watch = (name: string, connection: ReturnType<LeaderStorage['openState']>) => {
    connection.exec('PRAGMA synchronous = OFF')
    return crashingConnection(connection, { plan, name })
  }
  return {
    openEventlog: () => watch('eventlog', storage.openEventlog()),
    openState: () => watch('state', storage.openState()),
    replaceState: (image) => {
      plan.pass('before the state is replaced')
      if (plan.isNext) {
        // Dies in between: the old file is gone, the new one is not there yet.
        for (const path of [files.state, `${files.state}-wal`, `${files.state}-shm`]) rmSync(path, { force: true })
      }
      plan.pass('after the old state is removed')
      const connection = watch('state', storage.replaceState(image))
      plan.pass('after the state is replaced')
      return connection
    },
    keepExport: (bytes) => storage.keepExport(bytes),
    setAsideEventlog: () => {
      plan.pass('before the eventlog is set aside')
      const aside = storage.setAsideEventlog()
      const eventlog = watch('eventlog', aside.eventlog)
      if (aside.corrupt !== undefined) plan.own(aside.corrupt)
      plan.pass('after the eventlog is set aside')
      return {
        ...aside,
        eventlog,
        done: () => {
          plan.pass('before the salvage is done')
          aside.done()
          plan.pass('after the salvage is done')
        },
      }
    },
  }
}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

const same = (actual: unknown, expected: unknown, what: string): void => {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`)
}

const isAt = ({ state }: OpenStoreFiles, { global, client }: EventSequenceNumber): boolean => {
  try {
    const head = state.prepare('SELECT seqNumGlobal, seqNumClient FROM __headwater_state_head').get()
    return head?.[0] === global && head[1] === client
  } catch {
    // No such table yet.
    return false
  }
}
