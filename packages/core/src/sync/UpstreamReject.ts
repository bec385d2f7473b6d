/**
 * The backend refused events; leader only. Sessions hear of it as an `upstream-rebase`.
 *
 * **Source**  spec section 4, `upstream-reject`; section 3 on commit groups.
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import type { Advance, Rebase } from './MergeResult.ts'
import { nextGeneration, renumber } from './Rebase.ts'
import { checkResult } from './SyncLaws.ts'
import { type SyncState, make } from './SyncState.ts'

/**
 * Removes the commit groups of the named events from pending and closes the gap.
 *
 * What is behind the first of them is rolled back; the rest of it is renumbered and replayed, so that client-only events
 * follow the anchor before. Client-only events that have no pending synced event before them any more are confirmed.
 * Ids that are not pending are ignored; if none is, nothing changes. O(pending): a refusal is rare, and its groups have
 * to be looked for.
 *
 * **Units**  `acknowledgedGlobal` is the last synced position that a push answer has acknowledged. What stands at or
 * before it is in the backend's log, only not pulled yet: it stays. A client-only event there is in no log but ours and
 * leaves with its group.
 *
 * **Example** (A, a client-only c and B are pending; the backend refuses A, which was committed alone)
 * ```ts
 * upstreamReject(state, new Set([A.event.id]))
 * // => rebase: rollback [A, c, B], new [c, B], confirmed [c], dropped [A]
 * ```
 */
export const upstreamReject = (
  state: SyncState,
  eventIds: ReadonlySet<string>,
  acknowledgedGlobal = 0,
): Advance | Rebase => {
  const pending = state.pending.toArray()
  const refusedGroups = new Set<string>()
  for (const { event } of pending) if (eventIds.has(event.id)) refusedGroups.add(event.commitId)
  const isAcknowledged = ({ seq, event }: NumberedEvent): boolean =>
    !event.isClientOnly && seq.global <= acknowledgedGlobal
  const isRefused = (local: NumberedEvent): boolean => refusedGroups.has(local.event.commitId) && !isAcknowledged(local)

  const first = pending.findIndex(isRefused)
  if (first === -1) return { _tag: 'advance', state, newEvents: [], confirmedEvents: [] }

  const [kept, rollbackEvents] = [pending.slice(0, first), pending.slice(first)]
  const base = kept.at(-1)?.seq ?? state.upstreamHead
  const left = rollbackEvents.filter((local) => !isRefused(local))
  const newEvents = renumber(left, base, nextGeneration(rollbackEvents))
  const remaining = [...kept, ...newEvents]
  const firstSynced = remaining.findIndex(({ event }) => !event.isClientOnly)
  const confirmedEvents = remaining.slice(0, firstSynced === -1 ? remaining.length : firstSynced)
  const upstreamHead = confirmedEvents.at(-1)?.seq ?? state.upstreamHead
  return checkResult<Rebase>(state, {
    _tag: 'rebase',
    state: make({ upstreamHead, pending: remaining.slice(confirmedEvents.length) }),
    base,
    rollbackEvents,
    newEvents,
    confirmedEvents,
    droppedEvents: rollbackEvents.filter(isRefused),
  })
}
