/**
 * The laws of merging, as predicates with the names of the spec.
 *
 * | Law | Says | Predicate |
 * |---|---|---|
 * | L1 | pending is contiguous and ascending | {@link pendingIsContiguous} |
 * | L2 | `settledHead <= upstreamHead <= localHead` | {@link headsAreOrdered} |
 * | L3 | `settledHead` never moves back within one backend; other heads only with a new epoch | {@link headsDoNotMoveBack} |
 * | L4 | an event id occurs at most once in the log, pending included | {@link idsAreUnique} |
 * | L5 | an event at or before `settledHead` is never rolled back | {@link rollbackIsUnsettled}, {@link settledIsKept} |
 * | L6 | a rebase keeps order, scope and args of local events | {@link localEventsAreKept} |
 * | L7 | re-delivery changes nothing | {@link isRedelivery} |
 * | L8 | the result is the same, up to the generation, for any split into pages | {@link isSameLog} |
 * | L9 | no gap in the log, ever | {@link logHasNoGap} |
 *
 * The merge checks itself with {@link checkResult}, which looks only at what the merge touched: O(rolled back + new).
 * {@link checkLog} looks at everything and is for tests and the simulator.
 *
 * **Source**  spec section 4, laws L1 to L9.
 */
import { type NumberedEvent, isSameEvent } from '../event/EventEnvelope.ts'
import { type Position, compare, equals, format, isNext, root } from '../event/EventSequenceNumber.ts'
import type { Advance, MergeResult, Rebase } from './MergeResult.ts'
import type { SyncState } from './SyncState.ts'

export type LawId = 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'L6' | 'L7' | 'L8' | 'L9'

/** A law does not hold: a defect of this code or of its caller, never something an app can handle. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
  readonly _tag = 'InvariantViolation'
  readonly law: LawId
  readonly detail: string

  constructor(law: LawId, detail: string) {
    super(`${law}: ${detail}`)
    this.law = law
    this.detail = detail
  }
}

/** **Fails with**  {@link InvariantViolation} unless `holds`. `detail` is only computed then. */
export const must = (law: LawId, holds: boolean, detail: () => string): void => {
  if (!holds) throw new InvariantViolation(law, detail())
}

/** For people: `e42 todoCreated 0199…`, at most five of a long list. */
const show = (events: Iterable<NumberedEvent>): string => {
  const shown = [...events].map(({ seq, event }) => `${format(seq)} ${event.name} ${event.id}`)
  return `[${shown.slice(0, 5).join(', ')}${shown.length > 5 ? `, … ${shown.length} in all` : ''}]`
}

/** Whether each event stands at the position that follows the one before it, the first directly behind `head`. */
export const isContiguousBehind = (head: Position, events: Iterable<NumberedEvent>): boolean => {
  let last = head
  for (const { seq, event } of events) {
    if (!isNext(last, event.isClientOnly, seq)) return false
    last = seq
  }
  return true
}

/** L1: pending is contiguous and ascending, directly behind `upstreamHead`. */
export const pendingIsContiguous = (state: SyncState): boolean => isContiguousBehind(state.upstreamHead, state.pending)

/** L2: `settledHead <= upstreamHead <= localHead`, and `localHead` is where the log really ends. */
export const headsAreOrdered = (state: SyncState, settledHead: Position = root): boolean =>
  compare(settledHead, state.upstreamHead) <= 0 &&
  compare(state.upstreamHead, state.localHead) <= 0 &&
  equals(state.pending.last?.seq ?? state.upstreamHead, state.localHead)

/** Where a node stands, for {@link headsDoNotMoveBack}. */
export interface Heads {
  /** Settled positions are relative to it; `null` without a backend. */
  readonly backendId: string | null
  /** Raised whenever rows of the log are deleted or renumbered. */
  readonly epoch: number
  readonly settledHead: Position
  readonly upstreamHead: Position
}

/** L3: `settledHead` never moves back within one backend, and (epoch, `upstreamHead`) never moves back. */
export const headsDoNotMoveBack = (before: Heads, after: Heads): boolean =>
  before.backendId !== after.backendId ||
  (compare(after.settledHead, before.settledHead) >= 0 &&
    (after.epoch > before.epoch ||
      (after.epoch === before.epoch && compare(after.upstreamHead, before.upstreamHead) >= 0)))

