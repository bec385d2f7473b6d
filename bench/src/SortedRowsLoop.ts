import { AnswerChecksum, type Item, type ItemSizes, itemId, positionStep } from './ItemRows.ts'
import { nextTurn } from './Pause.ts'
import { median } from './Statistics.ts'
import type { Measurement } from './Workload.ts'

/** How a subscriber reads: what changed and the rows that a screen shows, or the whole result as an array. */
export type Reading = 'changes' | 'array'

/** What a subscriber has in hand after one change. */
export interface Heard {
  /** The changed rows as they are now; with `array` none, since there the result is all it gets. */
  readonly changed: ReadonlyArray<Item>
  /** The first {@link shownCount} rows, or all of them. */
  readonly rows: ReadonlyArray<Item>
}

/** A store with {@link sortedSizes} rows and one live query for all of them by position, as the loop below sees it. */
export interface SortedStore {
  /** Subscribes; `hear` is called for every change from now on. Ends with the result. */
  readonly subscribe: (reading: Reading, hear: (heard: Heard) => void) => () => void
  readonly rename: (id: string, text: string) => void
  readonly move: (id: string, position: number) => void
  /** Resolves when nothing runs behind the app's back any more; not part of any figure. */
  readonly settle: () => Promise<void>
  readonly close: () => Promise<void>
}

export type OpenSortedStore = () => Promise<SortedStore>

export const sortedSizes: ItemSizes = { count: 100_000, lists: 1, textLength: 0 }

export const shownCount = 100

/** Of each kind of change; the first part of them is to warm up. */
const counts: Readonly<Record<Reading, { readonly warmUp: number; readonly measured: number }>> = {
  changes: { warmUp: 200, measured: 300 },
  array: { warmUp: 30, measured: 30 },
}

/** Primes, so that changes are spread over the rows. */
const [rowStride, placeStride] = [7_919, 104_729]

const rowOf = (index: number): number => (index * rowStride) % sortedSizes.count

/** Between two rows, and never where another was moved to. */
const placeOf = (index: number): number =>
  ((index * placeStride) % sortedSizes.count) * positionStep + 1 + (index % (positionStep - 1))

/**
 * Changes one row, which keeps its place (`rename`) or leaves it (`move`), until the subscriber has read the result.
 *
 * **Shape** figures `renameChanges`, `moveChanges`, `renameArray`, `moveArray` (ms, median).
 */
export const measureSortedRows = async (open: OpenSortedStore): Promise<Measurement> => {
  const store = await open()
  const checksum = new AnswerChecksum()
  const changes = await measureReading(store, 'changes', checksum)
  const array = await measureReading(store, 'array', checksum)
  await store.close()
  return {
    figures: {
      renameChanges: changes.rename,
      moveChanges: changes.move,
      renameArray: array.rename,
      moveArray: array.move,
    },
    checksum: checksum.digest(),
  }
}

const measureReading = async (store: SortedStore, reading: Reading, checksum: AnswerChecksum) => {
  const { warmUp, measured } = counts[reading]
  const listener = new Listener()
  const end = store.subscribe(reading, listener.hear)
  const rename: Array<number> = []
  const move: Array<number> = []
  for (let index = 0; index < warmUp + measured; index++) {
    const row = rowOf(index)
    rename.push(await listener.until(() => store.rename(itemId(row), `renamed ${index} ${reading}`)))
    await store.settle()
    // Another row, lest the first write of a transaction warms up what the second one finds.
    const other = rowOf(index + measured)
    move.push(await listener.until(() => store.move(itemId(other), placeOf(index))))
    await store.settle()
    checksum.addRows(listener.heard.changed)
  }
  checksum.addRows(listener.heard.rows)
  end()
  return { rename: median(rename.slice(warmUp)), move: median(move.slice(warmUp)) }
}

class Listener {
  heard: Heard = { changed: [], rows: [] }
  #heardAt = Number.NaN
  #count = 0

  readonly hear = (heard: Heard): void => {
    this.#heardAt = performance.now()
    this.heard = heard
    this.#count++
  }

  /** **Units** ms from the write until the subscriber has read. **Fails with** `Error` when it is not told once. */
  async until(write: () => void): Promise<number> {
    this.#count = 0
    const start = performance.now()
    write()
    while (this.#count === 0) await nextTurn()
    if (this.#count > 1) throw new Error(`told ${this.#count} times of one change`)
    return this.#heardAt - start
  }
}
