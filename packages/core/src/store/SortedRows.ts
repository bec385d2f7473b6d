import type { SqliteRow } from '../schema/SqliteValue.ts'
import { RowList } from './RowList.ts'

/**
 * Rows in the order of a query, to be patched row by row: each as stored (`stored`, by which it is ordered and found)
 * and as the app sees it (`row`).
 *
 * **Shape**  a list of chunks of some hundred rows. Finding a row is a binary search; inserting or removing one copies
 * its chunk, if a {@link SortedRows.list} shares it, and never the whole. No two rows are equal in `order`.
 *
 * **Units**  100,000 rows: 400 chunks; a patched row copies 2 × 256 references, a list 400.
 */
export class SortedRows {
  readonly #order: (a: SqliteRow, b: SqliteRow) => number
  #chunks: Array<Chunk>
  /** Index of each chunk's first row; `undefined` after a change of length. */
  #starts: Array<number> | undefined
  #length: number
  /** Chunks of an older edition are shared with a list. */
  #edition = 0

  /** **Shape** `stored` and `rows` of the same length, in order; they are the caller's no longer. */
  constructor(
    order: (a: SqliteRow, b: SqliteRow) => number,
    stored: ReadonlyArray<SqliteRow>,
    rows: ReadonlyArray<unknown>,
  ) {
    this.#order = order
    this.#length = rows.length
    this.#chunks = []
    for (let at = 0; at < rows.length; at += chunkLength)
      this.#chunks.push({
        stored: stored.slice(at, at + chunkLength),
        rows: rows.slice(at, at + chunkLength),
        edition: 0,
      })
  }

  get length(): number {
    return this.#length
  }

  storedAt(index: number): SqliteRow | undefined {
    if (index < 0 || index >= this.#length) return undefined
    const number = this.#chunkAt(index)
    return this.#chunks[number]!.stored[index - this.#startOf(number)]
  }

  /** Place of the row that is equal to `stored` in order, or -1. */
  indexOf(stored: SqliteRow): number {
    const place = this.#place(stored)
    return place.isFound ? this.#startOf(place.chunk) + place.at : -1
  }

  /** What the app sees of the row that is equal to `stored` in order. */
  rowOf(stored: SqliteRow): unknown {
    const { chunk, at, isFound } = this.#place(stored)
    return isFound ? this.#chunks[chunk]!.rows[at] : undefined
  }

  /** Adds a row that is not there. **Fails with** `RangeError` if it is. */
  insert(stored: SqliteRow, row: unknown): void {
    const place = this.#place(stored)
    if (place.isFound) throw new RangeError('a live query was told of the same row twice')
    if (this.#chunks.length === 0) this.#chunks.push({ stored: [], rows: [], edition: this.#edition })
    const chunk = this.#own(place.chunk)
    chunk.stored.splice(place.at, 0, stored)
    chunk.rows.splice(place.at, 0, row)
    this.#changed(1)
    if (chunk.rows.length > chunkLengthMax) this.#split(place.chunk)
  }

  /** **Fails with** `RangeError` if it is not there. */
  remove(stored: SqliteRow): void {
    const place = this.#find(stored)
    const chunk = this.#own(place.chunk)
    chunk.stored.splice(place.at, 1)
    chunk.rows.splice(place.at, 1)
    if (chunk.rows.length === 0) this.#chunks.splice(place.chunk, 1)
    this.#changed(-1)
  }

  /** Puts another row in the place of the one that is equal in order. **Fails with** `RangeError` if it is not there. */
  replace(stored: SqliteRow, row: unknown): void {
    const place = this.#find(stored)
    const chunk = this.#own(place.chunk)
    chunk.stored[place.at] = stored
    chunk.rows[place.at] = row
  }

  /** What the app sees at `index`, which must be within. */
  setRowAt(index: number, row: unknown): void {
    const number = this.#chunkAt(index)
    this.#own(number).rows[index - this.#startOf(number)] = row
  }

  /** Drops every row from `length` on. */
  truncate(length: number): void {
    if (length >= this.#length) return
    const number = this.#chunkAt(length)
    const keep = length - this.#startOf(number)
    const last = this.#own(number)
    last.stored.length = keep
    last.rows.length = keep
    this.#chunks.length = keep === 0 ? number : number + 1
    this.#changed(length - this.#length)
  }

  /** The rows from `start` to before `end` as they are now, whatever becomes of them here. */
  list(start = 0, end: number = this.#length): RowList<unknown> {
    this.#edition++
    const [from, to] = [Math.max(start, 0), Math.min(end, this.#length)]
    if (from === 0 && to === this.#length) return new RowList(this.#chunks.map(({ rows }) => rows))
    const parts: Array<ReadonlyArray<unknown>> = []
    if (from >= to) return new RowList(parts)
    const last = this.#chunkAt(to - 1)
    for (let number = this.#chunkAt(from); number <= last; number++) {
      const { rows } = this.#chunks[number]!
      const at = this.#startOf(number)
      parts.push(at >= from && at + rows.length <= to ? rows : rows.slice(Math.max(from - at, 0), to - at))
    }
    return new RowList(parts)
  }

  /** Every row with what it is stored as, in order. */
  *entries(): IterableIterator<readonly [SqliteRow, unknown]> {
    for (const { stored, rows } of this.#chunks)
      for (let at = 0; at < rows.length; at++) yield [stored[at]!, rows[at]] as const
  }

  #find(stored: SqliteRow): Place {
    const place = this.#place(stored)
    if (!place.isFound) throw new RangeError('a live query was told of a row that it does not know')
    return place
  }

  /** Where a row is, or would be. */
  #place(stored: SqliteRow): Place {
    const order = this.#order
    const chunks = this.#chunks
    let [low, high] = [0, Math.max(chunks.length - 1, 0)]
    while (low < high) {
      const middle = (low + high) >> 1
      if (order(chunks[middle]!.stored.at(-1)!, stored) < 0) low = middle + 1
      else high = middle
    }
    const inChunk = chunks[low]?.stored ?? []
    let [first, last] = [0, inChunk.length]
    while (first < last) {
      const middle = (first + last) >> 1
      if (order(inChunk[middle]!, stored) < 0) first = middle + 1
      else last = middle
    }
    const isFound = first < inChunk.length && order(inChunk[first]!, stored) === 0
    return { chunk: low, at: first, isFound }
  }

  #own(number: number): Chunk {
    const chunk = this.#chunks[number]!
    if (chunk.edition === this.#edition) return chunk
    const own: Chunk = { stored: chunk.stored.slice(), rows: chunk.rows.slice(), edition: this.#edition }
    this.#chunks[number] = own
    return own
  }

  #split(number: number): void {
    const { stored, rows, edition } = this.#chunks[number]!
    const half = rows.length >> 1
    this.#chunks.splice(
      number,
      1,
      { stored: stored.slice(0, half), rows: rows.slice(0, half), edition },
      { stored: stored.slice(half), rows: rows.slice(half), edition },
    )
  }

  #changed(difference: number): void {
    this.#length += difference
    this.#starts = undefined
  }

  #startOf(number: number): number {
    return this.#allStarts()[number]!
  }

  #chunkAt(index: number): number {
    const starts = this.#allStarts()
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  #allStarts(): ReadonlyArray<number> {
    if (this.#starts !== undefined) return this.#starts
    const starts: Array<number> = []
    let start = 0
    for (const { rows } of this.#chunks) {
      starts.push(start)
      start += rows.length
    }
    this.#starts = starts
    return starts
  }
}

interface Chunk {
  readonly stored: Array<SqliteRow>
  readonly rows: Array<unknown>
  readonly edition: number
}

interface Place {
  readonly chunk: number
  readonly at: number
  readonly isFound: boolean
}

/** About the root of 100,000, where copying a chunk costs what copying the list of chunks does. */
const chunkLength = 256
const chunkLengthMax = 2 * chunkLength
