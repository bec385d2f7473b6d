import { AnswerChecksum, type Item, type ItemSizes, itemId, itemText, listId } from './ItemRows.ts'
import { nextTurn } from './Pause.ts'
import { median, quantile } from './Statistics.ts'
import type { Measurement } from './Workload.ts'

/** A store with {@link reactiveSizes} rows as the loop below sees it. */
export interface ReactiveStore {
  /** Subscribes to the rows of a list, by position; `hear` is called at once and with every change. */
  readonly subscribe: (listId: string, hear: (rows: ReadonlyArray<Item>) => void) => () => void
  /** One commit, one transaction. */
  readonly write: (written: ReadonlyArray<Pick<Item, 'id' | 'text'>>) => void
  /** Resolves when nothing runs behind the app's back any more; not part of any figure. */
  readonly settle: () => Promise<void>
  readonly close: () => Promise<void>
}

export type OpenReactiveStore = () => Promise<ReactiveStore>

const subscriptionCount = 100
const rowsOfList = 10
const dirtyCount = 5

/** 100 lists of ten rows with a text of 1,000 characters: 10 kB a subscription. */
export const reactiveSizes: ItemSizes = {
  count: subscriptionCount * rowsOfList,
  lists: subscriptionCount,
  textLength: 1_000,
}

export interface ReactiveCounts {
  readonly warmUp: number
  readonly measured: number
}

const countsDefault: ReactiveCounts = { warmUp: 300, measured: 1_000 }
/** An app gives its thread back now and then. */
const writesPerTurn = 10

/**
 * Writes one row in each of five lists, until their five subscribers have their rows.
 *
 * **Shape** figures `p50` and `p95` (ms).
 */
export const measureReactiveLoop = async (
  open: OpenReactiveStore,
  counts: ReactiveCounts = countsDefault,
): Promise<Measurement> => {
  const store = await open()
  const screen = new Screen(store)
  const times: Array<number> = []
  const { warmUp, measured } = counts
  for (let index = 0; index < warmUp + measured; index++) {
    times.push(await screen.until(writtenIn(index)))
    if ((index + 1) % writesPerTurn === 0) await store.settle()
  }
  // Every row once: what is stored in the end is the same however many writes a side is measured with.
  for (let row = 0; row < rowsOfList; row++) await screen.until(inEveryList(row))
  await store.settle()
  const checksum = screen.checksum()
  await store.close()
  const figures = { p50: median(times.slice(warmUp)), p95: quantile(times.slice(warmUp), 0.95) }
  return { figures, checksum }
}

const listsApart = subscriptionCount / dirtyCount

/** One row of a list, and what is written to it. */
interface DirtyRow {
  readonly list: number
  readonly id: string
  readonly text: string
}

const dirtyRow = (list: number, row: number, label: string): DirtyRow => ({
  list,
  id: itemId(row * subscriptionCount + list),
  text: itemText(label, reactiveSizes.textLength),
})

/** In five lists that lie apart; which ones, and which row, moves on with every write. */
const writtenIn = (index: number): ReadonlyArray<DirtyRow> =>
  Array.from({ length: dirtyCount }, (_, dirty) =>
    dirtyRow(
      (index + dirty * listsApart) % subscriptionCount,
      Math.floor(index / listsApart) % rowsOfList,
      `written ${index} ${dirty}`,
    ),
  )

const inEveryList = (row: number): ReadonlyArray<DirtyRow> =>
  Array.from({ length: subscriptionCount }, (_, list) => dirtyRow(list, row, `written in the end ${row}`))

/** 100 subscribers, which keep what they were told. */
class Screen {
  readonly #store: ReactiveStore
  readonly #shown: Array<ReadonlyArray<Item>> = []
  /** Lists that have been written to, and whose subscribers do not know yet. */
  readonly #dirty = new Set<number>()
  #lastAt = Number.NaN

  constructor(store: ReactiveStore) {
    this.#store = store
    for (let list = 0; list < subscriptionCount; list++) store.subscribe(listId(list), (rows) => this.#show(list, rows))
  }

  /** A peer may tell others, too, that have no news. */
  #show(list: number, rows: ReadonlyArray<Item>): void {
    this.#shown[list] = rows
    if (this.#dirty.delete(list) && this.#dirty.size === 0) this.#lastAt = performance.now()
  }

  /** **Units** ms until the last one has heard. */
  async until(written: ReadonlyArray<DirtyRow>): Promise<number> {
    for (const { list } of written) this.#dirty.add(list)
    const rows = written.map(({ id, text }) => ({ id, text }))
    const start = performance.now()
    this.#store.write(rows)
    while (this.#dirty.size > 0) await nextTurn()
    return this.#lastAt - start
  }

  checksum(): string {
    const checksum = new AnswerChecksum()
    for (const rows of this.#shown) checksum.addRows(rows)
    return checksum.digest()
  }
}
