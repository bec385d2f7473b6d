/** A tab with one store, which the test runner drives: `headwaterTab` on its global object. */
import {
  column,
  createStore,
  defineEvent,
  defineSchema,
  type Receipt,
  Schema,
  type Store,
  table,
} from '@headwater/core'
import type { Adapter } from '@headwater/core/adapter'
import { candidateLock, relayChannel, storeName } from '../../../src/LeaderWire.ts'
import { lockHolder, ownClientId } from '../../../src/StoreLock.ts'
import { webAdapter, type WebAdapterOptions } from '../../../src/WebAdapter.ts'
import { orderLeader, startObedientWorker, startSlowWorker } from './LeaderOrder.ts'

const notes = table('notes', { id: column.text().primaryKey(), text: column.text() })
const noteAdded = defineEvent('noteAdded', Schema.Struct({ id: Schema.String, text: Schema.String }))

const schema = defineSchema({
  version: 1,
  tables: { notes },
  events: { noteAdded },
  materializers: { noteAdded: ({ id, text }) => notes.insert({ id, text }) },
})

export interface TabReport {
  readonly sessionId: string
  readonly clientId: string
  readonly term: number
  readonly connection: string
  readonly pending: number
  readonly notes: number
}

export interface TabOpening extends Pick<WebAdapterOptions, 'transport' | 'protocol'> {
  /** Each COMMIT of the log takes that long, where this tab leads. */
  readonly slowMs?: number
}

let relays = 0

/** Counts the lines of this tab that are relayed. */
class CountedChannel extends BroadcastChannel {
  constructor(name: string) {
    super(name)
    if (name.startsWith(relayChannel(''))) relays++
  }
}
globalThis.BroadcastChannel = CountedChannel

const directory = 'tabs'
const storeId = 'demo'
const receipts: Array<Receipt> = []
let store: Store | undefined

const opened = (): Store => {
  if (store === undefined) throw new Error('this tab has no store open')
  return store
}

const ids = (): ReadonlyArray<string> =>
  opened()
    .query(notes.orderBy('id'))
    .map(({ id }) => id)

const report = (): TabReport => {
  const { session, leader } = opened().status
  const { sessionId, clientId, pending } = session
  return { sessionId, clientId, pending, term: leader.term, connection: leader.connection, notes: ids().length }
}

const tab = {
  open: async ({ slowMs, ...options }: TabOpening = {}): Promise<TabReport> => {
    const startWorker = slowMs === undefined ? startObedientWorker : () => startSlowWorker(slowMs)
    return await tab.openWith(webAdapter({ ...options, directory, startWorker }))
  },
  /** As an app does it. */
  openPlain: async (): Promise<TabReport> => await tab.openWith(webAdapter()),
  openWith: async (adapter: Adapter): Promise<TabReport> => {
    store = await createStore({ schema, storeId, adapter, log: 'error' })
    return report()
  },
  close: () => opened().close(),
  commit: (prefix: string, count: number): void => {
    for (let n = 0; n < count; n++) receipts.push(opened().commit(noteAdded({ id: `${prefix} ${n}`, text: prefix })))
  },
  persisted: async () => (await Promise.all(receipts.map((receipt) => receipt.persisted))).length,
  ids,
  report,
  /** Until it has that many notes, and a leader of at least that term that has all that was committed here. **Units** ms since 1970. */
  until: async (count: number, term: number, withinMs: number): Promise<number> => {
    const reached = () => {
      const { connection, notes: have, pending, term: now } = report()
      return have >= count && now >= term && pending === 0 && connection === 'connected'
    }
    await opened().until(reached, AbortSignal.timeout(withinMs))
    return performance.timeOrigin + performance.now()
  },
  leads: async () => (await lockHolder(candidateLock(storeName(directory, storeId)))) === (await ownClientId()),
  /** Commits the moment the page is hidden: the last task it may have. */
  commitWhenHidden: (prefix: string): void =>
    document.addEventListener('visibilitychange', () => tab.commit(prefix, 3), { once: true }),
  /** Tells the page what the browser would. */
  life: (event: 'pagehide' | 'pageshow' | 'freeze' | 'resume'): void => {
    const isTransition = event === 'pagehide' || event === 'pageshow'
    if (isTransition) dispatchEvent(new PageTransitionEvent(event, { persisted: true }))
    else document.dispatchEvent(new Event(event))
  },
  hangLeader: () => orderLeader(storeName(directory, storeId), { do: 'hang' }),
  relays: () => relays,
  hasSharedWorker: () => typeof SharedWorker !== 'undefined',
  /** Keeps this tab's process busy, so that it can be told from others. */
  burn: (ms: number): void => {
    const end = performance.now() + ms
    while (performance.now() < end) Math.sqrt(2)
  },
}

export type TabMethods = typeof tab

Object.assign(globalThis, { headwaterTab: tab })
