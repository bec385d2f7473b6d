import { nextTurn } from './Pause.ts'
import { mean, median, quantile } from './Statistics.ts'
import { type TodoArgs, todoRange } from './TodoRows.ts'

/** A store as the loops below see it: ours or anybody's. */
export interface LoopStore {
  /** One commit, one transaction. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => void
  /** Resolves when nothing runs behind the app's back any more; not part of any figure. */
  readonly settle: () => Promise<void>
  readonly checksum: () => string
  readonly close: () => Promise<void>
}

export type OpenLoopStore = () => Promise<LoopStore>

const warmUpCount = 4_000
const spacedCount = 4_000
/** An app gives its thread back now and then; peers.md measures the peer the same way. */
export const commitsPerTurn = 200
const tightCount = 10_000
/** Both ends of the tight loop that are compared. */
const endCount = 1_000
const batchSize = 100
const batchCount = 200

/** **Units** µs. */
const timed = (work: () => void): number => {
  const start = performance.now()
  work()
  return (performance.now() - start) * 1_000
}

/** Commits `group` events, one each. **Units** µs a commit. */
const timedGroup = (store: LoopStore, first: number, group: number): number => {
  const commits = todoRange(first, group).map((args) => [args])
  const us = timed(() => {
    for (const events of commits) store.commit(events)
  })
  return us / group
}

const spaced = async (store: LoopStore, count: number, group: number): Promise<Array<number>> => {
  const times: Array<number> = []
  for (let first = 0; first < count; first += group) {
    times.push(timedGroup(store, first, group))
    if ((first + group) % commitsPerTurn === 0) await nextTurn()
  }
  await store.settle()
  return times
}

const tightly = async (store: LoopStore, count: number, group: number): Promise<Array<number>> => {
  const times: Array<number> = []
  for (let first = 0; first < count; first += group) times.push(timedGroup(store, first, group))
  await store.settle()
  return times
}

const withStore = async <A>(open: OpenLoopStore, use: (store: LoopStore) => Promise<A>): Promise<A> => {
  const store = await open()
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/**
 * Single commits: spaced, and 10,000 without giving the thread back.
 *
 * **Shape**  `group`: commits between two looks at the clock, a divisor of {@link commitsPerTurn}; more than one where the
 * clock is coarse. Medians are of groups then, and `p99` says nothing.
 */
export const measureCommits = async (open: OpenLoopStore, group = 1) => {
  await withStore(open, (store) => spaced(store, warmUpCount, group))
  const first = await withStore(open, async (store) => ({
    times: await spaced(store, spacedCount, group),
    checksum: store.checksum(),
  }))
  const tight = await withStore(open, async (store) => ({
    times: await tightly(store, tightCount, group),
    checksum: store.checksum(),
  }))
  const ends = endCount / group
  return {
    figures: {
      median: median(first.times),
      p99: quantile(first.times, 0.99),
      tight: mean(tight.times),
      // Medians: another process that takes the core for 10 ms says nothing about ours.
      growth: median(tight.times.slice(-ends)) / median(tight.times.slice(0, ends)),
    },
    checksum: `${first.checksum}-${tight.checksum}`,
  }
}

/** Commits of 100 events, giving the thread back after every second one as often as single commits do. */
export const measureBatches = async (open: OpenLoopStore) => {
  const loop = async (store: LoopStore): Promise<Array<number>> => {
    const times: Array<number> = []
    for (let batch = 0; batch < batchCount; batch++) {
      const events = todoRange(batch * batchSize, batchSize)
      times.push(timed(() => store.commit(events)) / batchSize)
      if (((batch + 1) * batchSize) % commitsPerTurn === 0) await nextTurn()
    }
    await store.settle()
    return times
  }
  await withStore(open, loop)
  return withStore(open, async (store) => {
    const times = await loop(store)
    return { figures: { median: median(times), mean: mean(times) }, checksum: store.checksum() }
  })
}