/** L4: an event id occurs at most once. `rows` is a whole log, pending included, or any part of one. */
export const idsAreUnique = (rows: ReadonlyArray<NumberedEvent>): boolean =>
  rows.length < 2 || new Set(rows.map(({ event }) => event.id)).size === rows.length

/** L5: nothing at or before `settledHead` is rolled back. */
export const rollbackIsUnsettled = (settledHead: Position, rollbackEvents: Iterable<NumberedEvent>): boolean => {
  for (const { seq } of rollbackEvents) if (compare(seq, settledHead) <= 0) return false
  return true
}

/** L5, by the logs: what stood at or before `settledHead` still stands there. */
export const settledIsKept = (
  settledHead: Position,
  before: ReadonlyArray<NumberedEvent>,
  after: ReadonlyArray<NumberedEvent>,
): boolean =>
  before.every((row, index) => {
    const now = after[index]
    return compare(row.seq, settledHead) > 0 || (now !== undefined && isSameRow(row, now))
  })

/**
 * L6: what is in both lists stands in the same order, in the same scope and with the same content.
 *
 * **Shape**  `before`: local events as they were; `after`: what is pending after the rebase. Those that left (confirmed
 * or dropped) say nothing here: for a confirmed event upstream decides the order.
 */
export const localEventsAreKept = (before: Iterable<NumberedEvent>, after: Iterable<NumberedEvent>): boolean => {
  const places = new Map<string, { readonly place: number; readonly row: NumberedEvent }>()
  for (const row of before) places.set(row.event.id, { place: places.size, row })
  let last = -1
  for (const { event } of after) {
    const known = places.get(event.id)
    if (known === undefined) continue
    const isKept = isSameEvent(known.row.event, event) && known.row.event.isClientOnly === event.isClientOnly
    if (!isKept || known.place <= last) return false
    last = known.place
  }
  return true
}

/**
 * L7: every one of `events` already stands in the log, at its position: delivering them again changes nothing. If this
 * is false for events at or before the settled head, history changed.
 */
export const isRedelivery = (rows: ReadonlyArray<NumberedEvent>, events: Iterable<NumberedEvent>): boolean => {
  const rowByPosition = new Map(rows.map((row) => [keyOf(row.seq), row]))
  for (const delivered of events) {
    const row = rowByPosition.get(keyOf(delivered.seq))
    if (row === undefined || !isSameEvent(row.event, delivered.event)) return false
  }
  return true
}

/** L8: two logs (or two lists of pending events) are the same up to the generation. */
export const isSameLog = (a: ReadonlyArray<NumberedEvent>, b: ReadonlyArray<NumberedEvent>): boolean =>
  a.length === b.length &&
  a.every((row, index) => {
    const other = b[index]
    return other !== undefined && isSameRow(row, other)
  })

/** L9: no gap. `rows` is a log from `base` on. */
export const logHasNoGap = (rows: Iterable<NumberedEvent>, base: Position = root): boolean =>
  isContiguousBehind(base, rows)

const keyOf = ({ global, client }: Position): string => `${global}.${client}`

const isSameRow = (a: NumberedEvent, b: NumberedEvent): boolean =>
  equals(a.seq, b.seq) && isSameEvent(a.event, b.event) && a.event.isClientOnly === b.event.isClientOnly

/**
 * Checks a whole node: L1, L2, L4 and L9, and that pending is the end of the log.
 *
 * **Shape**  `log`: every row from `base` on, pending included. O(log).
 *
 * **Fails with**  {@link InvariantViolation}.
 */
