import { nodeAdapter } from '@headwater/adapter-node'
import { silentBackend } from '../HeldBackend.ts'
import { leaderBundle } from '../LeaderBundle.ts'
import { countOf, listChecksum, openListStore } from '../ListStore.ts'
import { measureReopen, measureSecond, measureUnsynced } from '../ReopenLoop.ts'
import type { Reopen } from '../StateCopy.ts'
import { makeUnsynced } from '../UnsyncedStore.ts'

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
