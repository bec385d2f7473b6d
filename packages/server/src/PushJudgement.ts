/**
 * The order of checks of a push, pure, over the little of a log it needs to see. Step 2 (validation) is the server's:
 * it needs {@link judgeKnown} to know what is new, and it comes before {@link judgeParent}.
 *
 * **Source**  spec section 9; the docblock of `SyncBackend` in core.
 */
import {
  type BackendEvent,
  type BackendPosition,
  type PushBatch,
  type Rejection,
  isSameEvent,
} from '@headwater/core/backend'

/** What a judgement reads of one log. */
export interface LogView {
  readonly head: BackendPosition
  /** Where an id stands, `undefined` if it is not in the log. */
  readonly placeOf: (eventId: string) => number | undefined
  /** The event at a place that {@link placeOf} gave. */
  readonly eventAt: (global: number) => BackendEvent
  /** The id at a number at or before the head. */
  readonly idAt: (global: number) => string | null
}

/** An answer, or the index from which on the batch is new; `batch.events.length` never occurs. */
export type KnownJudgement =
  | { readonly _tag: 'Fresh'; readonly from: number }
  | { readonly _tag: 'Accepted'; readonly head: BackendPosition }
  | { readonly _tag: 'BackendAhead'; readonly head: BackendPosition }
  | { readonly _tag: 'Rejected'; readonly rejections: ReadonlyArray<Rejection> }

/** Step 1, *known ids*. */
export const judgeKnown = (log: LogView, batch: PushBatch): KnownJudgement => {
  const places = batch.events.map((event) => log.placeOf(event.id))
  if (places.every((place) => place === undefined)) return { _tag: 'Fresh', from: 0 }
  const rejections: Array<Rejection> = []
  for (const [index, event] of batch.events.entries()) {
    const place = places[index]
    if (place === undefined || isSameEvent(log.eventAt(place), event)) continue
    rejections.push({ eventId: event.id, reason: 'DuplicateId' })
  }
  if (rejections.length > 0) return { _tag: 'Rejected', rejections }
  return judgePlaces(log.head, places)
}

const judgePlaces = (head: BackendPosition, places: ReadonlyArray<number | undefined>): KnownJudgement => {
  const known = places.filter((place) => place !== undefined)
  const isAscending = known.every((place, index) => index === 0 || place > (known[index - 1] ?? 0))
  if (known.length === places.length && isAscending) return { _tag: 'Accepted', head }
  const tailStart = head.global - known.length + 1
  const isTail = places.slice(0, known.length).every((place, index) => place === tailStart + index)
  return isTail ? { _tag: 'Fresh', from: known.length } : { _tag: 'BackendAhead', head }
}

/** Step 3, *parent*, of the events from `from` on: `Append`, or why not. */
export const judgeParent = (
  log: LogView,
  batch: PushBatch,
  from: number,
): 'Append' | 'BackendAhead' | 'HistoryChanged' => {
  const first = batch.events[from]
  // The known prefix *is* the tail of the log; if it stands elsewhere here the client has yet to learn its numbers.
  if (from > 0 && first !== undefined) return first.parentGlobal === log.head.global ? 'Append' : 'BackendAhead'
  const parent = first === undefined ? batch.parent : { global: first.parentGlobal, eventId: first.parentId }
  if (!holds(log, parent)) return 'HistoryChanged'
  return parent.global === log.head.global ? 'Append' : 'BackendAhead'
}

/** Whether the log holds this position: the root, or that id at that number, not beyond the head. */
export const holds = (log: Pick<LogView, 'head' | 'idAt'>, position: BackendPosition): boolean => {
  if (position.global === 0) return position.eventId === null
  return (
    position.global <= log.head.global && position.eventId !== null && log.idAt(position.global) === position.eventId
  )
}

/** Why a batch is none: not contiguous, not behind its parent, or an id twice. */
export const batchFault = (batch: PushBatch): string | undefined => {
  let { global, eventId } = batch.parent
  if ((global === 0) !== (eventId === null)) return 'the parent must be an event, or 0 and null at the root of a log'
  const ids = new Set<string>()
  for (const event of batch.events) {
    if (event.parentGlobal !== global || event.parentId !== eventId || event.global !== global + 1) {
      return `event ${event.id} does not follow the one before it; a batch must be contiguous behind its parent`
    }
    ids.add(event.id)
    global = event.global
    eventId = event.id
  }
  return ids.size === batch.events.length ? undefined : 'an event id occurs twice in the batch'
}
