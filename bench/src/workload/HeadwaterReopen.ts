import { nodeAdapter } from '@headwater/adapter-node'
import type { Adapter } from '@headwater/core'
import { silentBackend } from '../HeldBackend.ts'
import { leaderBundle } from '../LeaderBundle.ts'
import { countOf, listChecksum, openListStore, todosFilled } from '../ListStore.ts'
import { measureReopen, measureSecond, measureUnsynced } from '../ReopenLoop.ts'
import type { Reopen } from '../StateCopy.ts'

const reopenWith =
  (workerUrl: URL): Reopen =>
  async (directory) => {
    const store = await openListStore(nodeAdapter({ directory, workerUrl }), silentBackend)
    return { count: () => countOf(store), checksum: () => listChecksum(store), close: () => store.close() }
  }

export const measureHeadwaterReopen = async () => measureReopen(reopenWith(await leaderBundle()))

export const measureHeadwaterSecond = async () => measureSecond(reopenWith(await leaderBundle()))

export const measureHeadwaterUnsynced = async () => {
  const workerUrl = await leaderBundle()
  return measureUnsynced((directory) => makeUnsynced(nodeAdapter({ directory, workerUrl })), reopenWith(workerUrl))
}

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
