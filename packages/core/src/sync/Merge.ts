/**
 * The one decision of the sync engine: what an input does to a node's log. Pure and total, without I/O; every result is
 * checked against the laws (SyncLaws.ts) before it is returned.
 *
 * | Input | Who gets it | Module |
 * |---|---|---|
 * | `local-push` | session (commit), leader (admitted push) | LocalPush.ts |
 * | `upstream-advance` | leader (page), session (advance) | UpstreamAdvance.ts |
 * | `upstream-rebase` | session | UpstreamRebase.ts |
 * | `upstream-reject` | leader | UpstreamReject.ts |
 *
 * Cost: O(rolled back + confirmed + new); `upstream-reject` alone looks through all of pending.
 *
 * **Source**  spec section 4.
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { localPush } from './LocalPush.ts'
import type { MergeResult } from './MergeResult.ts'
import type { SyncState, UpstreamScope } from './SyncState.ts'
import { upstreamAdvance } from './UpstreamAdvance.ts'
import { type UpstreamRebaseInput, upstreamRebase } from './UpstreamRebase.ts'
import { upstreamReject } from './UpstreamReject.ts'

export type MergeInput =
  | { readonly _tag: 'local-push'; readonly events: ReadonlyArray<NumberedEvent> }
  | { readonly _tag: 'upstream-advance'; readonly events: ReadonlyArray<NumberedEvent> }
  | ({ readonly _tag: 'upstream-rebase' } & UpstreamRebaseInput)
  | {
      readonly _tag: 'upstream-reject'
      readonly eventIds: ReadonlySet<string>
      readonly acknowledgedGlobal?: number
    }

/**
 * Merges one input into `state`.
 *
 * `scope` matters for `local-push` and `upstream-advance`; a rebase is always a session's, a refusal always a leader's.
 *
 * **Fails with**  InvariantViolation if the input or the result breaks a law: a defect of the driver or of the merge.
 */
export const merge = (state: SyncState, input: MergeInput, scope: UpstreamScope): MergeResult => {
  switch (input._tag) {
    case 'local-push':
      return localPush(state, input.events, scope)
    case 'upstream-advance':
      return upstreamAdvance(state, input.events, scope)
    case 'upstream-rebase':
      return upstreamRebase(state, input)
    case 'upstream-reject':
      return upstreamReject(state, input.eventIds, input.acknowledgedGlobal)
  }
}
