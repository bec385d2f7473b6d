/** What a push is answered, in the order of the port's checks. Pure: nothing is stored here. */
import {
  type BackendEvent,
  type BackendPosition,
  BatchTooLarge,
  ProtocolError,
  type PulledEvent,
  type PushAnswer,
  type PushBatch,
  type Rejection,
  batchExcess,
  eventSizeBytes,
  isSameEvent,
} from '@headwater/core/backend'

/** What a judgement reads of a log. Event `global` stands at `events[global - 1]`. */
export interface LogView {
  readonly events: ReadonlyArray<PulledEvent>
  /** Place in `events` of each id. */
  readonly places: ReadonlyMap<string, number>
}

/** Why an event is refused, `undefined` if it is not. */
export type Validate = (event: BackendEvent) => string | undefined

export const headOf = ({ events }: LogView): BackendPosition => {
  const last = events.at(-1)
  return last === undefined ? { global: 0, eventId: null } : { global: last.global, eventId: last.id }
}

/** Whether that id stands at that number: not beyond the head, and the root is a place too. */
export const holds = ({ events }: LogView, { global, eventId }: BackendPosition): boolean =>
  global === 0 ? eventId === null : eventId !== null && events[global - 1]?.id === eventId

/** The answer, or the events to append, which is then the answer's business. **Fails with** what no client may send. */
export const judgePush = (
  log: LogView,
  batch: PushBatch,
  validate: Validate,
): PushAnswer | { readonly _tag: 'Append'; readonly events: ReadonlyArray<BackendEvent> } => {
  mustBeBatch(batch)
  const head = headOf(log)
  // 1. Known ids. A client that lost an answer pushes again; it must neither be refused nor stored twice.
  const places = batch.events.map(({ id }) => log.places.get(id))
  const collisions = batch.events.filter((event, index) => {
    const place = places[index]
    return place !== undefined && !isSameEvent(log.events[place]!, event)
  })
  if (collisions.length > 0) return { _tag: 'Rejected', rejections: rejectionsOf(collisions, () => 'DuplicateId') }
  const known = places.filter((place) => place !== undefined)
  const isAscending = known.every((place, index) => index === 0 || place > known[index - 1]!)
  if (known.length === places.length && isAscending) return { _tag: 'Accepted', head }
  const tail = log.events.length - known.length
  if (known.some((_, index) => places[index] !== tail + index)) return { _tag: 'BackendAhead', head }
  // 2. Validation, of new events only.
  const fresh = batch.events.slice(known.length)
  const rejections = rejectionsOf(fresh, validate)
  if (rejections.length > 0) return { _tag: 'Rejected', rejections }
  // 3. The parent. Behind a known prefix it is the tail of the log, though the client may know it by another number.
  const parent = known.length === 0 ? batch.parent : { global: fresh[0]!.parentGlobal, eventId: fresh[0]!.parentId }
  if (known.length > 0 && parent.global !== head.global) return { _tag: 'BackendAhead', head }
  if (!holds(log, parent)) return { _tag: 'HistoryChanged', head }
  if (parent.global < head.global) return { _tag: 'BackendAhead', head, missing: log.events.slice(parent.global) }
  return { _tag: 'Append', events: fresh }
}

const rejectionsOf = (events: ReadonlyArray<BackendEvent>, reasonOf: Validate): Array<Rejection> =>
  events.flatMap((event) => {
    const reason = reasonOf(event)
    return reason === undefined ? [] : [{ eventId: event.id, reason }]
  })

/** At least one event, each behind the one before it, no id twice, within the protocol's limits. */
const mustBeBatch = ({ parent, events }: PushBatch): void => {
  let before = parent
  for (const event of events) {
    const isNext = event.parentGlobal === before.global && event.parentId === before.eventId
    if (!isNext || event.global !== before.global + 1) throw breach(`event ${event.id} does not follow the one before`)
    before = { global: event.global, eventId: event.id }
  }
  if (events.length === 0) throw breach('a batch holds at least one event')
  if (new Set(events.map(({ id }) => id)).size < events.length) throw breach('an id occurs twice in the batch')
  const excess = batchExcess(events.map(eventSizeBytes))
  if (excess !== undefined) throw new BatchTooLarge({ detail: excess })
}

const breach = (detail: string): ProtocolError => new ProtocolError({ detail })
