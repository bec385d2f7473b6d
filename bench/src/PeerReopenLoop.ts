import type { LoopStore } from './CommitLoop.ts'
import type { OpenPeerStore } from './PeerLoop.ts'
import { withScratchFolder } from './ScratchFolder.ts'
import { todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

const batchSize = 100
/** The leader catches up so often: what is pending makes a peer slow, and that is measured elsewhere. */
const settledEvery = 1_000
const live = { count: true, others: 0 }

/**
 * Opens the files of a store once whose `count` events no backend has, until a live count has its first value. The same
 * process has written them, so that nobody's code is cold.
 *
 * **Shape** figures `ready` (ms), and `written` (ms an event, until the leader has all).
 */
export const measurePeerReopen = (open: (folder: string) => OpenPeerStore, count: number): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const written = await fill(await open(folder)(live), count)
    const start = performance.now()
    const store = await open(folder)(live)
    const ready = performance.now() - start
    const checksum = store.checksum()
    await store.close()
    return { figures: { ready, written }, checksum }
  })

const fill = async (store: LoopStore, count: number): Promise<number> => {
  const start = performance.now()
  for (let first = 0; first < count; first += batchSize) {
    store.commit(todoRange(first, batchSize))
    if ((first + batchSize) % settledEvery === 0) await store.settle()
  }
  const written = (performance.now() - start) / count
  await store.close()
  return written
}
