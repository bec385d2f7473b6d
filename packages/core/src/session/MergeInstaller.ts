/**
 * The one place where a session's merge becomes its database: one transaction, COMMIT, *then* the new SyncState, the
 * push queue and the receipts, then live queries once.
 *
 * **Source**  spec sections 3 and 6.
 */
import type { FeedRow } from '../channel/LeaderMessage.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, max, min, type Position } from '../event/EventSequenceNumber.ts'
import { hashChangeset } from '../sqlite/Changeset.ts'
import type { RowChange } from '../sqlite/RowChange.ts'
import type { Advance, Rebase } from '../sync/MergeResult.ts'
import type { Changes, ReplayedEvent } from './SessionDatabase.ts'
import { MaterializerNotDeterministic } from './SessionError.ts'
import type { EventWithoutEffect, SessionState } from './SessionState.ts'

/**
 * Installs what the leader sent.
 *
 * **Shape**  `feed`: the rows as they came, for the leader's own hashes.
 *
 * **Fails with**  `ChangesetInexact`, `RangeError` (trimmed too far), `SqliteError`; then nothing has changed.
 */
export const installMerge = (session: SessionState, merged: Advance | Rebase, feed: ReadonlyArray<FeedRow>): void => {
  const database = session.database!
  const changes: Array<Changes> = []
  const after = merged._tag === 'rebase' ? merged.base : session.sync.localHead
  let undone: ReadonlyArray<RowChange> = []
  const effects = database.replay(merged.newEvents, () => {
    if (merged._tag === 'rebase' && merged.rollbackEvents.length > 0) undone = database.rollBackTo(merged.base)
  })
  if (undone.length > 0) changes.push(() => undone)
  const replayed = inspect(merged.newEvents, effects, feed, changes)
  session.installed = { after, rows: merged.newEvents, effects: effects.map(({ effect }) => effect) }
  publish(session, merged)
  if (changes.length > 0) session.listener.onTables(changes)
  if (replayed.withoutEffect.length > 0) session.listener.onWithoutEffect(replayed.withoutEffect)
  const { unequal } = replayed
  if (unequal !== undefined) {
    session.listener.onFailure(new MaterializerNotDeterministic({ event: unequal.event.name, eventId: unequal.event.id }))
  }
}

/** What had no effect, and the first event whose rows changed otherwise than at the leader. */
const inspect = (
  rows: ReadonlyArray<NumberedEvent>,
  effects: ReadonlyArray<ReplayedEvent>,
  feed: ReadonlyArray<FeedRow>,
  changes: Array<Changes>,
): { readonly withoutEffect: ReadonlyArray<EventWithoutEffect>; readonly unequal: NumberedEvent | undefined } => {
  const withoutEffect: Array<EventWithoutEffect> = []
  const hashById = new Map<string, string>()
  for (const row of feed) if (row.hash !== undefined) hashById.set(row.id, row.hash)
  let unequal: NumberedEvent | undefined
  for (const [i, row] of rows.entries()) {
    const replayed = effects[i]!
    if (replayed.effect.changeset.length > 0) changes.push(replayed.changes)
    if (replayed.effect.outcome !== 'applied') withoutEffect.push({ event: row.event, effect: replayed.effect })
    const hash = hashById.get(row.event.id)
    if (hash !== undefined && hash !== hashChangeset(replayed.effect.changeset)) unequal ??= row
  }
  return { withoutEffect, unequal }
}

const publish = (session: SessionState, merged: Advance | Rebase): void => {
  const confirmed = merged.confirmedEvents.map(({ event }) => event.id)
  const sent = merged._tag === 'rebase' ? sentIds(session) : undefined
  for (const id of confirmed) session.pendingIds.delete(id)
  session.sync = merged.state
  if (merged._tag === 'advance') {
    session.sentCount = Math.max(0, session.sentCount - confirmed.length)
  } else {
    for (const { event } of merged.droppedEvents) session.pendingIds.delete(event.id)
    session.unsentEffects.length = 0
    session.sentCount = countSent(session, sent!)
  }
  if (confirmed.length > 0) session.listener.onPersisted(confirmed)
}

const sentIds = ({ sync, sentCount }: SessionState): ReadonlySet<string> =>
  new Set(sync.pending.toArray(0, sentCount).map(({ event }) => event.id))

/** What has been sent stays a prefix of pending: a rebase keeps the order of local events (law L6). */
const countSent = ({ sync }: SessionState, sent: ReadonlySet<string>): number => {
  let count = 0
  while (count < sync.pending.length && sent.has(sync.pending.at(count)!.event.id)) count++
/** Facts that come without the rows that they speak of: taken if this session has the prefix they are about. */
export const hearFacts = (session: SessionState, facts: NonNullable<SessionState['facts']>): void => {
  const isOurs = facts.epoch === session.epoch && facts.attachment === session.attachment
  if (isOurs) takeFacts(session, facts)
  else session.isOutrun = true
}

  return count
}

/** Moves the settled head, never beyond what this session has, and trims what nobody will roll back or ask for. */
  session.isOutrun = false
export const takeFacts = (session: SessionState, facts: NonNullable<SessionState['facts']>): void => {
  const hasFallenBack = facts.epoch !== session.epoch
  session.facts = facts
  session.epoch = facts.epoch
  const settled = max(session.settledHead, min(facts.settledHead, session.sync.upstreamHead))
  const hasSettled = compare(settled, session.settledHead) > 0
  session.settledHead = settled
  const trimTo: Position = min<Position>(settled, facts.stateHead)
  const { database } = session
  if (database !== null && compare(trimTo, database.trimmedTo) > 0) database.transaction(() => database.trim(trimTo))
  if (hasSettled || hasFallenBack) session.listener.onFates()
  session.listener.onStatus()
}
