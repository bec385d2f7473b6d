import { median } from './Statistics.ts'
import { type TodoArgs, todoRange } from './TodoRows.ts'
import type { Measurement } from './Workload.ts'

/** A store whose events wait for an upstream that brings others first. */
export interface RebaseStore {
  /** Commits; resolves when they are durable. Nothing of it is confirmed. */
  readonly pend: (events: ReadonlyArray<TodoArgs>) => Promise<void>
  /** Upstream's events arrive; resolves when everything is as if they had come first. */
  readonly rebaseOver: (upstream: ReadonlyArray<TodoArgs>) => Promise<RebaseTimes>
  /** Everything is confirmed: nothing will be undone any more. */
  readonly settle: () => Promise<void>
  readonly checksum: () => string
  /** Closes it; the answer is the checksum of its files, of the order of the log too. */
  readonly close: () => Promise<string>
}

/** **Units** ms from the arrival. */
export interface RebaseTimes {
  /** The app's queries have all of it. */
  readonly shown: number
  /** So have log and state on the disk; absent where nobody can look at them from outside. */
  readonly stored?: number
}

export type OpenRebaseStore = () => Promise<RebaseStore>

interface RebaseSize {
  readonly name: string
  readonly pending: number
  readonly upstream: number
  readonly times: number
}

/** The largest last: it is never settled. */
const sizes: ReadonlyArray<RebaseSize> = [
  { name: '1over1', pending: 1, upstream: 1, times: 10 },
  { name: '100over100', pending: 100, upstream: 100, times: 5 },
  { name: '1kover1k', pending: 1_000, upstream: 1_000, times: 3 },
  { name: '20kover1k', pending: 20_000, upstream: 1_000, times: 1 },
]
const warmUp: RebaseSize = { name: 'warmUp', pending: 1_000, upstream: 1_000, times: 1 }
const commitSize = 100

/** A pending event is undone and replayed, an upstream one applied. */
const stepsOf = ({ pending, upstream }: RebaseSize): number => 2 * pending + upstream

/**
 * All sizes in one store, one after the other.
 *
 * **Shape** figures `<size>` and, if it can be seen, `<size>Stored` (ms), `growth` (×).
 */
export const measureRebase = async (open: OpenRebaseStore): Promise<Measurement> => {
  const store = await open()
  const figures: Record<string, number> = {}
  let first = 0
  for (const size of [warmUp, ...sizes]) {
    const measured: Array<RebaseTimes> = []
    for (let time = 0; time < size.times; time++) {
      await store.settle()
      await pend(store, first, size.pending)
      measured.push(await store.rebaseOver(todoRange(first + size.pending, size.upstream)))
      first += size.pending + size.upstream
    }
    if (size === warmUp) continue
    figures[size.name] = median(measured.map(({ shown }) => shown))
    const stored = measured.flatMap((times) => times.stored ?? [])
    if (stored.length > 0) figures[`${size.name}Stored`] = median(stored)
  }
  const perStep = (size: RebaseSize): number => figures[size.name]! / stepsOf(size)
  figures['growth'] = perStep(sizes[3]!) / perStep(sizes[2]!)
  const checksum = store.checksum()
  return { figures, checksum: `${checksum}-${await store.close()}` }
}

const pend = async (store: RebaseStore, first: number, count: number): Promise<void> => {
  const durable: Array<Promise<void>> = []
  for (let at = first; at < first + count; at += commitSize) {
    durable.push(store.pend(todoRange(at, Math.min(commitSize, first + count - at))))
    await Promise.resolve()
  }
  await Promise.all(durable)
}
