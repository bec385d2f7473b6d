import { AnswerChecksum, type Item, type ItemSizes, itemId, listId } from './ItemRows.ts'
import { median } from './Statistics.ts'
import type { Measurement } from './Workload.ts'

/** A store with {@link readSizes} rows as the loop below sees it. */
export interface ReadStore {
  readonly point: (id: string) => Item | undefined
  /** By position. */
  readonly list: (listId: string) => ReadonlyArray<Item>
  /** Of a list, from that position on. */
  readonly count: (listId: string, positionMin: number) => number
  readonly close: () => Promise<void>
}

export type OpenReadStore = () => Promise<ReadStore>

/** Ten lists of 1,000 rows. */
export const readSizes: ItemSizes = { count: 10_000, lists: 10, textLength: 0 }

const roundCount = 100
const warmUpRounds = 40
/** One call is too short for a clock. */
const [pointsPerRound, countsPerRound] = [100, 10]

/** A prime, so that reads are spread over the rows. */
const rowStride = 7_919

/**
 * Reads in rounds: 100 points, ten counts, one list of 1,000 rows.
 *
 * **Shape** figures `point`, `list`, `count` (µs a call, median of the rounds).
 */
export const measureReads = async (open: OpenReadStore): Promise<Measurement> => {
  const store = await open()
  const checksum = new AnswerChecksum()
  const point: Array<number> = []
  const list: Array<number> = []
  const count: Array<number> = []
  for (let round = 0; round < warmUpRounds + roundCount; round++) {
    const points = timed(pointsPerRound, (i) => store.point(idOf(round * pointsPerRound + i)))
    const lists = timed(1, () => store.list(listId(round % readSizes.lists)))
    const counts = timed(countsPerRound, (i) => store.count(listId(i % readSizes.lists), round * rowStride))
    checksum.addRows(points.answers)
    for (const rows of lists.answers) checksum.addRows(rows)
    for (const answer of counts.answers) checksum.addNumber(answer)
    if (round < warmUpRounds) continue
    point.push(points.us)
    list.push(lists.us)
    count.push(counts.us)
  }
  await store.close()
  return {
    figures: { point: median(point), list: median(list), count: median(count) },
    checksum: checksum.digest(),
  }
}

/** Beyond the last row there is none: one point in a hundred or so finds nothing. */
const idOf = (index: number): string => itemId((index * rowStride) % (readSizes.count + 100))

/** **Units** `us`: µs a call. */
const timed = <A>(calls: number, read: (index: number) => A) => {
  const answers: Array<A> = []
  const start = performance.now()
  for (let index = 0; index < calls; index++) answers.push(read(index))
  return { us: ((performance.now() - start) * 1_000) / calls, answers }
}
