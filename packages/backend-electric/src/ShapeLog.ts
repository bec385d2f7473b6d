/**
 * The log of one store, as it comes out of its shape: rows in any order become events in theirs. Pure bookkeeping, no I/O.
 *
 * Invariants, whatever a shape brings:
 *
 *  1. What is handed on follows what was handed on before, by number and by the id of its parent. Nothing twice.
 *  2. A cursor's place stands before every row that is not handed on yet: who reads on from there misses nothing.
 *  3. `isCaughtUp` only at the shape's own `up-to-date`, and only at or behind the head that the database gave when the
 *     pull began. Behind that head nothing is handed on before an `up-to-date`: the rows of one append go together.
 *  4. Nothing is handed on that the log does not hold: a shape replays what was, deletions last, so before its `up-to-date`
 *     the database is asked for the last append ({@link ShapeLog.claim}), which vouches for everything in front of it.
 *  5. Rows that wait for others take at most {@link waitingMax}.
 *  6. What does not fit is never interpreted: it is a {@link ShapeDoubt}, and the database is asked.
 *
 * | From the shape                          | Not handed on yet     | Handed on, or before where the client stands         |
 * | --------------------------------------- | --------------------- | ---------------------------------------------------- |
 * | insert                                  | waits                 | dropped; another id where the client stands: a doubt |
 * | update                                  | changes what waits    | a doubt                                              |
 * | delete                                  | waits no longer       | a doubt                                              |
 * | must-refetch, another handle            | a doubt               | a doubt                                              |
 * | up-to-date with a number missing        | a doubt               |                                                      |
 * | another id at the head of the database  | a doubt               |                                                      |
 */
import { type BackendPosition, eventSizeBytes, pageBytesMax, pageEventsMax } from '@headwater/core/backend'
import { type ShapePlace, cursorText } from './ElectricCursor.ts'
import type { ShapeBatch, ShapeChange, ShapeDoubt, ShapeMalformed, ShapePage } from './ShapeBatch.ts'
import { type ShapeRow, type ShapeValues, globalOf, readRow, sizeOf } from './ShapeRow.ts'

/** 16 million characters, 32 MB at most: a few of Electric's chunks. Beyond that the server's pages are cheaper. */
export const waitingMax = 16 * 1024 * 1024

export interface ShapeLogStart {
  readonly storeId: string
  /** Where the client stands, and the append that it knows to be there. */
  readonly after: BackendPosition
  readonly append: string | null
  /** Where the log ends, as the database says. */
  readonly head: BackendPosition
  readonly place: ShapePlace | null
  readonly waitingMax?: number
}

export class ShapeLog {
  readonly #storeId: string
  readonly #waitingMax: number
  readonly #waiting = new Map<number, ShapeValues>()
  #waitingSize = 0
  /** Of those that wait: the ones that can go. */
  #ready: ReadonlyArray<ShapeRow> = []
  #delivered: BackendPosition
  #append: string | null
  #head: BackendPosition
  #place: ShapePlace | null
  /** Of the shape that is read. */
  #handle: string | undefined
  #isToldCaughtUp = false

  constructor(start: ShapeLogStart) {
    this.#storeId = start.storeId
    this.#waitingMax = start.waitingMax ?? waitingMax
    this.#delivered = start.after
    this.#append = start.append
    this.#head = start.head
    this.#place = start.place
    this.#handle = start.place?.handle
  }

