import type { Adapter } from '@headwater/core'
import { heldBackend, silentBackend } from './HeldBackend.ts'
import { countOf, fillCount, fillSize, listChecksum, openListStore, rowCount, todosFilled } from './ListStore.ts'
import { todoArgs } from './TodoRows.ts'
import { makeUnsynced } from './UnsyncedStore.ts'

/** An app that has just been started: a page that was loaded, a program. */
export interface ColdStart {
  /** createStore until its first query has answered. **Units** ms. */
  readonly ms: number
  /** The same since the navigation, or the process, began. **Units** ms. */
  readonly sinceStart: number
  readonly checksum: string
}

/** What an app does first; then it closes. The backend is out of reach. */
export const startCold = async (adapter: Adapter): Promise<ColdStart> => {
  const start = performance.now()
  const store = await openListStore(adapter, silentBackend)
  countOf(store)
  // Since the time origin: the navigation, the process.
  const sinceStart = performance.now()
  const checksum = listChecksum(store)
  await store.close()
  return { ms: sinceStart - start, sinceStart, checksum }
}

/** Events in the logs of the stores that are started with, all confirmed. */
export const coldLogs = { '1k': 1_000, '20k': 20_000, '100k': 100_000 } as const

/** The place of the store whose 20,000 events nobody has confirmed. */
export const unsyncedPlace = 'unsynced'

/** Makes them: with the same rows, and logs of those lengths that the backend has sent. */
export const makeColdStores = async (adapterAt: (place: string) => Adapter): Promise<void> => {
  for (const [place, length] of Object.entries(coldLogs)) await makeConfirmed(adapterAt(place), length)
  await makeUnsynced(adapterAt(unsyncedPlace))
}

const makeConfirmed = async (adapter: Adapter, length: number): Promise<void> => {
  const backend = heldBackend()
  const fills = Array.from({ length: fillCount }, (_, n) => ({ first: n * fillSize, count: fillSize }))
  const touches = Array.from({ length: length - fillCount }, (_, n) => todoArgs(n % rowCount))
  backend.deliver(todosFilled.name, fills)
  backend.deliver('todoTouched', touches)
  const store = await openListStore(adapter, backend.provider)
  await store.until(({ isSynced, leader }) => isSynced && leader.settledHead.global === length)
  await store.close()
}
