import type { RowList } from './RowList.ts'

/**
 * What became of one row of a live query's result.
 *
 * | `kind`     | Means                                                                             |
 * | ---------- | --------------------------------------------------------------------------------- |
 * | `'remove'` | `row` is not in the result any more                                                |
 * | `'insert'` | `row` is new in the result                                                         |
 * | `'update'` | `row` is there in the place of `before`                                            |
 * | `'move'`   | it stands elsewhere among the others; `before` is another object if it differs too |
 *
 * **Shape**  `from` is an index in the old rows, `to` one in the new rows. Rows that only gave way to others are not
 * listed. So taking every `from` out of the old rows and then putting every row in at its `to`, in this order, gives the
 * new rows: removed rows are listed first, by `from`, then all others, by `to`.
 */
export type ResultChange<Row> =
  | { readonly kind: 'remove'; readonly row: Row; readonly from: number }
  | { readonly kind: 'insert'; readonly row: Row; readonly to: number }
  | {
      readonly kind: 'update' | 'move'
      readonly row: Row
      readonly before: Row
      readonly from: number
      readonly to: number
    }

/** A large result and how it came from the last one. */
export interface ResultUpdate<Row> {
  readonly rows: RowList<Row>
  /** `undefined` in the first update: everything is new. */
  readonly changes: ReadonlyArray<ResultChange<Row>> | undefined
}

/** In the order that {@link ResultChange} promises. */
export const sortChanges = <Row>(changes: Array<ResultChange<Row>>): ReadonlyArray<ResultChange<Row>> =>
  changes.length < 2
    ? changes
    : changes.sort((a, b) => {
        if (a.kind === 'remove') return b.kind === 'remove' ? a.from - b.from : -1
        return b.kind === 'remove' ? 1 : a.to - b.to
      })

/**
 * The changes that make `next` of `last`; rows are told apart by identity. `replaced` names, for a row of `next`, the
 * row of `last` in whose place it is.
 *
 * **Units**  O(n log n) in what lies between the common beginning and the common end.
 */
export const diffRows = <Row>(
  last: RowList<Row>,
  next: RowList<Row>,
  replaced: ReadonlyMap<Row, Row>,
): ReadonlyArray<ResultChange<Row>> => {
  const [a, b] = [last.toArray(), next.toArray()]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let [endA, endB] = [a.length, b.length]
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const places = placesOf(a, start, endA)
  const changes: Array<ResultChange<Row>> = []
  const kept: Array<{ readonly from: number; readonly to: number }> = []
  for (let to = start; to < endB; to++) {
    const row = b[to]!
    const from = places.get(row)?.pop() ?? places.get(replaced.get(row)!)?.pop()
    if (from === undefined) changes.push({ kind: 'insert', row, to })
    else kept.push({ from, to })
  }
  for (const left of places.values()) for (const from of left) changes.push({ kind: 'remove', row: a[from]!, from })
  const stays = longestRise(kept.map(({ from }) => from))
  for (const [index, { from, to }] of kept.entries()) {
    const [before, row] = [a[from]!, b[to]!]
    if (!stays.has(index)) changes.push({ kind: 'move', row, before, from, to })
    else if (row !== before) changes.push({ kind: 'update', row, before, from, to })
  }
  return sortChanges(changes)
}

/** Where rows stand, the last place first: raw SQL may answer the same primitive twice. */
const placesOf = <Row>(rows: ReadonlyArray<Row>, start: number, end: number): Map<Row, Array<number>> => {
  const places = new Map<Row, Array<number>>()
  for (let index = end - 1; index >= start; index--) {
    const known = places.get(rows[index]!)
    if (known === undefined) places.set(rows[index]!, [index])
    else known.push(index)
  }
  return places
}

/** Indexes of a longest rising subsequence: the rows that need not be moved. Patience sorting, O(n log n). */
const longestRise = (numbers: ReadonlyArray<number>): ReadonlySet<number> => {
  const tails: Array<number> = []
  const before: Array<number> = []
  for (let index = 0; index < numbers.length; index++) {
    let [low, high] = [0, tails.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (numbers[tails[middle]!]! < numbers[index]!) low = middle + 1
      else high = middle
    }
    before.push(low > 0 ? tails[low - 1]! : -1)
    tails[low] = index
  }
  const rise = new Set<number>()
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index]!) rise.add(index)
  return rise
}
