/**
 * Upstream's log grew: a page of the backend at the leader, an advance of the leader in a session.
 *
 * The part of pending that upstream repeats is confirmed. Where upstream has something else, what is behind that point
 * is rolled back, upstream's events are applied, and local ones are replayed around them.
 *
 * **Source**  spec section 4, `upstream-advance`.
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { format } from '../event/EventSequenceNumber.ts'
import { beforeCollision, findDivergence } from './Divergence.ts'
import type { Advance, Rebase } from './MergeResult.ts'
import { nextGeneration, replay } from './Rebase.ts'
import { checkResult, isContiguousBehind, must } from './SyncLaws.ts'
import { type SyncState, type UpstreamScope, make } from './SyncState.ts'

/**
 * Merges `events` that upstream has behind `upstreamHead`. O(incoming + confirmed) without a divergence,
 * O(incoming + confirmed + rolled back) with one.
 *
 * **Shape**  `events`: oldest first, contiguous, the first directly behind `upstreamHead` (what was delivered before is
 * dropped by the driver, which compares it with its log). With `'synced'` none of them is client-only.
 *
 * **Fails with**  InvariantViolation if they are not contiguous (L9) or an id occurs twice (L4).
 *
 * **Example** (leader: A, a client-only c and B are pending; the backend has A and someone else's X)
 * ```ts
 * upstreamAdvance(state, [A, X], 'synced')
 * // => rebase: rollback [B], confirmed [A, c], new [X, B at e4r1]
 * ```
 */
export const upstreamAdvance = (
  state: SyncState,
  events: ReadonlyArray<NumberedEvent>,
  scope: UpstreamScope,
): Advance | Rebase => {
  mustFollow(state, events, scope)
  const found = findDivergence(state.pending, events, scope)
  const { pendingCount, incomingCount } = scope === 'synced' ? beforeCollision(found, state.pending, events) : found
  const confirmedEvents = state.pending.toArray(0, pendingCount)
  const base = confirmedEvents.at(-1)?.seq ?? state.upstreamHead
  const incoming = events.slice(incomingCount)

  if (incoming.length === 0 || pendingCount === state.pending.length) {
    const upstreamHead = incoming.at(-1)?.seq ?? base
    const advanced = make({ upstreamHead, pending: state.pending.dropFirst(pendingCount) })
    return checkResult(state, { _tag: 'advance', state: advanced, newEvents: incoming, confirmedEvents })
  }

  const rollbackEvents = state.pending.toArray(pendingCount)
  const generation = nextGeneration(rollbackEvents, incoming)
  const replayed = replay({ base, local: rollbackEvents, incoming, scope, generation })
  return checkResult<Rebase>(state, {
    _tag: 'rebase',
    state: make(replayed),
    base,
    rollbackEvents,
    newEvents: replayed.newEvents,
    confirmedEvents: [...confirmedEvents, ...replayed.confirmedEvents],
    droppedEvents: replayed.droppedEvents,
  })
}

const mustFollow = (state: SyncState, events: ReadonlyArray<NumberedEvent>, scope: UpstreamScope): void => {
  must(
    'L9',
    isContiguousBehind(state.upstreamHead, events),
    () =>
      `incoming events do not follow ${format(state.upstreamHead)}: [${events.map(({ seq }) => format(seq)).join(', ')}]`,
  )
  const isInScope = scope !== 'synced' || events.every(({ event }) => !event.isClientOnly)
  must('L6', isInScope, () => 'a backend sent a client-only event')
}
