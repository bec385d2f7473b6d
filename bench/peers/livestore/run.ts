import { fileURLToPath } from 'node:url'
import { measureInstall } from '../../src/InstalledPackages.ts'
import { measureMemory } from '../../src/MemoryLoop.ts'
import { measurePeerBatches, measurePeerCommits, measurePeerOthers, measurePeerTight } from '../../src/PeerLoop.ts'
import { measurePeerReopen } from '../../src/PeerReopenLoop.ts'
import { measureLiveQueries } from '../../src/LiveQueriesLoop.ts'
import { measureReactiveLoop } from '../../src/ReactiveLoop.ts'
import { measureReads } from '../../src/ReadLoop.ts'
import type { Measurement } from '../../src/Workload.ts'
import { todoArgs } from '../../src/TodoRows.ts'
import { openLivestoreReactive, openLivestoreReads, openLivestoreWatched } from './LivestoreItems.ts'
import { openLivestore } from './LivestoreStore.ts'

/** LiveStore's side of the workloads, by the name that `livestoreSide` is given. */
export const runs: Readonly<Record<string, () => Promise<Measurement>>> = {
  commit: () => measurePeerCommits(openLivestore()),
  live: () => measurePeerOthers(openLivestore()),
  tight: () => measurePeerTight(openLivestore(), 2_000),
  'tight-10k': () => measurePeerTight(openLivestore(), 10_000),
  batch: () => measurePeerBatches(openLivestore()),
  'peer-reopen': () => measurePeerReopen(openLivestore, 2_000),
  'peer-reopen-20k': () => measurePeerReopen(openLivestore, 20_000),
  install: async () => {
    const store = await openLivestore()({ count: true, others: 0 })
    store.commit([todoArgs(0)])
    const checksum = store.checksum()
    await store.close()
    return measureInstall(fileURLToPath(new URL('node_modules', import.meta.url)), checksum)
  },
  // With 100 or 500 subscriptions each write takes it some ten milliseconds.
  'live-queries': () => measureLiveQueries(openLivestoreWatched, { turns: 2, commits: 5 }),
  reactive: () => measureReactiveLoop(openLivestoreReactive, { warmUp: 20, measured: 100 }),
  reads: () => measureReads(openLivestoreReads),
  memory: () => measureMemory(() => openLivestore()({ count: true, others: 0 })),
}
