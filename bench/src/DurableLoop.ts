import { sleep } from './Pause.ts'
import { median, quantile } from './Statistics.ts'
import { type TodoArgs, todoArgs, todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** A store on a disk, as the loops below see it. */
export interface DurableStore {
  /** Commits; the answer resolves when the events are durable. */
  readonly commit: (events: ReadonlyArray<TodoArgs>) => Promise<void>
  /** Writes what is only collected so far. */
  readonly flush: () => Promise<void>
  readonly checksum: () => string
  /** Closes it; the answer is the checksum of its files. */
  readonly close: () => Promise<string>
}

export type OpenDurableStore = () => Promise<DurableStore>

const eventCount = 20_000
const batchSize = 100
const warmUpCount = 10_000
const loneCount = 200
/** Until the leader has told the session everything about the warm-up. */
const warmUpRestMs = 200
/** At rest: whatever the last commit set going is over. */
const restMs = 3

/** Batches one after the other, the thread given back after each; resolves when the last one is durable. */
const pour = async (store: DurableStore, first: number, count: number): Promise<void> => {
  const durable: Array<Promise<void>> = []
  for (let at = first; at < first + count; at += batchSize) {
    durable.push(store.commit(todoRange(at, batchSize)))
    await Promise.resolve()
  }
  await store.flush()
  await Promise.all(durable)
}

/**
 * Warms up in the same store: a leader's thread is a new one, with cold code, for every store.
 *
 * **Shape** figures `throughput` (events/s), `lone` and `loneP99` (ms).
 */
export const measureDurable = async (open: OpenDurableStore): Promise<Measurement> => {
  const store = await open()
  await pour(store, 0, warmUpCount)
  await sleep(warmUpRestMs)
  const start = performance.now()
  await pour(store, warmUpCount, eventCount)
  const throughput = eventCount / ((performance.now() - start) / 1_000)
  const times = await lone(store, warmUpCount + eventCount, loneCount)
  const checksum = store.checksum()
  const files = await store.close()
  return {
    figures: { throughput, lone: median(times), loneP99: quantile(times, 0.99) },
    checksum: `${checksum}-${files}`,
  }
}

const lone = async (store: DurableStore, first: number, count: number): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = []
  for (let index = first; index < first + count; index++) {
    await sleep(restMs)
    const start = performance.now()
    const durable = store.commit([todoArgs(index)])
    await store.flush()
    await durable
    times.push(performance.now() - start)
  }
  return times
}
