/**
 * The rows of a live query at one moment: immutable, read-only. The next moment's list shares all but the changed parts
 * with it, so that having one costs nothing and only {@link RowList.toArray} copies.
 *
 * **Shape**  chunks that nobody changes any more; `at` costs a binary search among them.
 */
export class RowList<out Row> implements Iterable<Row> {
  readonly #chunks: ReadonlyArray<ReadonlyArray<Row>>
  /** Index of each chunk's first row, and behind them all the length. */
  readonly #starts: ReadonlyArray<number>
  #array: ReadonlyArray<Row> | undefined

  /** @internal */
  constructor(chunks: ReadonlyArray<ReadonlyArray<Row>>) {
    this.#chunks = chunks
    const starts: Array<number> = [0]
    let start = 0
    for (const chunk of chunks) starts.push((start += chunk.length))
    this.#starts = starts
  }

  get length(): number {
    return this.#starts[this.#chunks.length]!
  }

  /** The row at `index`, counted from the end if negative; `undefined` where there is none. */
  at(index: number): Row | undefined {
    const whole = Math.trunc(index)
    const place = whole < 0 ? whole + this.length : whole
    if (!(place >= 0 && place < this.length)) return undefined
    const number = this.#chunkAt(place)
    return this.#chunks[number]![place - this.#starts[number]!]
  }

  /** Rows from `start` to before `end`, as `Array.slice` takes them. */
  slice(start = 0, end: number = this.length): Array<Row> {
    const from = Math.max(start < 0 ? start + this.length : start, 0)
    const to = Math.min(end < 0 ? end + this.length : end, this.length)
    const rows: Array<Row> = []
    if (from >= to) return rows
    for (let number = this.#chunkAt(from); number < this.#chunks.length; number++) {
      const chunk = this.#chunks[number]!
      const chunkStart = this.#starts[number]!
      if (chunkStart >= to) break
      for (let i = Math.max(from - chunkStart, 0); i < chunk.length && chunkStart + i < to; i++) rows.push(chunk[i]!)
    }
    return rows
  }

  /** All rows as an array, made when first asked for; always the same one. */
  toArray(): ReadonlyArray<Row> {
    return (this.#array ??= concatenated(this.#chunks))
  }

  *[Symbol.iterator](): Iterator<Row> {
    for (const chunk of this.#chunks) yield* chunk
  }

  /** The last chunk that starts at or before `index`, which must be within the list. */
  #chunkAt(index: number): number {
    let [low, high] = [0, this.#chunks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= index) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** A call takes some ten thousands of arguments everywhere; `concat` copies packed arrays as memory. */
const chunksPerCall = 10_000

const concatenated = <Row>(chunks: ReadonlyArray<ReadonlyArray<Row>>): ReadonlyArray<Row> => {
  let rows: Array<Row> = []
  for (let i = 0; i < chunks.length; i += chunksPerCall) rows = rows.concat(...chunks.slice(i, i + chunksPerCall))
  return rows
}
