/**
 * The leader rolled its log back to `base` and went on from there; a session follows.
 *
 * **Source**  spec section 4, `upstream-rebase`.
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { type EventSequenceNumber, type Position, compare, equals, format } from '../event/EventSequenceNumber.ts'
import type { Rebase } from './MergeResult.ts'
import { nextGeneration, replay } from './Rebase.ts'
import { checkResult, isContiguousBehind, must } from './SyncLaws.ts'
import { type SyncState, make } from './SyncState.ts'

/** **Shape**  `events` and `have`: oldest first, contiguous, directly behind `base`. */
export interface UpstreamRebaseInput {
  /** A position that this session has, at or before its `upstreamHead`. The driver has compared the event id there. */
  readonly base: Position & { readonly rebaseGeneration?: number }
  /** What the leader has behind `base`, or the first part of it. */
  readonly events: ReadonlyArray<NumberedEvent>
  /** What this session itself has behind `base`, pending included: it will be undone, each event once. */
  readonly have: ReadonlyArray<NumberedEvent>
  /** Ids of dead letters. Those that are among `events` after all are not refused any more. */
  readonly refused: ReadonlySet<string>
}

/**
 * Rolls back all of `have`, applies `events`, replays the pending events that are neither among them nor refused. Those
 * among `events` count as confirmed. O(have + events).
 *
 * **Fails with**  InvariantViolation if `base` is behind `upstreamHead` (L2), `have` is not this session's log behind
 * `base` (L1), or `events` have a gap (L9) or an id twice (L4).
 *
 * **Example** (a session has A confirmed at e1 and B pending at e2; the leader put X before A)
 * ```ts
 * upstreamRebase(state, { base: root, events: [X, A], have: [A, B], refused: new Set() })
 * // => rebase: rollback [A, B], new [X, A at e2, B at e3r1], confirmed []
 * ```
 */
export const upstreamRebase = (state: SyncState, { base, events, have, refused }: UpstreamRebaseInput): Rebase => {
  const baseHead: EventSequenceNumber = { rebaseGeneration: 0, ...base }
  mustBeOwnLog(state, base, have)
  must('L9', isContiguousBehind(base, events), () => `the leader's events do not follow ${format(base)}`)
  const local = state.pending.toArray()
  const generation = nextGeneration(have, events)
  const replayed = replay({ base: baseHead, local, incoming: events, scope: 'all', generation, refused })
  const { newEvents, confirmedEvents, droppedEvents } = replayed
  const rebased: Rebase = {
    _tag: 'rebase',
    state: make(replayed),
    base: baseHead,
    rollbackEvents: have,
    newEvents,
    confirmedEvents,
    droppedEvents,
  }
  return checkResult(state, rebased, base)
}

/** `have` is contiguous behind `base` and ends with pending. */
const mustBeOwnLog = (state: SyncState, base: Position, have: ReadonlyArray<NumberedEvent>): void => {
  must('L2', compare(base, state.upstreamHead) <= 0, () => `${format(base)} is behind ${format(state.upstreamHead)}`)
  must('L1', isContiguousBehind(base, have), () => `what this session has does not follow ${format(base)}`)
  const confirmedCount = have.length - state.pending.length
  const upstreamHead = have[confirmedCount - 1]?.seq ?? base
  const isWhole = confirmedCount >= 0 && equals(upstreamHead, state.upstreamHead)
  const endsWithPending = have
    .slice(confirmedCount)
    .every(({ event }, index) => event.id === state.pending.at(index)?.event.id)
  must('L1', isWhole && endsWithPending, () => `what this session has does not end with its pending events`)
}
