import { measureMemory } from '../../src/MemoryLoop.ts'
import { measurePeerBatches, measurePeerCommits, measurePeerOthers, measurePeerTight } from '../../src/PeerLoop.ts'
import { measurePeerReopen } from '../../src/PeerReopenLoop.ts'
import type { Measurement } from '../../src/Workload.ts'
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
  memory: () => measureMemory(() => openLivestore()({ count: true, others: 0 })),
}
