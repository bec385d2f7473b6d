import { setImmediate as nextTurn } from 'node:timers/promises'
import { AnswerChecksum, type Item, type ItemSizes, itemId, itemText, listId } from './ItemRows.ts'
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

const warmUpCount = 300
const writeCount = 1_000
/** An app gives its thread back now and then. */
const writesPerTurn = 10

/**
 * Writes one row in each of five lists, until their five subscribers have their rows.
 *
 * **Shape** figures `p50` and `p95` (ms).
 */
export const measureReactiveLoop = async (open: OpenReactiveStore): Promise<Measurement> => {
  const store = await open()
  const screen = new Screen(store)
  const times: Array<number> = []
  for (let index = 0; index < warmUpCount + writeCount; index++) {
    times.push(await screen.until(writtenIn(index)))
    if ((index + 1) % writesPerTurn === 0) await store.settle()
  }
  const checksum = screen.checksum()
  await store.close()
  const measured = times.slice(warmUpCount)
  return { figures: { p50: median(measured), p95: quantile(measured, 0.95) }, checksum }
}

/** Five rows of five lists that lie apart; which ones moves on with every write. */
const writtenIn = (index: number): ReadonlyArray<Pick<Item, 'id' | 'text'>> =>
  Array.from({ length: dirtyCount }, (_, dirty) => {
    const list = (index + dirty * (subscriptionCount / dirtyCount)) % subscriptionCount
    const row = index % rowsOfList
    return {
      id: itemId(row * subscriptionCount + list),
      text: itemText(`written ${index} ${dirty}`, reactiveSizes.textLength),
    }
  })

/** 100 subscribers, which keep what they were told. */
class Screen {
  readonly #store: ReactiveStore
  readonly #shown: Array<ReadonlyArray<Item>> = []
  readonly #heard = new Set<number>()
  #lastAt = Number.NaN

  constructor(store: ReactiveStore) {
    this.#store = store
    for (let list = 0; list < subscriptionCount; list++)
      store.subscribe(listId(list), (rows) => {
        this.#shown[list] = rows
        this.#heard.add(list)
        this.#lastAt = performance.now()
      })
  }

  /** **Units** ms until the last one has heard. **Fails with** `Error` if one hears that has no reason to. */
  async until(written: ReadonlyArray<Pick<Item, 'id' | 'text'>>): Promise<number> {
    this.#heard.clear()
    const start = performance.now()
    this.#store.write(written)
    while (this.#heard.size < dirtyCount) await nextTurn()
    if (this.#heard.size > dirtyCount) throw new Error(`${this.#heard.size} subscribers heard of ${dirtyCount} rows`)
    return this.#lastAt - start
  }

  checksum(): string {
    const checksum = new AnswerChecksum()
    for (const rows of this.#shown) checksum.addRows(rows)
    return checksum.digest()
  }
}
