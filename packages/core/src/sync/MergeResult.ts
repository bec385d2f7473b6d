/**
 * What a merge decided. A driver carries it out in one transaction: undo `rollbackEvents` newest first, apply
 * `newEvents` in order, and only then publish `state`.
 *
 * | Result | The log | Receipts |
 * |---|---|---|
 * | `advance` | gains `newEvents` at its end | `confirmedEvents` are answered |
 * | `rebase` | falls back to `base`, then gains `newEvents` | `confirmedEvents` are answered, `droppedEvents` left |
 * | `reject` | stays | – |
 *
 * **Source**  spec section 4.
 */
import type { EventSequenceNumber, Position } from '../event/EventSequenceNumber.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import type { SyncState } from './SyncState.ts'

/** **Shape**  all lists oldest first. `newEvents` continues directly behind the `localHead` before the merge. */
export interface Advance {
  readonly _tag: 'advance'
  readonly state: SyncState
  readonly newEvents: ReadonlyArray<NumberedEvent>
  /** What left pending because upstream has it now (or because there is nobody to wait for). May be among `newEvents`. */
  readonly confirmedEvents: ReadonlyArray<NumberedEvent>
}

/** **Shape**  all lists oldest first, in the order of the log they speak of. */
export interface Rebase {
  readonly _tag: 'rebase'
  readonly state: SyncState
  /** Where the log stands after the rollback. */
  readonly base: Position
  /** Everything the log has behind `base`, at its old positions; to be undone newest first. */
  readonly rollbackEvents: ReadonlyArray<NumberedEvent>
  /** Everything to apply behind `base`: incoming and renumbered local events in their final order. */
  readonly newEvents: ReadonlyArray<NumberedEvent>
  /** What left pending because upstream has it now, at its final position, with the envelope this node committed. */
  readonly confirmedEvents: ReadonlyArray<NumberedEvent>
  /**
   * Local events that left without being confirmed, at their old positions: refused ones, and collided ones (upstream
   * has another event under their id). In a session the two are told apart by whether the id was in `refused`.
   */
  readonly droppedEvents: ReadonlyArray<NumberedEvent>
}

/** The pushed events do not follow `localHead`; nothing changes. */
export interface Reject {
  readonly _tag: 'reject'
  /** The position that the first pushed event would have to stand at. */
  readonly expectedMinimum: EventSequenceNumber
}

export type MergeResult = Advance | Rebase | Reject
