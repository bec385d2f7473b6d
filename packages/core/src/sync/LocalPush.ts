/**
 * New events of this node, or of a node below it: a commit in the session, an admitted push in the leader.
 *
 * **Source**  spec section 4, `local-push`.
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { type EventSequenceNumber, isNext, next } from '../event/EventSequenceNumber.ts'
import type { Advance, Reject } from './MergeResult.ts'
import { PendingEvents } from './PendingEvents.ts'
import { checkResult } from './SyncLaws.ts'
import type { SyncState, UpstreamScope } from './SyncState.ts'

/**
 * Appends `events` to pending.
 *
 * With `'synced'`, client-only events with nothing pending before them are confirmed at once: no synced event has to be
 * settled first. With `'none'` there is nobody to wait for and everything is confirmed. O(new), amortized.
 *
 * **Shape**  `events`: oldest first, contiguous, the first directly behind `localHead`; else a `reject`.
 *
 * **Fails with**  InvariantViolation if an id occurs twice among `events` (L4). Ids of older events are the driver's to
 * look up: its log has them all, pending does not.
 *
 * **Example**
 * ```ts
 * localPush(initial, [at('e1'), at('e1.1')], 'all').state.localHead // => e1.1
 * localPush(initial, [at('e2')], 'all') // => { _tag: 'reject', expectedMinimum: e1 }
 * ```
 */
export const localPush = (
  state: SyncState,
  events: ReadonlyArray<NumberedEvent>,
  scope: UpstreamScope,
): Advance | Reject => {
  let localHead = state.localHead
  for (const { seq, event } of events) {
    if (!isNext(localHead, event.isClientOnly, seq)) return rejected(state, events)
    localHead = seq
  }
  const { pending, confirmedEvents } = settle(state, events, scope)
  const upstreamHead = confirmedEvents.at(-1)?.seq ?? state.upstreamHead
  const advanced: Advance = {
    _tag: 'advance',
    state: { pending, upstreamHead, localHead },
    newEvents: events,
    confirmedEvents,
  }
  return checkResult(state, advanced)
}

/** What of the pushed events waits for upstream, and what needs nobody. */
const settle = (
  state: SyncState,
  events: ReadonlyArray<NumberedEvent>,
  scope: UpstreamScope,
): { readonly pending: PendingEvents; readonly confirmedEvents: ReadonlyArray<NumberedEvent> } => {
  if (scope === 'none') return { pending: PendingEvents.empty, confirmedEvents: [...state.pending, ...events] }
  if (scope === 'all' || state.pending.length > 0) return { pending: state.pending.append(events), confirmedEvents: [] }
  const firstSynced = events.findIndex(({ event }) => !event.isClientOnly)
  const confirmedCount = firstSynced === -1 ? events.length : firstSynced
  return {
    pending: state.pending.append(events.slice(confirmedCount)),
    confirmedEvents: events.slice(0, confirmedCount),
  }
}

const rejected = (state: SyncState, events: ReadonlyArray<NumberedEvent>): Reject => ({
  _tag: 'reject',
  expectedMinimum: expectedMinimum(state, events),
})

const expectedMinimum = (state: SyncState, events: ReadonlyArray<NumberedEvent>): EventSequenceNumber =>
  next(state.localHead, events[0]?.event.isClientOnly === true)
