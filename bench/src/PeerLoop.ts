import type { LoopStore } from './CommitLoop.ts'
import { nextTurn } from './Pause.ts'
import { mean, median, quantile } from './Statistics.ts'
import { todoArgs, todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** The live queries of a store while it is measured. */
export interface LiveQueries {
  /** The count of open todos. */
  readonly count: boolean
  /** So many that read the same table, but rows that nobody writes. */
  readonly others: number
}

/** A store as the loops below see it, ours or a peer's: `settle` resolves when its leader has everything. */
export type OpenPeerStore = (live: LiveQueries) => Promise<LoopStore>

/** As {@link LiveQueries}: what most loops have. */
const oneCount: LiveQueries = { count: true, others: 0 }

// Fewer commits than in the loops against raw SQL: a peer may take some ms for each, and more the more are pending.
const warmUpCount = 20_000
/** A side that is slow is warm long before it has made as many: both get this much time, or those commits. */
const warmUpMs = 1_200
const spacedCount = 1_200
const othersCount = 400
/** An app gives its thread back now and then. */
const commitsPerTurn = 200
const loneCount = 50
const batchSize = 100
const batchCount = 30

/** How many live queries on other rows. */
export const othersOpen = 50

/** **Units** ms. */
const timed = (work: () => void): number => {
  const start = performance.now()
  work()
  return performance.now() - start
}

const withStore = async <A>(
  open: OpenPeerStore,
  live: LiveQueries,
  use: (store: LoopStore) => Promise<A>,
): Promise<A> => {
  const store = await open(live)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/** Single commits, the thread given back after every 200. **Units** ms, one for each. */
const spaced = async (store: LoopStore, first: number, count: number): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = []
  for (let index = first; index < first + count; index++) {
    const args = todoArgs(index)
    times.push(timed(() => store.commit([args])))
    if ((index + 1 - first) % commitsPerTurn === 0) await nextTurn()
  }
  return times
}

/** In a store of its own, so that what is measured starts empty. */
const warmUp = (open: OpenPeerStore, live: LiveQueries, eventsPerCommit = 1): Promise<void> =>
  withStore(open, live, async (store) => {
    const end = performance.now() + warmUpMs
    for (let index = 0; index < warmUpCount && performance.now() < end; index += commitsPerTurn) {
      for (let at = index; at < index + commitsPerTurn; at += eventsPerCommit) {
        store.commit(todoRange(at, eventsPerCommit))
      }
      await nextTurn()
    }
    await store.settle()
  })

/** Single commits with one live count query, and with none; spaced, and one at a time. **Units** ms. */
export const measurePeerCommits = async (open: OpenPeerStore): Promise<Measurement> => {
  await warmUp(open, oneCount)
  const counted = await withStore(open, oneCount, async (store) => {
    const start = performance.now()
    const times = await spaced(store, 0, spacedCount)
    await store.settle()
    const durable = (performance.now() - start) / spacedCount
    const lone = await loneTimes(store, spacedCount)
    return { times, durable, lone, checksum: store.checksum() }
  })
  const none = await withStore(open, { count: false, others: 0 }, async (store) => {
    const times = await spaced(store, 0, spacedCount)
    await store.settle()
    return { times, checksum: store.checksum() }
  })
  return {
    figures: {
      median: median(counted.times),
      p99: quantile(counted.times, 0.99),
      durable: counted.durable,
      lone: median(counted.lone),
      unwatched: median(none.times),
    },
    checksum: `${counted.checksum}-${none.checksum}`,
  }
}

const loneTimes = async (store: LoopStore, first: number): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = []
  for (let index = first; index < first + loneCount; index++) {
    const args = todoArgs(index)
    const start = performance.now()
    store.commit([args])
    await store.settle()
    times.push(performance.now() - start)
  }
  return times
}

/** Single commits with one live count query, without and with live queries on other rows. */
export const measurePeerOthers = async (open: OpenPeerStore): Promise<Measurement> => {
  const live = { count: true, others: othersOpen }
  await warmUp(open, oneCount)
  await warmUp(open, live)
  const measured = (queries: LiveQueries) =>
    withStore(open, queries, async (store) => {
      const times = await spaced(store, 0, othersCount)
      await store.settle()
      return { median: median(times), checksum: store.checksum() }
    })
  const [without, withOthers] = [await measured(oneCount), await measured(live)]
  return {
    figures: { median: withOthers.median, slowdown: withOthers.median / without.median },
    checksum: `${without.checksum}-${withOthers.checksum}`,
  }
}

/** `count` single commits without giving the thread back, with one live count query. **Units** ms a commit. */
export const measurePeerTight = async (open: OpenPeerStore, count: number): Promise<Measurement> => {
  await warmUp(open, oneCount)
  return withStore(open, oneCount, async (store) => {
    const times: Array<number> = []
    const start = performance.now()
    for (const args of todoRange(0, count)) times.push(timed(() => store.commit([args])))
    await store.settle()
    const durable = (performance.now() - start) / count
    const end = count / 10
    const growth = median(times.slice(-end)) / median(times.slice(0, end))
    return { figures: { returned: mean(times), durable, growth }, checksum: store.checksum() }
  })
}

/** Commits of 100 events, the thread given back after every second one. **Units** ms an event. */
export const measurePeerBatches = async (open: OpenPeerStore): Promise<Measurement> => {
  await warmUp(open, oneCount, batchSize)
  return withStore(open, oneCount, async (store) => {
    const times: Array<number> = []
    const start = performance.now()
    for (let batch = 0; batch < batchCount; batch++) {
      const events = todoRange(batch * batchSize, batchSize)
      times.push(timed(() => store.commit(events)) / batchSize)
      if (((batch + 1) * batchSize) % commitsPerTurn === 0) await nextTurn()
    }
    await store.settle()
    const durable = (performance.now() - start) / (batchCount * batchSize)
    return { figures: { median: median(times), durable }, checksum: store.checksum() }
  })
}
