import * as Effect from 'effect/Effect'
import type { StorageFailed } from './LogStorage.ts'

/**
 * Collects the writes of one tick and does them in one transaction, in the order of their calls: one sync to disk for
 * everybody instead of one each.
 *
 * If a group fails, each of its writes is done again in a transaction of its own, so that one that cannot be written
 * (too large for the disk that is left) does not fail its neighbours.
 */
export interface GroupCommit {
  /** Queues a write and ends when it is durable. `write` runs inside the transaction, possibly twice. */
  readonly run: <A>(write: () => A) => Effect.Effect<A, StorageFailed>
  /** Writes what is queued now. */
  readonly flush: () => void
}

interface Queued {
  readonly write: () => unknown
  readonly settle: (outcome: Effect.Effect<unknown, StorageFailed>) => void
}

/** Bounds how long one transaction keeps the thread: 64 pushes of 1,000 events are about 300 ms. */
const groupMax = 64

/** **Shape** `transact` runs its argument between BEGIN and COMMIT, rolls back and throws if anything throws. */
export const makeGroupCommit = (
  transact: (work: () => void) => void,
  classify: (error: unknown) => StorageFailed,
): GroupCommit => {
  let queue: Array<Queued> = []
  let isScheduled = false

  const writeAll = (group: ReadonlyArray<Queued>): Array<unknown> => {
    const results: Array<unknown> = []
    transact(() => {
      for (const { write } of group) results.push(write())
    })
    return results
  }
  const writeGroup = (group: ReadonlyArray<Queued>): void => {
    try {
      const results = writeAll(group)
      group.forEach(({ settle }, index) => settle(Effect.succeed(results[index])))
    } catch (error) {
      if (group.length === 1) group[0]?.settle(Effect.fail(classify(error)))
      else for (const queued of group) writeGroup([queued])
    }
  }
  const flush = (): void => {
    isScheduled = false
    const group = queue.slice(0, groupMax)
    queue = queue.slice(groupMax)
    if (queue.length > 0) schedule()
    if (group.length > 0) writeGroup(group)
  }
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(flush)
  }
  return {
    run: <A>(write: () => A) =>
      Effect.callback<A, StorageFailed>((resume) => {
        // The queue keeps writes of any type in one order; each outcome goes back to the write it came from.
        queue.push({ write, settle: (outcome) => resume(outcome as Effect.Effect<A, StorageFailed>) })
        schedule()
      }),
    flush: () => {
      while (queue.length > 0) flush()
    },
  }
}
