import { makePredicate, type Predicate } from '../query/Predicate.ts'
import { makeRowDecoder, makeRowEquality, selectSql } from '../query/TableQuery.ts'
import { rowKey } from '../query/ValueKey.ts'
import type { QuerySource } from '../schema/Query.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import { isSameRow } from '../sqlite/RowChange.ts'
import type { LiveAnswer, LiveResult, QueryRunner } from './LiveResult.ts'
import type { NetRow } from './NetChanges.ts'
import { diffRows, type ResultChange, sortChanges } from './ResultChange.ts'
import type { RowList } from './RowList.ts'
import { changeOf, type DecodedEdit, type RowEdit } from './RowEdit.ts'
import { makeRowLayout, type RowLayout } from './RowLayout.ts'
import { SortedRows } from './SortedRows.ts'

/**
 * A builder query for rows of one table (`where`, `orderBy`, `limit`, `offset`, `select`, `first`), patched from the
 * changed rows: the condition is evaluated on the row before and after, and the sorted rows are changed in place.
 *
 * With `limit` or `offset` only the window is kept, with some rows on both sides:
 *
 * ```
 * rows of the query   0 … skipped | held …   offset … offset + limit   … held | beyond …
 * ```
 *
 * Rows before `held` are counted, rows beyond are not known (there are none if `isComplete`). When the window does not
 * lie within `held` any more, it is read again.
 *
 * **Units**  O(log n) for each changed row of the query, plus a list of its chunks for each step.
 */
export class LiveRows implements LiveResult {
  readonly #source: QuerySource
  readonly #layout: RowLayout
  readonly #decode: (stored: SqliteRow) => unknown
  readonly #isOurs: Predicate
  readonly isEqualRow: (a: unknown, b: unknown) => boolean
  readonly #limit: number
  readonly #slack: number
  readonly #readHeld: () => ReadonlyArray<SqliteRow>
  #held: SortedRows
  #skipped = 0
  #isComplete = true
  /** The present answer's rows: the window of `held`. */
  #list: RowList<unknown>

  /** Reads the rows. **Fails with** as `run`; `InvalidColumnValue`. */
  constructor(source: QuerySource, runner: QueryRunner) {
    const { table, where, limit, offset } = source
    this.#source = source
    this.#layout = makeRowLayout(source)
    this.#decode = makeRowDecoder(source)
    this.#isOurs = makePredicate(table, where)
    this.isEqualRow = makeRowEquality(source)
    this.#limit = limit ?? Infinity
    this.#slack = limit === undefined ? slackMax : Math.min(Math.max(limit, slackMin), slackMax)
    const skip = Math.max(offset - this.#slack, 0)
    const wanted = limit === undefined ? undefined : offset - skip + limit + this.#slack
    const params: Array<SqliteValue> = []
    const sql = selectSql({ ...source, limit: wanted, offset: skip }, this.#layout.results, params)
    this.#readHeld = () => {
      const rows = this.#layout.read((integers) => runner.run({ sql, params, integers, source }).rows)
      this.#skipped = skip
      this.#isComplete = wanted === undefined || rows.length < wanted
      return rows
    }
    const rows = this.#readHeld()
    this.#held = new SortedRows(this.#layout.order, rows, rows.map(this.#decode))
    this.#list = this.#window()
  }

  current(): LiveAnswer {
    return this.#answer(undefined)
  }

  patch(rows: ReadonlyArray<NetRow>): LiveAnswer | undefined {
    const edits = this.#editsOf(rows)
    if (edits.length === 0) return undefined
    return this.#limit === Infinity && this.#source.offset === 0 ? this.#patchAll(edits) : this.#patchWindow(edits)
  }

  reload(): LiveAnswer | undefined {
    const replaced = new Map<unknown, unknown>()
    this.#refill(replaced)
    return this.#moveWindow(replaced)
  }

  /** What the changed rows are to this query; none for columns that it does not look at. */
  #editsOf(rows: ReadonlyArray<NetRow>): ReadonlyArray<RowEdit> {
    const edits: Array<RowEdit> = []
    for (const { before, after } of rows) {
      const old = before !== undefined && this.#isOurs(before) ? this.#layout.keep(before) : undefined
      const stored = after !== undefined && this.#isOurs(after) ? this.#layout.keep(after) : undefined
      if (old === undefined ? stored === undefined : stored !== undefined && isSameRow(old, stored)) continue
      edits.push({ old, stored })
    }
    return edits
  }

