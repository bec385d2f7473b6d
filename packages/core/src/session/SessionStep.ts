/** What a session tells whoever observes it: one step that changed its log or tables, after it is done. */
import type { EventSequenceNumber } from '../event/EventSequenceNumber.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import type { Advance, Rebase } from '../sync/MergeResult.ts'

/** **Shape**  lists oldest first. **Units** `ms`: live queries and their subscribers included. */
export type SessionStep =
  | { readonly _tag: 'commit'; readonly events: ReadonlyArray<NumberedEvent>; readonly ms: number }
  | { readonly _tag: 'merge'; readonly merged: Advance | Rebase; readonly ms: number }
  /** The database was replaced by the leader's state at `at`, and `replayed` pending events put on top. */
  | { readonly _tag: 'snapshot'; readonly at: EventSequenceNumber; readonly replayed: number; readonly ms: number }

/** Observes a session. */
export interface SessionObserver {
  /** A clock for durations: core has none that is fine enough. **Units** ms. */
  readonly now: () => number
  readonly onStep: (step: SessionStep) => void
}
