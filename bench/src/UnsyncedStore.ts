import type { Adapter } from '@headwater/core'
import { silentBackend } from './HeldBackend.ts'
import { openListStore, todosFilled } from './ListStore.ts'

const unsyncedCount = 20_000
const commitSize = 100

/** Committed offline, one todo each. */
export const makeUnsynced = async (adapter: Adapter): Promise<void> => {
  const store = await openListStore(adapter, silentBackend)
  for (let first = 0; first < unsyncedCount; first += commitSize) {
    store.commit(...Array.from({ length: commitSize }, (_, i) => todosFilled({ first: first + i, count: 1 })))
    await Promise.resolve()
  }
  await store.close()
}
