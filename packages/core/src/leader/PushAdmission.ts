/**
 * What sessions push becomes part of the log: the leader admits and numbers, so there is no reject loop and nobody
 * starves. Events it already has (in the log or among the dead letters, with the same content) are passed over; the same
 * id with other content is an `IdCollision` and goes to the dead letters.
 *
 * **Source**  spec section 5, "Push".
 */
import type { Push, RefusedEvent } from '../channel/LeaderMessage.ts'
import { effectAt } from '../channel/PackedEffects.ts'
import { isSameEvent, type NumberedEvent } from '../event/EventEnvelope.ts'
import { equals, next } from '../event/EventSequenceNumber.ts'
import { localPush } from '../sync/LocalPush.ts'
import type { SyncState } from '../sync/SyncState.ts'
import type { LeaderState } from './LeaderState.ts'
import { hasLeadingSchema, scopeOf } from './LeaderState.ts'
import { writeMerge } from './LogWriter.ts'
import type { SessionFeed } from './SessionFeed.ts'

export interface SessionPush {
  readonly feed: SessionFeed
  readonly push: Push
}

/** What one group commit gathers. */
interface Admission {
  sync: SyncState
  readonly rows: Array<NumberedEvent>
  readonly rowById: Map<string, NumberedEvent>
  readonly collisions: Array<RefusedEvent>
  readonly admittedFrom: Map<SessionFeed, Array<{ readonly id: string }>>
  /** Not refused. */
  readonly taken: Array<SessionPush>
}

/**
 * Admits the pushes in order, in one transaction on each database.
 *
 * **Fails with**  `LeaderStale`; `SqliteError` (nothing of any of them was stored).
 */
export const admitPushes = (leader: LeaderState, pushes: ReadonlyArray<SessionPush>): void => {
  const admission: Admission = {
    sync: leader.sync,
    rows: [],
    rowById: new Map(),
    collisions: [],
    admittedFrom: new Map(),
    taken: [],
  }
  for (const push of pushes) admitPush(leader, admission, push)
  if (admission.rows.length > 0 || admission.collisions.length > 0) writeAdmitted(leader, admission)
  for (const { feed, push } of admission.taken) feed.keep(push.events)
}

const writeAdmitted = (leader: LeaderState, { rows, collisions, admittedFrom }: Admission): void => {
  const merged = localPush(leader.sync, rows, scopeOf(leader.log))
  if (merged._tag === 'reject') throw new TypeError('the leader numbered events out of order')
  // A session that has a collided event in its own prefix differs from the log from here on.
  writeMerge(leader, merged, collisions.length > 0 ? { rejected: collisions, raisesEpoch: true } : {})
  for (const [feed, events] of admittedFrom) feed.rememberOwn(events)
  for (const refused of collisions) leader.notices.push({ _tag: 'rejected', refused })
}

const admitPush = (leader: LeaderState, admission: Admission, { feed, push }: SessionPush): void => {
  const { log } = leader
  const isKnown = (id: string) => admission.rowById.has(id) || log.has(id) || log.rejectedById(id).length > 0
  if (push.prev !== null && !isKnown(push.prev)) {
    return feed.refusePush(admission.sync.localHead, log)
  }
  admission.taken.push({ feed, push })
  let holdsEffects = push.epoch === log.status.epoch && hasLeadingSchema(leader, feed)
  const admitted = admission.admittedFrom.get(feed) ?? []
  admission.admittedFrom.set(feed, admitted)
  push.events.forEach((event, i) => {
    // A collided event has no number; its id is known by definition.
    const mayBeKnown = push.seqs[i] === undefined || feed.mayBeKnown(event.id)
    if (mayBeKnown && log.isRejected(event)) return
    const present = admission.rowById.get(event.id)?.event ?? (mayBeKnown ? log.byId(event.id)?.event : undefined)
    if (present !== undefined) {
      if (!isSameEvent(present, event)) {
        admission.collisions.push({ event, reason: 'collision', detail: 'another event has this id' })
      }
      return
    }
    const seq = next(lastSeq(admission), event.isClientOnly)
    const row: NumberedEvent = { seq, event }
    admission.rows.push(row)
    admitted.push(event)
    admission.rowById.set(event.id, row)
    // Effects hold on exactly the prefix they were computed on, which (position, epoch) names.
    holdsEffects = holdsEffects && push.seqs[i] !== undefined && equals(push.seqs[i], seq)
    const effect = holdsEffects ? effectAt(push.effects, i) : undefined
    if (effect !== undefined) leader.effects.set(event.id, effect)
  })
}

const lastSeq = (admission: Admission) => admission.rows.at(-1)?.seq ?? admission.sync.localHead
