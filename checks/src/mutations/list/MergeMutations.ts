import type { Mutation } from '../Mutation.ts'

const sync = 'packages/core/src/sync'
const merge = 'packages/core/test/sync/Merge.test.ts'

/** Faults of the pure merge. */
export const mergeMutations: ReadonlyArray<Mutation> = [
  {
    name: 'confirm-dropped',
    why: 'a synced event stays "pending" for ever after a rebase',
    file: `${sync}/Rebase.ts`,
    find: `confirm([{ seq: arriving.seq, event: mine.event }])`,
    replace: `append({ seq: arriving.seq, event: mine.event })`,
    caughtBy: { file: merge },
  },
  {
    name: 'renumbering-off-by-one',
    why: 'after a rebase the log has a hole; nothing can be pushed any more',
    file: `${sync}/Rebase.ts`,
    find: `  let head = base
  for (const local of events) {`,
    replace: `  let head: Position = next(base, false)
  for (const local of events) {`,
    caughtBy: { file: merge },
  },
  {
    name: 'rebase-replays-in-reverse',
    why: 'edits of one device are applied newest first after a rebase: the oldest wins',
    file: `${sync}/Rebase.ts`,
    find: `const left = list.toArray()`,
    replace: `const left = list.toArray().reverse()`,
    caughtBy: { file: merge },
  },
  {
    name: 'identity-by-id-only',
    why: "another client's event with the same id passes as ours: our change is silently lost",
    file: 'packages/core/src/event/EventEnvelope.ts',
    find: `a.id === b.id && a.clientId === b.clientId && a.name === b.name && a.argsJson === b.argsJson`,
    replace: `a.id === b.id`,
    caughtBy: { file: merge },
  },
  {
    name: 'client-only-anchor-off-by-one',
    why: 'a client-only event is not settled with the event that it follows, and moves at the next rebase',
    file: `${sync}/Divergence.ts`,
    find: `pendingCount = behindUnseen(pending, pendingCount + 1, scope)`,
    replace: `pendingCount = pendingCount + 1`,
    caughtBy: { file: merge },
  },
  {
    name: 'refusal-drops-only-the-named-event',
    why: 'half of a commit is synced although it was refused: an order without its lines',
    file: `${sync}/UpstreamReject.ts`,
    find: `refusedGroups.has(local.event.commitId) && !isAcknowledged(local)`,
    replace: `eventIds.has(local.event.id) && !isAcknowledged(local)`,
    caughtBy: { file: merge },
  },
  {
    name: 'refusal-takes-acknowledged-events',
    why: 'an event that the backend has is a dead letter here, and comes back as new',
    file: `${sync}/UpstreamReject.ts`,
    find: `seq.global <= acknowledgedGlobal`,
    replace: `seq.global < acknowledgedGlobal`,
    caughtBy: { file: merge },
  },
  {
    name: 'pending-window-overwrites-its-sibling',
    why: 'after a transaction that failed, an older state shows events that were never committed',
    file: `${sync}/PendingEvents.ts`,
    find: `    if (this.#end !== this.#buffer.length) return this.#moved(this.#start).append(events)\n`,
    replace: ``,
    caughtBy: { file: 'packages/core/test/sync/PendingEvents.test.ts' },
  },
  {
    name: 'client-only-event-kept-beside-its-forgery',
    why: 'two events of one id in a log: every later page fails',
    file: 'packages/core/src/sync/UpstreamAdvance.ts',
    find: `scope === 'synced' ? beforeCollision(found, state.pending, events) : found`,
    replace: `found`,
    caughtBy: { file: 'packages/core/test/sync/Merge.property.test.ts' },
  },
]
