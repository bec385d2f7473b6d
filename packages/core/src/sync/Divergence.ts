/**
 * Where pending and incoming events part.
 *
 * Both lists start directly behind `upstreamHead`, so they are walked side by side. With scope `'synced'` the backend
 * knows nothing of client-only events: the walk steps over them, and those directly behind a match belong to it. Both
 * counts are of the *unfiltered* lists.
 *
 * **Source**  spec section 4, `upstream-advance`.
 */
import { type EventEnvelope, type NumberedEvent, isSameEvent } from '../event/EventEnvelope.ts'
import type { PendingEvents } from './PendingEvents.ts'
import type { UpstreamScope } from './SyncState.ts'

/** **Units**  both count events from the start of their list. */
export interface Divergence {
  /** So many pending events, client-only ones among them included, are confirmed by the matching prefix. */
  readonly pendingCount: number
  /** So many incoming events are that prefix. */
  readonly incomingCount: number
}

/**
 * Whether `incoming` is the local event coming back: the same event, in the same scope. An event that upstream holds in
 * another scope is foreign, or it would be confirmed at a position that upstream does not have.
 */
export const isConfirmedBy = (local: EventEnvelope, incoming: EventEnvelope): boolean =>
  isSameEvent(local, incoming) && local.isClientOnly === incoming.isClientOnly

/**
 * Finds the first difference between pending and incoming.
 *
 * **Shape**  `incoming`: oldest first, directly behind the `upstreamHead` that `pending` is behind. O(matching prefix).
 *
 * **Example** (the leader has A, a client-only c and B; the backend sends A and someone else's X)
 * ```ts
 * findDivergence(PendingEvents.fromArray([A, c, B]), [A, X], 'synced') // => { pendingCount: 2, incomingCount: 1 }
 * ```
 */
export const findDivergence = (
  pending: PendingEvents,
  incoming: ReadonlyArray<NumberedEvent>,
  scope: UpstreamScope,
): Divergence => {
  let pendingCount = behindUnseen(pending, 0, scope)
  let incomingCount = 0
  for (const { event } of incoming) {
    const local = pending.at(pendingCount)
    if (local === undefined || !isConfirmedBy(local.event, event)) break
    pendingCount = behindUnseen(pending, pendingCount + 1, scope)
    incomingCount++
  }
  return { pendingCount, incomingCount }
}

/**
 * The same divergence, or an earlier one: before a client-only event that the matching prefix would confirm although
 * what upstream has behind that prefix uses its id for something else.
 */
export const beforeCollision = (
  divergence: Divergence,
  pending: PendingEvents,
  incoming: ReadonlyArray<NumberedEvent>,
): Divergence => {
  const { pendingCount, incomingCount } = divergence
  if (pendingCount === incomingCount || incomingCount === incoming.length) return divergence
  const ids = new Set<string>()
  for (let index = incomingCount; index < incoming.length; index++) ids.add(incoming[index]!.event.id)
  let matched = 0
  for (let index = 0; index < pendingCount; index++) {
    const { event } = pending.at(index)!
    if (!event.isClientOnly) matched++
    else if (ids.has(event.id)) return { pendingCount: index, incomingCount: matched }
  }
  return divergence
}

/** The index of the first event at or behind `index` that upstream takes part in. */
const behindUnseen = (pending: PendingEvents, index: number, scope: UpstreamScope): number => {
  let behind = index
  while (scope === 'synced' && pending.at(behind)?.event.isClientOnly === true) behind++
  return behind
}
