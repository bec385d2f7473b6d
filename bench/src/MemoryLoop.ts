import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { LoopStore } from './CommitLoop.ts'
import { nextTurn } from './Pause.ts'
import { todoArgs } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** The store has settled down after its first commits, and has had a day's work. */
const [early, late] = [100, 3_000]
const commitsPerTurn = 200

/** **Units** MB. */
const megabytes = (bytes: number): number => bytes / 1e6

/** What is reachable. The collection does not move what `resident` says: pages that were taken are kept. */
const heapUsed = (): number => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return megabytes(process.memoryUsage().heapUsed)
}

const memory = (): { readonly resident: number; readonly heap: number } => {
  const resident = megabytes(process.memoryUsage().rss)
  return { resident, heap: heapUsed() }
}

/**
 * Memory of the whole process after 100 and after 3,000 single commits that the leader has, with one live count query.
 *
 * **Units** MB: `resident` and `growth` as the system counts it; `heap` and `retained` what JavaScript can still reach.
 */
export const measureMemory = async (open: () => Promise<LoopStore>): Promise<Measurement> => {
  const store = await open()
  const commitUntil = async (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      store.commit([todoArgs(index)])
      if ((index + 1) % commitsPerTurn === 0) await nextTurn()
    }
    await store.settle()
    return memory()
  }
  const before = await commitUntil(0, early)
  const after = await commitUntil(early, late)
  const checksum = store.checksum()
  await store.close()
  return {
    figures: {
      early: before.resident,
      resident: after.resident,
      growth: after.resident - before.resident,
      heap: after.heap,
      retained: after.heap - before.heap,
    },
    checksum,
  }
}
