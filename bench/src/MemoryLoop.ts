import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { LoopStore } from './CommitLoop.ts'
import { todoArgs } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** The store has settled down after its first commits, and has had a day's work. */
const [early, late] = [100, 3_000]
const commitsPerTurn = 200

/** **Units** MB. */
const megabytes = (bytes: number): number => bytes / 1e6

/** What is reachable, after a collection that is not part of what `resident` says. */
const heapUsed = (): number => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return megabytes(process.memoryUsage().heapUsed)
}

/**
 * Memory of the whole process after 100 and after 3,000 single commits that the leader has, with one live count query.
 *
 * **Units** MB: `resident` as the system counts it, nothing collected by hand; `heap` is what JavaScript can still reach.
 */
export const measureMemory = async (open: () => Promise<LoopStore>): Promise<Measurement> => {
  const store = await open()
  const commitUntil = async (from: number, to: number): Promise<number> => {
    for (let index = from; index < to; index++) {
      store.commit([todoArgs(index)])
      if ((index + 1) % commitsPerTurn === 0) await nextTurn()
    }
    await store.settle()
    return megabytes(process.memoryUsage().rss)
  }
  const before = await commitUntil(0, early)
  const resident = await commitUntil(early, late)
  const heap = heapUsed()
  const checksum = store.checksum()
  await store.close()
  return { figures: { early: before, resident, growth: resident - before, heap }, checksum }
}
