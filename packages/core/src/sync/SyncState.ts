/**
 * What a node knows about its own log against upstream's. The same pure machine runs in the session (upstream: the
 * leader) and in the leader (upstream: the backend).
 *
 * ```text
 * log     e1 e2 e2.1 | e3 e3.1 e4
 *              upstreamHead ^    ^ localHead
 *                       [ pending ]
 * ```
 *
 * Holds always (laws L1 and L2): `pending` is contiguous and ascending, directly behind `upstreamHead`, and ends at
 * `localHead`; without pending events both heads are equal.
 *
 * **Source**  spec section 2.
 */
import { type EventSequenceNumber, root } from '../event/EventSequenceNumber.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { PendingEvents } from './PendingEvents.ts'

/** **Units**  positions count events. At the leader `upstreamHead` is `settledHead`, client-only events included. */
export interface SyncState {
  /** What upstream has not confirmed yet, oldest first. */
  readonly pending: PendingEvents
  /** The last position that is no longer pending. */
  readonly upstreamHead: EventSequenceNumber
  /** The last position of the log. */
  readonly localHead: EventSequenceNumber
}

/**
 * Which events upstream takes part in: `'all'` for a session (its leader has every event), `'synced'` for a leader with
 * a backend (client-only events are no part of the comparison), `'none'` for a leader without one (nothing is pending).
 */
export type UpstreamScope = 'all' | 'synced' | 'none'

/** The state with `pending` behind `upstreamHead`; `localHead` follows from them. */
export const make = ({
  upstreamHead,
  pending = PendingEvents.empty,
}: {
  readonly upstreamHead: EventSequenceNumber
  readonly pending?: PendingEvents | ReadonlyArray<NumberedEvent>
}): SyncState => {
  const window = pending instanceof PendingEvents ? pending : PendingEvents.fromArray(pending)
  return { pending: window, upstreamHead, localHead: window.last?.seq ?? upstreamHead }
}

/** A log without events. */
export const initial: SyncState = Object.freeze(make({ upstreamHead: root }))