export const checkLog = ({
  state,
  log,
  base = root,
  settledHead = root,
}: {
  readonly state: SyncState
  readonly log: ReadonlyArray<NumberedEvent>
  readonly base?: Position
  readonly settledHead?: Position
}): void => {
  must('L1', pendingIsContiguous(state), () => `${show(state.pending)} behind ${format(state.upstreamHead)}`)
  must('L2', headsAreOrdered(state, settledHead), () => showHeads(state, settledHead))
  must('L4', idsAreUnique(log), () => `an id occurs twice in ${show(log)}`)
  must('L9', logHasNoGap(log, base), () => `gap in ${show(log)} behind ${format(base)}`)
  const end = log.slice(log.length - state.pending.length)
  must(
    'L1',
    isSameLog(end, state.pending.toArray()),
    () => `the log ends with ${show(end)}, ${show(state.pending)} is pending`,
  )
  must(
    'L2',
    equals(log.at(-1)?.seq ?? base, state.localHead),
    () => `the log does not end at ${format(state.localHead)}`,
  )
}

/**
 * Checks what a merge decided against the state it started from, and returns it.
 *
 * `floor` is the position that this input may roll back to: `upstreamHead`, or the base that upstream named. Looks only
 * at what was rolled back, confirmed or is new: O(rolled back + confirmed + new).
 *
 * **Fails with**  {@link InvariantViolation}.
 */
export const checkResult = <R extends MergeResult>(
  before: SyncState,
  result: R,
  floor: Position = before.upstreamHead,
): R => {
  if (result._tag === 'reject') return result
  const { state } = result
  must('L2', headsAreOrdered(state, floor), () => showHeads(state, floor))
  const first = state.pending.first
  must('L1', first === undefined || isContiguousBehind(state.upstreamHead, [first]), () => showHeads(state, floor))
  if (result._tag === 'advance') checkAdvance(before, result)
  else checkRebase(before, result, floor)
  return result
}

const checkAdvance = (before: SyncState, { newEvents, confirmedEvents }: Advance): void => {
  must('L9', logHasNoGap(newEvents, before.localHead), () => `${show(newEvents)} behind ${format(before.localHead)}`)
  must('L1', logHasNoGap(confirmedEvents, before.upstreamHead), () => `confirms ${show(confirmedEvents)}`)
  // The one that an ordinary commit has, and every commit pays for this.
  if (confirmedEvents.length + newEvents.length < 2) return
  // A client-only event can be new and confirmed by the same push: compare the events, not the lists.
  const touched = [...new Set([...confirmedEvents, ...newEvents])]
  must('L4', idsAreUnique(touched), () => `an id occurs twice in ${show(touched)}`)
}

const checkRebase = (before: SyncState, result: Rebase, floor: Position): void => {
  const { state, base, rollbackEvents, newEvents, droppedEvents } = result
  must('L5', compare(base, floor) >= 0, () => `rolls back to ${format(base)}, before ${format(floor)}`)
  must('L9', logHasNoGap(rollbackEvents, base), () => `rolls back ${show(rollbackEvents)} behind ${format(base)}`)
  must(
    'L2',
    equals(rollbackEvents.at(-1)?.seq ?? base, before.localHead),
    () => `rollback misses ${format(before.localHead)}`,
  )
  must('L9', logHasNoGap(newEvents, base), () => `${show(newEvents)} behind ${format(base)}`)
  must('L2', equals(newEvents.at(-1)?.seq ?? base, state.localHead), () => `ends before ${format(state.localHead)}`)
  // What was confirmed on the way to the divergence is no longer pending; an id of it may not come again.
  const touched = [...before.pending.toArray(0, before.pending.length - rollbackEvents.length), ...newEvents]
  must('L4', idsAreUnique(touched), () => `an id occurs twice in ${show(touched)}`)
  must('L1', pendingIsContiguous(state), () => `${show(state.pending)} behind ${format(state.upstreamHead)}`)
  must(
    'L6',
    localEventsAreKept(rollbackEvents, state.pending),
    () => `${show(rollbackEvents)} became ${show(state.pending)}`,
  )
  const kept = new Set([...newEvents, ...droppedEvents].map(({ event }) => event.id))
  const undone = before.pending.toArray(Math.max(0, before.pending.length - rollbackEvents.length))
  const lost = undone.filter(({ event }) => !kept.has(event.id))
  must('L6', lost.length === 0, () => `${show(lost)} got lost`)
}

const showHeads = (state: SyncState, settledHead: Position): string =>
  `settled ${format(settledHead)}, upstream ${format(state.upstreamHead)}, local ${format(state.localHead)}, pending ${show(state.pending)}`
