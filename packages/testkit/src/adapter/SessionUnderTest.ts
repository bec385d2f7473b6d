/**
 * A session as the cases of `leaderClientSuite` use it: one store with the fixture's schema. All of it is plain data and
 * promises, so that the same case runs with a session of this thread and with one in another thread, process or tab.
 */
import { createStore, type Receipt, type Store, type SyncBackendProvider } from '@headwater/core'
import { type Adapter, type Environment, systemEnvironment } from '@headwater/core/adapter'
import { fail } from '../Assert.ts'
import {
  countEntries,
  dumpStore,
  entryAdded,
  entryIds,
  type FixtureVersion,
  markSet,
  schemaOf,
} from './AdapterFixture.ts'
import { checkedConnection, makeClientWatch } from './CheckedClient.ts'

export interface SessionOptions {
  readonly storeId: string
  /** How long `until` waits at most. **Units** ms. */
  readonly withinMs: number
  /** Default 1. */
  readonly version?: FixtureVersion
  /** Sessions that were given the same word here have the same session id, as tabs that were duplicated may. */
  readonly sameSessionAs?: string
}

/** What is waited for; all that is named has to hold. */
export interface SessionCondition {
  /** At least that many entries. */
  readonly entries?: number
  /** At least that term, and connected. */
  readonly term?: number
  /** Exactly that many of its own commits that the leader does not have. */
  readonly pending?: number
  readonly connection?: 'connected' | 'lost' | 'outdated'
  readonly isSynced?: boolean
}

export interface SessionReport {
  readonly sessionId: string
  readonly clientId: string
  readonly term: number
  readonly connection: string
  readonly pending: number
  readonly entries: number
  readonly outdatedBy: number | null
  /** How often the adapter told it that the leader is lost. */
  readonly lost: number
}

export interface SessionUnderTest {
  /** Commits one entry per id, with `bytes` of text each; does not wait. */
  readonly commit: (ask: { readonly ids: ReadonlyArray<string>; readonly bytes?: number }) => Promise<void>
  /** Commits one client-only event. */
  readonly mark: (ask: { readonly id: string; readonly n: number }) => Promise<void>
  /** Waits until all that was committed here is persisted; answers how many receipts said so. */
  readonly persisted: () => Promise<number>
  /** The same for the backend's confirmation. */
  readonly confirmed: () => Promise<number>
  readonly until: (condition: SessionCondition) => Promise<void>
  readonly dump: () => Promise<string>
  /** Ids of all entries in the order of the log. */
  readonly ids: () => Promise<ReadonlyArray<string>>
  readonly report: () => Promise<SessionReport>
  readonly export: () => Promise<Uint8Array>
  /** Waits until everything is persisted. **Fails** if the adapter broke a rule of `LeaderClient`. */
  readonly close: () => Promise<void>
  readonly wipe: () => Promise<void>
}

export interface OpenSessionOptions extends SessionOptions {
  readonly adapter: Adapter
  readonly backend?: SyncBackendProvider
  readonly signal?: AbortSignal
}

/** Text that is neither ASCII nor one code unit a character. */
const textOf = (id: string, bytes: number): string => (bytes === 0 ? id : 'é😀ab'.repeat(Math.ceil(bytes / 8)))

/** Opens a session here. **Fails with** what `createStore` fails with. */
export const openSession = async (options: OpenSessionOptions): Promise<SessionUnderTest> => {
  const { adapter, backend, signal, storeId, withinMs, version = 1 } = options
  const watch = makeClientWatch()
  const store = await createStore({
    schema: schemaOf(version),
    storeId,
    adapter: {
      ...adapter,
      connect: async (context) => checkedConnection(await adapter.connect(context), watch),
    },
    environment: environmentOf(options.sameSessionAs),
    ...(backend === undefined ? {} : { backend }),
    ...(signal === undefined ? {} : { signal }),
  })
  const receipts: Array<Receipt> = []
  const checkRules = (): void => {
    if (watch.violations.length > 0) fail(`a rule of LeaderClient was broken: ${watch.violations.join('; ')}`)
  }
  return {
    commit: ({ ids, bytes = 0 }) => {
      for (const id of ids) receipts.push(store.commit(entryAdded({ id, text: textOf(id, bytes) })))
      return Promise.resolve()
    },
    mark: (args) => {
      receipts.push(store.commit(markSet(args)))
      return Promise.resolve()
    },
    persisted: async () => (await Promise.all(receipts.map((receipt) => receipt.persisted))).length,
    confirmed: async () => (await Promise.all(receipts.map((receipt) => receipt.confirmed))).length,
    until: (condition) => untilReached(store, condition, withinMs),
    dump: () => Promise.resolve(dumpStore(store)),
    ids: () => Promise.resolve(entryIds(store)),
    report: () => Promise.resolve(reportOf(store, watch.lost)),
    export: () => store.export(),
    close: async () => {
      await store.close()
      checkRules()
    },
    wipe: async () => {
      await store.wipe()
      checkRules()
    },
  }
}

const reportOf = (store: Store, lost: number): SessionReport => {
  const { leader, session, outdatedBy } = store.status
  return {
    sessionId: store.sessionId,
    clientId: store.clientId,
    term: leader.term,
    connection: leader.connection,
    pending: session.pending,
    entries: countEntries(store),
    outdatedBy,
    lost,
  }
}

const untilReached = async (store: Store, condition: SessionCondition, withinMs: number): Promise<void> => {
  try {
    await store.until(() => isReached(store, condition), AbortSignal.timeout(withinMs))
  } catch (error) {
    if (tagOfTimeout(error) !== 'TimeoutError') throw error
    const { sessionId: _, clientId: __, ...report } = reportOf(store, 0)
    fail(`waited ${withinMs} ms for ${JSON.stringify(condition)}; the session stands at ${JSON.stringify(report)}`)
  }
}

const tagOfTimeout = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : ''

const isReached = (store: Store, { entries, term, pending, connection, isSynced }: SessionCondition): boolean => {
  const { leader, session, isSynced: isSyncedNow } = store.status
  if (term !== undefined && (leader.term < term || leader.connection !== 'connected')) return false
  if (pending !== undefined && session.pending !== pending) return false
  if (connection !== undefined && leader.connection !== connection) return false
  if (isSynced !== undefined && isSyncedNow !== isSynced) return false
  return entries === undefined || countEntries(store) >= entries
}

/**
 * The machine's own, silent. The session id is made of the first reading of the clock and the first random bytes: given
 * the same ones, two sessions have the same; whatever comes later differs.
 */
const environmentOf = (sameSessionAs: string | undefined): Environment => {
  const system = systemEnvironment({ log: () => undefined })
  if (sameSessionAs === undefined) return system
  let isClockRead = false
  let areBytesRead = false
  return {
    ...system,
    now: () => {
      if (isClockRead) return system.now()
      isClockRead = true
      return 1_700_000_000_000
    },
    randomBytes: (length) => {
      if (areBytesRead) return system.randomBytes(length)
      areBytesRead = true
      return Uint8Array.from({ length }, (_, i) => sameSessionAs.charCodeAt(i % sameSessionAs.length))
    },
  }
}
