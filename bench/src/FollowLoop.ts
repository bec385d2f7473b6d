import { withScratchFolder } from './ScratchFolder.ts'
import { type TodoArgs, todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** Two sessions of one client. */
export interface FollowStores {
  /** Commits in the first session. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => void
  /** Resolves when the live count of the second session has said `count`, with the time of that. **Units** ns. */
  readonly followed: (count: number) => Promise<number>
  /** Resolves when the leader has everything. */
  readonly persisted: () => Promise<void>
  /** The second session stands still, as a tab in the background does, until the answer is called. */
  readonly freeze: () => () => void
  /** Closes both; the answer is the checksum of both and of the files. */
  readonly close: () => Promise<string>
}

export type OpenFollowStores = (folder: string) => Promise<FollowStores>

const warmUpCount = 20_000
const eventCount = 40_000
const batchSize = 100

/** The machine's monotonic clock, which all threads share. */
export const nowNs = (): number => Number(process.hrtime.bigint())

/** **Shape** figures `throughput` and `catchUp` (events/s). */
export const measureFollow = (open: OpenFollowStores): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const stores = await open(folder)
    await pour(stores, 0, warmUpCount)
    const seconds = await pour(stores, warmUpCount, eventCount)
    const behindSeconds = await catchUp(stores, warmUpCount + eventCount, eventCount)
    return {
      figures: { throughput: eventCount / seconds, catchUp: eventCount / behindSeconds },
      checksum: await stores.close(),
    }
  })

/** **Units** seconds from the moment that the second session runs again until it has what was committed meanwhile. */
const catchUp = async (stores: FollowStores, first: number, count: number): Promise<number> => {
  const thaw = stores.freeze()
  for (let at = first; at < first + count; at += batchSize) {
    stores.commit(todoRange(at, batchSize))
    await Promise.resolve()
  }
  await stores.persisted()
  const followed = stores.followed(first + count)
  const start = nowNs()
  thaw()
  return ((await followed) - start) / 1e9
}

/** **Units** seconds from the first commit until the second session has all. */
const pour = async (stores: FollowStores, first: number, count: number): Promise<number> => {
  const followed = stores.followed(first + count)
  const start = nowNs()
  for (let at = first; at < first + count; at += batchSize) {
    stores.commit(todoRange(at, batchSize))
    await Promise.resolve()
  }
  return ((await followed) - start) / 1e9
}
