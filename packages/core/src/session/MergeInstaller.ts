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
import { isBehindShown, showFed } from './ShownDatabase.ts'

/**
 * Installs what the leader sent.
 *
 * **Shape**  `feed`: the rows as they came, for the leader's own hashes.
 *
 * **Fails with**  `ChangesetInexact`, `RangeError` (trimmed too far), `SqliteError`, `MaterializerNotDeterministic`; then
 * nothing has changed.
 */
export const installMerge = (session: SessionState, merged: Advance | Rebase, feed: ReadonlyArray<FeedRow>): void => {
  const database = session.database!
  const { observer } = session
  const startedAt = observer === null ? 0 : observer.now()
  const after = merged._tag === 'rebase' ? merged.base : session.sync.localHead
  let undone: ReadonlyArray<RowChange> = []
  const before = (): void => {
    if (merged._tag === 'rebase' && merged.rollbackEvents.length > 0) undone = database.rollBackTo(merged.base)
  }
  const effects = database.replay(merged.newEvents, before, (replayed) =>
    mustBeLeaders(merged.newEvents, replayed, feed),
  )
  session.installed = { after, rows: merged.newEvents, effects: effects.map(({ effect }) => effect) }
  publish(session, merged)
  const changes: Array<Changes> = undone.length > 0 ? [() => undone] : []
  for (const replayed of effects) if (replayed.effect.changeset.length > 0) changes.push(replayed.changes)
  if (changes.length > 0 && session.shown === null) session.listener.onTables(changes)
  const isBehind = isBehindShown(session, merged.state.upstreamHead)
  const withoutEffect = merged.newEvents.flatMap(({ event }, i): Array<EventWithoutEffect> => {
    const { effect } = effects[i]!
    // What is pending may lack no more than the rows that are still to come.
    const isEarly = isBehind && session.pendingIds.has(event.id)
    return effect.outcome === 'applied' || isEarly ? [] : [{ event, effect }]
  })
  if (withoutEffect.length > 0) session.listener.onWithoutEffect(withoutEffect)
  observer?.onStep({ _tag: 'merge', merged, ms: observer.now() - startedAt })
}

/** **Fails with**  `MaterializerNotDeterministic` at the first event that did otherwise here than at the leader. */
const mustBeLeaders = (
  rows: ReadonlyArray<NumberedEvent>,
  effects: ReadonlyArray<ReplayedEvent>,
  feed: ReadonlyArray<FeedRow>,
): void => {
  const known = feed.filter(({ hash }) => hash !== undefined)
  if (known.length === 0) return
  const rowById = new Map(known.map((row) => [row.id, row]))
  for (const [i, { event }] of rows.entries()) {
    const { effect } = effects[i]!
    const row = rowById.get(event.id)
    if (row === undefined || (row.outcome === effect.outcome && row.hash === hashChangeset(effect.changeset))) continue
    throw new MaterializerNotDeterministic({ event: event.name, eventId: event.id })
  }
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
  return count
}

/** Facts that come without the rows that they speak of: taken if this session has the prefix they are about. */
export const hearFacts = (session: SessionState, facts: NonNullable<SessionState['facts']>): void => {
  const isOurs = facts.epoch === session.epoch && facts.attachment === session.attachment
  if (isOurs) takeFacts(session, facts)
  else session.isOutrun = true
}

/** Moves the settled head, never beyond what this session has, and trims what nobody will roll back or ask for. */
export const takeFacts = (session: SessionState, facts: NonNullable<SessionState['facts']>): void => {
  const hasFallenBack = facts.epoch !== session.epoch
  session.facts = facts
  session.isOutrun = false
  session.epoch = facts.epoch
  const settled = max(session.settledHead, min(facts.settledHead, session.sync.upstreamHead))
  const hasSettled = compare(settled, session.settledHead) > 0
  session.settledHead = settled
  showFed(session)
  if (hasSettled || hasFallenBack) session.listener.onFates()
  session.listener.onStatus()
  // Last, because it may fail: what has settled is told only once, but any later facts trim.
  const trimTo: Position = min<Position>(settled, facts.stateHead)
  const { database } = session
  if (database !== null && compare(trimTo, database.trimmedTo) > 0) database.transaction(() => database.trim(trimTo))
}
