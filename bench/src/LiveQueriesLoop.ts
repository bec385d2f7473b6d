import { AnswerChecksum, type Item, type ItemSizes, itemId, listId } from './ItemRows.ts'
import { nextTurn } from './Pause.ts'
import { median } from './Statistics.ts'
import type { Measurement } from './Workload.ts'

/** A live query: rows for which all that is given holds, by position. */
export interface Watch {
  readonly listId?: string
  readonly positionMin?: number
  readonly positionMax?: number
  readonly textMin?: string
}

export interface Watching {
  /** What the subscriber was told last. */
  readonly answer: () => ReadonlyArray<Item>
  readonly end: () => void
}

/** A store with {@link watchedSizes} rows as the loop below sees it. */
export interface WatchedStore {
  /** One commit, one transaction, one row; subscribers have been told when it returns. */
  readonly rename: (id: string, text: string) => void
  /** Several rows in one commit. */
  readonly renameAll: (renamed: ReadonlyArray<Pick<Item, 'id' | 'text'>>) => void
  readonly watch: (watch: Watch) => Watching
  readonly settle: () => Promise<void>
  readonly close: () => Promise<void>
}

export type OpenWatchedStore = () => Promise<WatchedStore>

/** 500 lists that no commit concerns, and one that all do. */
export const watchedSizes: ItemSizes = { count: 5_010, lists: 501, textLength: 0 }

const rowsOfList = watchedSizes.count / watchedSizes.lists

/** Row `index` of the list that all commits are about. */
const committedId = (index: number): string => itemId((index % rowsOfList) * watchedSizes.lists)

const times = <A>(count: number, make: (index: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, index) => make(index))

const others = (count: number) => times(count, (index): Watch => ({ listId: listId(index + 1) }))

/** All of them about the same rows, no two of them the same query. */
const same = (count: number) => times(count, (index): Watch => ({ listId: listId(0), positionMin: -index }))

const beyond = 1e9

/** Without an equality, and no row satisfies any of them. */
const arbitrary = (count: number) =>
  times(count, (index): Watch => {
    switch (index % 4) {
      case 0:
        return { positionMin: beyond + index }
      case 1:
        return { positionMax: -1 - index }
      case 2:
        return { positionMin: beyond + index, positionMax: beyond + 2 * index }
      default:
        return { textMin: `zzz ${index}` }
    }
  })

/** `share`: of the commits of a turn. 500 subscribers take their time. */
const phases = [
  { name: 'none', watches: [], share: 1 },
  { name: 'other1', watches: others(1), share: 1 },
  { name: 'other50', watches: others(50), share: 1 },
  { name: 'other500', watches: others(500), share: 1 },
  { name: 'same1', watches: same(1), share: 1 },
  { name: 'same50', watches: same(50), share: 0.5 },
  { name: 'same500', watches: same(500), share: 0.2 },
  { name: 'arbitrary500', watches: arbitrary(500), share: 1 },
] as const

type PhaseName = (typeof phases)[number]['name']

export interface LiveQueriesCounts {
  /** Every phase once in each. The first is to warm up. */
  readonly turns: number
  readonly commits: number
}

const countsDefault: LiveQueriesCounts = { turns: 7, commits: 100 }

/**
 * Commits with live queries of several kinds, in one store: the phases take turns, so that they differ in nothing but
 * their live queries.
 *
 * **Shape** figures by phase (µs, median), `otherCost` (other500 over none), `arbitraryEach` (µs a query).
 */
export const measureLiveQueries = async (
  open: OpenWatchedStore,
  counts: LiveQueriesCounts = countsDefault,
): Promise<Measurement> => {
  const store = await open()
  const answers = new Map<PhaseName, ReadonlyArray<ReadonlyArray<Item>>>()
  const taken = new Map<PhaseName, Array<number>>(phases.map(({ name }) => [name, []]))
  for (let turn = 0; turn < counts.turns; turn++) {
    // Back and forth: whatever becomes slower or faster with time does so for all.
    for (const { name, watches, share } of turn % 2 === 0 ? phases : phases.toReversed()) {
      const watching = watches.map(store.watch)
      const phaseTimes = commitSome(store, Math.ceil(counts.commits * share))
      if (turn > 0) taken.get(name)!.push(...phaseTimes)
      store.renameAll(allRenamed(`renamed at the end of ${name}`))
      answers.set(
        name,
        watching.map(({ answer }) => answer()),
      )
      for (const { end } of watching) end()
      await store.settle()
      await nextTurn()
    }
  }
  await store.close()
  const figures = Object.fromEntries(phases.map(({ name }) => [name, median(taken.get(name)!)])) as Figures
  return {
    figures: {
      ...figures,
      otherCost: figures.other500 / figures.none,
      arbitraryEach: (figures.arbitrary500 - figures.none) / 500,
    },
    checksum: checksumOf(answers),
  }
}

/** In the order of phases, whichever was the last to have its turn. */
const checksumOf = (answers: ReadonlyMap<PhaseName, ReadonlyArray<ReadonlyArray<Item>>>): string => {
  const checksum = new AnswerChecksum()
  for (const { name } of phases) for (const rows of answers.get(name) ?? []) checksum.addRows(rows)
  return checksum.digest()
}

type Figures = Record<PhaseName, number>

/** **Units** µs. */
const commitSome = (store: WatchedStore, count: number): ReadonlyArray<number> =>
  times(count, (index) => {
    const [id, text] = [committedId(index), `renamed ${index}`]
    const start = performance.now()
    store.rename(id, text)
    return (performance.now() - start) * 1_000
  })

/** What is stored in the end is the same however many commits a side is measured with. */
const allRenamed = (text: string): ReadonlyArray<Pick<Item, 'id' | 'text'>> =>
  times(rowsOfList, (index) => ({ id: committedId(index), text }))
