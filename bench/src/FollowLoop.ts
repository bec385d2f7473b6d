import { type TodoArgs, todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** Two sessions of one client. */
export interface FollowStores {
  /** Commits in the first session. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => void
  /** A monotonic clock that both sessions share. **Units** ms. */
  readonly now: () => number
  /** Resolves when the live count of the second session has said `count`, with the time of that. **Units** ms, of `now`. */
  readonly followed: (count: number) => Promise<number>
  /** Resolves when the leader has everything. */
  readonly persisted: () => Promise<void>
  /** The second session stands still, as a tab in the background does, until the answer is called. */
  readonly freeze: () => () => void
  /** Closes both; the answer is the checksum of both and of the files. */
  readonly close: () => Promise<string>
}

export type OpenFollowStores = () => Promise<FollowStores>

const warmUpCount = 20_000
const eventCount = 40_000
const batchSize = 100

/** **Shape** figures `throughput` and `catchUp` (events/s). */
export const measureFollow = async (open: OpenFollowStores): Promise<Measurement> => {
  const stores = await open()
  await pour(stores, 0, warmUpCount)
  const seconds = await pour(stores, warmUpCount, eventCount)
  const behindSeconds = await catchUp(stores, warmUpCount + eventCount, eventCount)
  return {
    figures: { throughput: eventCount / seconds, catchUp: eventCount / behindSeconds },
    checksum: await stores.close(),
  }
}

/** **Units** seconds from the moment that the second session runs again until it has what was committed meanwhile. */
const catchUp = async (stores: FollowStores, first: number, count: number): Promise<number> => {
  const thaw = stores.freeze()
  for (let at = first; at < first + count; at += batchSize) {
    stores.commit(todoRange(at, batchSize))
    await Promise.resolve()
  }
  await stores.persisted()
  const followed = stores.followed(first + count)
  const start = stores.now()
  thaw()
  return ((await followed) - start) / 1_000
}

/** **Units** seconds from the first commit until the second session has all. */
const pour = async (stores: FollowStores, first: number, count: number): Promise<number> => {
  const followed = stores.followed(first + count)
  const start = stores.now()
  for (let at = first; at < first + count; at += batchSize) {
    stores.commit(todoRange(at, batchSize))
    await Promise.resolve()
  }
  return ((await followed) - start) / 1_000
}