  /** Decodes, before anything is changed: it may fail. */
  #decoded({ old, stored }: RowEdit): DecodedEdit {
    const before = old === undefined ? undefined : this.#held.rowOf(old)
    if (stored === undefined) return { old, stored, before, row: undefined, staysInPlace: false }
    const looksSame = old !== undefined && this.#layout.looksSame(old, stored)
    return {
      old,
      stored,
      before,
      row: looksSame ? before : this.#decode(stored),
      staysInPlace: old !== undefined && this.#layout.order(old, stored) === 0,
    }
  }

  /** **Fails with** `RangeError` where rows and changes do not fit; `reload` then. */
  #apply(edits: ReadonlyArray<DecodedEdit>): void {
    const held = this.#held
    // Everything that goes goes first: rows that exchange their places must never be in one place.
    for (const { old, staysInPlace } of edits) if (old !== undefined && !staysInPlace) held.remove(old)
    for (const { stored, row, staysInPlace } of edits) {
      if (stored === undefined) continue
      if (staysInPlace) held.replace(stored, row)
      else held.insert(stored, row)
    }
  }

  #patchAll(plain: ReadonlyArray<RowEdit>): LiveAnswer | undefined {
    const held = this.#held
    const edits = plain.map((edit) => this.#decoded(edit))
    const from = edits.map(({ old }) => (old === undefined ? -1 : held.indexOf(old)))
    this.#apply(edits)
    const changes: Array<ResultChange<unknown>> = []
    for (const [index, edit] of edits.entries()) {
      const change = changeOf(edit, from[index]!, edit.stored === undefined ? -1 : held.indexOf(edit.stored))
      if (change !== undefined) changes.push(change)
    }
    return this.#become(held.list(), sortChanges(changes))
  }

  #patchWindow(plain: ReadonlyArray<RowEdit>): LiveAnswer | undefined {
    const replaced = new Map<unknown, unknown>()
    const [first, last] = [this.#held.storedAt(0), this.#held.storedAt(this.#held.length - 1)]
    if (first === undefined && !this.#isWindowHeld()) {
      this.#refill(replaced)
      return this.#moveWindow(replaced)
    }
    const { order } = this.#layout
    const skippedBefore = this.#skipped
    const isSkipped = (row: SqliteRow | undefined): boolean =>
      row !== undefined && skippedBefore > 0 && order(row, first!) < 0
    const isBeyond = (row: SqliteRow | undefined): boolean =>
      row !== undefined && !this.#isComplete && order(row, last!) > 0
    const isOutside = (row: SqliteRow | undefined): boolean => isSkipped(row) || isBeyond(row)
    const edits: Array<DecodedEdit> = []
    let skipped = skippedBefore
    for (const { old, stored } of plain) {
      if (isSkipped(old)) skipped--
      if (isSkipped(stored)) skipped++
      const edit = { old: isOutside(old) ? undefined : old, stored: isOutside(stored) ? undefined : stored }
      if (edit.old !== undefined || edit.stored !== undefined) edits.push(this.#decoded(edit))
    }
    if (edits.length === 0 && skipped === skippedBefore) return undefined
    const left: Array<readonly [SqliteRow, unknown]> = []
    for (const { old, before, row } of edits) {
      if (row !== undefined && before !== undefined) replaced.set(row, before)
      else if (old !== undefined) left.push([old, before])
    }
    this.#apply(edits)
    this.#skipped = skipped
    if (!this.#isWindowHeld()) this.#refill(replaced, left)
    this.#trim()
    return this.#moveWindow(replaced)
  }

  #isWindowHeld(): boolean {
    if (this.#held.length === 0) return this.#skipped === 0 && this.#isComplete
    const start = this.#source.offset - this.#skipped
    return start >= 0 && (this.#isComplete || this.#held.length >= start + this.#limit)
  }

  #trim(): void {
    const end = this.#source.offset - this.#skipped + this.#limit
    if (this.#held.length <= end + 2 * this.#slack) return
    this.#held.truncate(end + this.#slack)
    this.#isComplete = false
  }

  /**
   * Reads anew; rows that look as they did stay the same objects, others are noted in `replaced`. `left`: rows that went
   * beyond what was held, and may be back.
   */
  #refill(replaced: Map<unknown, unknown>, left: ReadonlyArray<readonly [SqliteRow, unknown]> = []): void {
    const { identity, looksSame, order } = this.#layout
    const keyOf = (stored: SqliteRow): string => rowKey(identity.map((index) => stored[index]!))
    const known = new Map<string, readonly [SqliteRow, unknown]>()
    for (const entry of left) known.set(keyOf(entry[0]), entry)
    for (const entry of this.#held.entries()) known.set(keyOf(entry[0]), entry)
    const read = this.#readHeld()
    const rows = read.map((stored) => {
      const entry = known.get(keyOf(stored))
      if (entry !== undefined && looksSame(entry[0], stored)) return entry[1]
      const row = this.#decode(stored)
      if (entry !== undefined) replaced.set(row, entry[1])
      return row
    })
    this.#held = new SortedRows(order, read, rows)
  }

  #window(): RowList<unknown> {
    const start = this.#source.offset - this.#skipped
    return this.#held.list(start, start + this.#limit)
  }

  #moveWindow(replaced: ReadonlyMap<unknown, unknown>): LiveAnswer | undefined {
    const next = this.#window()
    return this.#become(next, diffRows(this.#list, next, replaced))
  }

  #become(next: RowList<unknown>, changes: ReadonlyArray<ResultChange<unknown>>): LiveAnswer | undefined {
    // Rows with new keys that all stand where they stood are no news.
    const isNews = changes.some(
      (change) => change.kind !== 'move' || change.from !== change.to || change.before !== change.row,
    )
    if (!isNews || this.#looksAsBefore(next, changes)) return undefined
    this.#list = next
    return this.#answer(changes)
  }

  /** Rows of which the app does not see the identity may have taken each other's places. Their objects stay in theirs. */
  #looksAsBefore(next: RowList<unknown>, changes: ReadonlyArray<ResultChange<unknown>>): boolean {
    const last = this.#list
    if (this.#layout.showsIdentity || next.length !== last.length) return false
    const places = changes.flatMap((change) => [
      'from' in change ? change.from : change.to,
      'to' in change ? change.to : change.from,
    ])
    // Outside of these nothing has moved.
    const [start, end] = [places.reduce((a, b) => Math.min(a, b)), places.reduce((a, b) => Math.max(a, b))]
    for (let at = start; at <= end; at++)
      if (last.at(at) !== next.at(at) && !this.isEqualRow(last.at(at), next.at(at))) return false
    const shift = this.#source.offset - this.#skipped
    for (let at = start; at <= end; at++) if (last.at(at) !== next.at(at)) this.#held.setRowAt(at + shift, last.at(at))
    return true
  }

  #answer(changes: ReadonlyArray<ResultChange<unknown>> | undefined): LiveAnswer {
    const rows = this.#list
    const isFirst = this.#source.shape === 'first'
    return { result: () => (isFirst ? rows.at(0) : rows.toArray()), update: () => ({ rows, changes }) }
  }
}

/** Rows held beside the window: as many as are in it, so that a short list is not read again for every row that leaves. */
const slackMin = 16
const slackMax = 256