  /** Where what was handed on ends, and what names the append there. */
  get end(): { readonly after: BackendPosition; readonly cursor: string | null } {
    return { after: this.#delivered, cursor: this.#append }
  }

  /** Nothing that waits counts any more: it comes again, from wherever the log is read on. */
  restart(head: BackendPosition): void {
    this.#waiting.clear()
    this.#waitingSize = 0
    this.#ready = []
    this.#head = head
    this.#place = null
    this.#handle = undefined
    this.#isToldCaughtUp = false
  }

  /** The shape will be read from there, which nothing of what is missing here stands before. */
  standAt(place: ShapePlace | undefined): void {
    this.#place = place ?? null
    this.#handle = place?.handle
  }

  /** A page that the server gave. */
  takePage(page: ShapePage): ShapePage {
    const last = page.events.at(-1)
    if (last !== undefined) this.#delivered = { global: last.global, eventId: last.id }
    this.#append = page.cursor ?? this.#append
    this.#head = page.head
    this.#isToldCaughtUp = page.isCaughtUp
    // Before the last page the shape's place is behind what is yet to come.
    return page.isCaughtUp ? { ...page, cursor: this.#cursor() } : page
  }

  /** Takes what a batch says; then {@link release} hands on what it completes. */
  take(batch: ShapeBatch): ShapeDoubt | ShapeMalformed | undefined {
    if (batch.trouble !== undefined) return doubt(batch.trouble)
    const handle = batch.place?.handle ?? this.#handle
    if (handle !== (this.#handle ?? handle)) return doubt('the shape has another handle')
    this.#handle = handle
    for (const change of batch.changes) {
      const trouble = this.#takeChange(change)
      if (trouble !== undefined) return trouble
    }
    return this.#follow(batch.isUpToDate)
  }

  /**
   * The append that {@link release} would end with, if that is to be asked of the database first; the client's own place if
   * there is nothing to hand on.
   */
  get claim(): { readonly after: BackendPosition; readonly cursor: string | null } {
    const last = this.#ready.at(-1)
    if (last === undefined) return this.end
    return { after: { global: last.event.global, eventId: last.event.id }, cursor: last.append }
  }

  #takeChange({ operation, values }: ShapeChange): ShapeDoubt | ShapeMalformed | undefined {
    const global = globalOf(values)
    if (global === undefined || values['store_id'] !== this.#storeId) {
      return malformed(`a row of ${describe(values)} in the shape of store ${this.#storeId}`)
    }
    const waits = this.#waiting.get(global)
    if (global <= this.#delivered.global) {
      if (operation !== 'insert') return doubt(`${operation} of e${global}, which was there already`)
      const isOther = global === this.#delivered.global && values['event_id'] !== this.#delivered.eventId
      return isOther ? doubt(`another event at e${global}`) : undefined
    }
    if (waits !== undefined) this.#drop(global, waits)
    if (operation === 'insert') this.#keep(global, values)
    if (operation === 'update' && waits !== undefined) this.#keep(global, { ...waits, ...values })
    return undefined
  }

  #keep(global: number, values: ShapeValues): void {
    this.#waiting.set(global, values)
    this.#waitingSize += sizeOf(values)
  }

  #drop(global: number, values: ShapeValues): void {
    this.#waiting.delete(global)
    this.#waitingSize -= sizeOf(values)
  }

  /** Finds the rows that follow what was handed on. */
  #follow(isUpToDate: boolean): ShapeDoubt | ShapeMalformed | undefined {
    // One event of what is known to be there is kept back, so that the page that is caught up is not empty.
    const until = isUpToDate ? Infinity : this.#head.global - 1
    const rows: Array<ShapeRow> = []
    let [{ global, eventId }, waitingSize] = [this.#delivered, this.#waitingSize]
    for (;;) {
      const values = global < until ? this.#waiting.get(global + 1) : undefined
      if (values === undefined) break
      const row = readRow(values)
      if (row === undefined) return malformed(`a row without the columns of an event, e${global + 1}`)
      if (row.event.parentId !== eventId) return doubt(`e${global + 1} does not follow the event before it`)
      ;({ global, id: eventId } = row.event)
      if (global === this.#head.global && eventId !== this.#head.eventId) return doubt(`another event at e${global}`)
      rows.push(row)
      waitingSize -= sizeOf(values)
    }
    this.#ready = rows
    if (waitingSize > this.#waitingMax) return doubt('too many rows wait for earlier ones')
    const isGap = isUpToDate && this.#waiting.size > rows.length
    return isGap ? doubt(`e${global + 1} is missing in the shape`) : undefined
  }

  /** The pages that the last batch has completed. */
  release({ isUpToDate, place }: ShapeBatch): ReadonlyArray<ShapePage> {
    const rows = this.#ready
    this.#ready = []
    for (const { event } of rows) this.#drop(event.global, this.#waiting.get(event.global) ?? {})
    const end = rows.at(-1)
    const reached = end === undefined ? this.#delivered : { global: end.event.global, eventId: end.event.id }
    const isCaughtUp = isUpToDate && reached.global >= this.#head.global
    if (isCaughtUp) this.#head = reached
    const pieces = piecesOf(rows)
    const pages = pieces.map((piece, index): ShapePage => {
      const last = piece.at(-1)!
      this.#delivered = { global: last.event.global, eventId: last.event.id }
      this.#append = last.append
      const isLast = index === pieces.length - 1
      if (isLast) this.#moveTo(place)
      const events = piece.map(({ event }) => event)
      return { events, cursor: this.#cursor(), head: this.#head, isCaughtUp: isLast && isCaughtUp }
    })
    if (pages.length === 0) this.#moveTo(place)
    const isNews = isCaughtUp && !this.#isToldCaughtUp
    if (pages.length > 0 || isNews) this.#isToldCaughtUp = isCaughtUp
    if (pages.length > 0 || !isNews) return pages
    return [{ events: [], cursor: this.#cursor(), head: this.#head, isCaughtUp }]
  }

  #moveTo(place: ShapePlace | undefined): void {
    if (place !== undefined && this.#waiting.size === 0) this.#place = place
  }

  #cursor(): string | null {
    return cursorText({ append: this.#append, place: this.#place })
  }
}

/** Within the limits of a page; a larger event alone. */
const piecesOf = (rows: ReadonlyArray<ShapeRow>): Array<Array<ShapeRow>> => {
  const pieces: Array<Array<ShapeRow>> = []
  let bytes = Infinity
  for (const row of rows) {
    const size = eventSizeBytes(row.event)
    if (bytes + size > pageBytesMax || (pieces.at(-1)?.length ?? 0) >= pageEventsMax) {
      pieces.push([])
      bytes = 0
    }
    bytes += size
    pieces.at(-1)?.push(row)
  }
  return pieces
}

const doubt = (detail: string): ShapeDoubt => ({ _tag: 'ShapeDoubt', detail })
const malformed = (detail: string): ShapeMalformed => ({ _tag: 'ShapeMalformed', detail })

const describe = (values: ShapeValues): string => JSON.stringify([values['store_id'], values['seq']]).slice(0, 100)
