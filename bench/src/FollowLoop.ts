import { withScratchFolder } from './ScratchFolder.ts'
import { type TodoArgs, todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** Two sessions of one client. */
export interface FollowStores {
  /** Commits in the first session. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => void
  /** Resolves when the live count of the second session has said `count`, with the time of that. **Units** ns. */
  readonly followed: (count: number) => Promise<number>
  /** Closes both; the answer is the checksum of both and of the files. */
  readonly close: () => Promise<string>
}

export type OpenFollowStores = (folder: string) => Promise<FollowStores>

const warmUpCount = 20_000
const eventCount = 40_000
const batchSize = 100

/** The machine's monotonic clock, which all threads share. */
export const nowNs = (): number => Number(process.hrtime.bigint())

/** **Shape** figure `throughput` (events/s). */
export const measureFollow = (open: OpenFollowStores): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const stores = await open(folder)
    await pour(stores, 0, warmUpCount)
    const seconds = await pour(stores, warmUpCount, eventCount)
    return { figures: { throughput: eventCount / seconds }, checksum: await stores.close() }
  })

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
