/**
 * What a session does with the leader's messages. Each either fits exactly what the session has, or the session
 * subscribes again; nothing is forced.
 *
 * **Source**  spec sections 4 (`upstream-advance`, `upstream-rebase`) and 5.
 */
import type {
  Feed,
  FeedRow,
  Kept,
  RefusedEvent,
  Subscribed,
  SubscribedResume,
  SubscribedSnapshot,
} from '../channel/LeaderMessage.ts'
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, equals, type EventSequenceNumber, next, type Position, root } from '../event/EventSequenceNumber.ts'
import type { Advance, Rebase } from '../sync/MergeResult.ts'
import { make as makeSyncState } from '../sync/SyncState.ts'
import { upstreamAdvance } from '../sync/UpstreamAdvance.ts'
import { upstreamRebase } from '../sync/UpstreamRebase.ts'
import { reportEffects } from './EffectReporter.ts'
import { installMerge, takeFacts } from './MergeInstaller.ts'
import { SessionDatabase } from './SessionDatabase.ts'
import type { SessionState } from './SessionState.ts'
import { feedCopy, replaceDatabase, showUntil } from './ShownDatabase.ts'

/** Asks the leader where this session stands. Everything sent before counts as lost. */
export const subscribe = (session: SessionState, wantsSnapshot = false, isImageDamaged = false): void => {
  if (session.isClosed) return
  const { database, sync, settledHead } = session
  const n = session.nextNumber++
  session.waitingFor = n
  session.isImageDamaged = isImageDamaged
  session.sentCount = 0
  session.areOrphansSent = false
  session.pushAgainAt = null
  session.connection = 'subscribing'
  const mayResume =
    database !== null && !wantsSnapshot && !session.hasLeftLog && compare(database.trimmedTo, sync.upstreamHead) <= 0
  const confirmed = mayResume
    ? database.namesBehind(settledHead).filter((row) => compare(row, sync.upstreamHead) <= 0)
    : []
  session.client.send({
    _tag: 'subscribe',
    n,
    sessionId: session.sessionId,
    schema: session.schema.descriptor,
    backendName: session.backendName,
    wantsSnapshot: !mayResume,
    isImageDamaged,
    epoch: session.epoch,
    attachment: session.attachment,
    upstreamHead: sync.upstreamHead,
    settledHead,
    confirmed,
    pending: sync.pending.toArray().map(({ event }) => event),
  })
}

export const receiveSubscribed = (session: SessionState, message: Subscribed): void => {
  if (message.n !== session.waitingFor) return
  session.waitingFor = null
  session.clientId = message.clientId
  session.backendStatus = message.status
  session.connection = 'connected'
  if (message.mode === 'snapshot') takeSnapshot(session, message)
  else if (!takeResume(session, message)) return subscribe(session, true)
  session.attachment = message.facts.attachment
  takeFacts(session, message.facts)
  forgetAnswered(session, message.refused)
}

/** **Shape**  false: it does not fit, take a snapshot. */
const takeResume = (session: SessionState, message: SubscribedResume): boolean => {
  const { base, rows, refused } = message
  if (equals(base, session.sync.upstreamHead)) {
    const hydrated = hydrate(session, rows)
    if (hydrated === undefined) return false
    const gone = refused.some(({ event }) => session.pendingIds.has(event.id))
    if (!gone) {
      install(session, upstreamAdvance(session.sync, hydrated, 'all'), rows)
      return true
    }
  }
  return rebaseOnto(session, message)
}

const takeSnapshot = (session: SessionState, message: SubscribedSnapshot): void => {
  const { image, at, trimmedTo, known, collided, refused, facts } = message
  const { observer } = session
  const startedAt = observer === null ? 0 : observer.now()
  const refusedIds = refusedHere(session, refused, [])
  const leaves = new Set([...known, ...collided, ...refusedIds])
  const before = session.sync.pending.toArray()
  const database = new SessionDatabase(session.openDatabase, session.schema, image, trimmedTo)
  let head: EventSequenceNumber = at
  const pending = before
    .filter(({ event }) => !leaves.has(event.id))
    .map(({ event, seq }) => {
      head = next(head, event.isClientOnly, seq.rebaseGeneration)
      return { seq: head, event }
    })
  replayOrClose(database, pending)
  session.installed = null
  replaceDatabase(session, database, at, facts.localHead)
  session.sync = makeSyncState({ upstreamHead: at, pending })
  // Settled positions of another attachment mean nothing; the message's facts say what is settled in this one.
  session.settledHead = root
  session.hasLeftLog = false
  session.pendingIds.clear()
  session.unsentEffects.length = 0
  for (const { event } of pending) session.pendingIds.add(event.id)
  const collidedIds = new Set(collided)
  for (const { event } of before) if (collidedIds.has(event.id)) keepOrphan(session, event)
  if (session.shown === null) session.listener.onTables('everything')
  if (known.length > 0) session.listener.onPersisted(known)
  tellRefused(session, before, refused, refusedIds)
  observer?.onStep({ _tag: 'snapshot', at, replayed: pending.length, ms: observer.now() - startedAt })
}

/** **Fails with** as `replay`; nobody holds the database then. */
const replayOrClose = (database: SessionDatabase, pending: ReadonlyArray<NumberedEvent>): void => {
  try {
    database.replay(pending)
  } catch (error) {
    database.close()
    throw error
  }
}

export const receiveFeed = (session: SessionState, message: Feed): void => {
  if (session.waitingFor !== null) return
  if (message.facts.epoch < session.epoch) return acknowledge(session, message)
  if (message.facts.attachment !== session.attachment) return subscribe(session, true)
  const fits = message.facts.epoch === session.epoch ? advance(session, message) : rebase(session, message)
  if (!fits) return subscribe(session)
  takeFacts(session, message.facts)
  forgetAnswered(session, message.refused)
  acknowledge(session, message)
}

const acknowledge = (session: SessionState, { effectsWantedAfter }: Feed): void => {
  const effects = effectsWantedAfter === null ? null : reportEffects(session, effectsWantedAfter)
  session.client.send({ _tag: 'ack', effects }, effects === null ? [] : [effects.effects.bytes.buffer])
}

/** Outdated: what the leader has answered for is no longer pending here, whatever has become of it. */
export const receiveKept = (session: SessionState, { facts, ids }: Kept): void => {
  if (session.connection !== 'outdated') return
  const kept = new Set(ids)
  const { pending } = session.sync
  let count = 0
  while (count < pending.length && kept.has(pending.at(count)!.event.id)) count++
  const upstreamHead = count === 0 ? session.sync.upstreamHead : pending.at(count - 1)!.seq
  session.sync = makeSyncState({ upstreamHead, pending: pending.dropFirst(count) })
  session.sentCount = Math.max(0, session.sentCount - count)
  session.orphans = session.orphans.filter(({ id }) => !kept.has(id))
  session.facts = facts
  for (const id of ids) session.pendingIds.delete(id)
  session.listener.onPersisted(ids)
  session.listener.onFates()
  session.listener.onStatus()
}

/** (position, epoch) names a prefix: take what is behind what we have. */
const advance = (session: SessionState, { base, rows }: Feed): boolean => {
  const { upstreamHead } = session.sync
  if (compare(base, upstreamHead) > 0) return false
  const news = rows.filter(({ seq }) => compare(seq, upstreamHead) > 0)
  const hydrated = hydrate(session, news)
  if (hydrated === undefined) return false
  if (hydrated.length > 0) install(session, upstreamAdvance(session.sync, hydrated, 'all'), news)
  return true
}

/** Local events that left without being refused have collided with a foreign event of their id. */
const install = (
  session: SessionState,
  merged: Advance | Rebase,
  rows: ReadonlyArray<FeedRow>,
  refusedIds: ReadonlySet<string> = new Set(),
): void => {
  installMerge(session, merged, rows)
  if (merged._tag === 'advance') return
  for (const { event } of merged.droppedEvents) if (!refusedIds.has(event.id)) keepOrphan(session, event)
}

const rebase = (session: SessionState, message: Feed): boolean =>
  message.fromEpoch === session.epoch && rebaseOnto(session, message)

const rebaseOnto = (session: SessionState, message: Feed | SubscribedResume): boolean => {
  const { base, baseId, rows, refused, facts } = message
  if (!hasBase(session, base, baseId)) return false
  const events = hydrate(session, rows)
  if (events === undefined) return false
  const before = session.sync.pending.toArray()
  const refusedIds = refusedHere(session, refused, events)
  const merged = upstreamRebase(session.sync, { base, events, have: have(session, base), refused: refusedIds })
  const isWhole = compare(rows.at(-1)?.seq ?? base, facts.localHead) >= 0
  if (!isWhole && compare(base, session.sync.upstreamHead) < 0) feedCopy(session, facts.localHead)
  showUntil(session, facts.localHead)
  install(session, merged, rows, refusedIds)
  tellRefused(session, before, refused, refusedIds)
  return true
}

const hasBase = ({ database, sync, settledHead }: SessionState, base: Position, baseId: string | null): boolean => {
  if (database === null || compare(base, database.trimmedTo) < 0 || compare(base, sync.upstreamHead) > 0) return false
  // Up to the settled head every log of this attachment has the same rows (law L5).
  const fromSettled = compare(base, settledHead)
  return fromSettled === 0 || (fromSettled > 0 && database.idAt(base) === baseId)
}

/** What this session has behind `base`. Of a confirmed event only its name is needed: it is undone, never replayed from here. */
const have = ({ database, sync }: SessionState, base: Position): ReadonlyArray<NumberedEvent> => {
  const confirmed = database!.namesBehind(base).filter((row) => compare(row, sync.upstreamHead) <= 0)
  return [
    ...confirmed.map(({ global, client, id }) => ({
      seq: { global, client, rebaseGeneration: 0 },
      event: {
        id,
        name: '',
        argsJson: '',
        clientId: '',
        sessionId: '',
        createdAt: 0,
        commitId: '',
        isClientOnly: client > 0,
      },
    })),
    ...sync.pending,
  ]
}

/** Rows with their events: those the leader left out are this session's own, still pending, in order. */
const hydrate = ({ sync }: SessionState, rows: ReadonlyArray<FeedRow>): ReadonlyArray<NumberedEvent> | undefined => {
  const hydrated: Array<NumberedEvent> = []
  let index = 0
  for (const row of rows) {
    let event = row.event
    while (event === undefined && index < sync.pending.length) {
      const own = sync.pending.at(index++)!
      if (own.event.id === row.id) event = own.event
    }
    if (event === undefined) return undefined
    hydrated.push({ seq: row.seq, event })
  }
  return hydrated
}

/** Ids of pending events that are dead letters with the same content, and are not in the log after all. */
const refusedHere = (
  session: SessionState,
  refused: ReadonlyArray<RefusedEvent>,
  incoming: ReadonlyArray<NumberedEvent>,
): ReadonlySet<string> => {
  const here = refused.filter(({ event }) => session.pendingIds.has(event.id)).map(({ event }) => event.id)
  if (here.length === 0) return new Set()
  const logged = new Set(incoming.map(({ event }) => event.id))
  return new Set(here.filter((id) => !logged.has(id)))
}

const tellRefused = (
  session: SessionState,
  before: ReadonlyArray<NumberedEvent>,
  refused: ReadonlyArray<RefusedEvent>,
  refusedIds: ReadonlySet<string>,
): void => {
  if (refusedIds.size === 0) return
  for (const id of refusedIds) session.pendingIds.delete(id)
  const mine = new Set(before.map(({ event }) => event.id))
  session.listener.onRefused(refused.filter(({ event }) => refusedIds.has(event.id) && mine.has(event.id)))
}

const keepOrphan = (session: SessionState, event: EventEnvelope): void => {
  session.pendingIds.delete(event.id)
  session.orphans.push(event)
  session.areOrphansSent = false
}

/** The leader has the orphans as dead letters: it keeps them from here on. */
const forgetAnswered = (session: SessionState, refused: ReadonlyArray<RefusedEvent>): void => {
  if (session.orphans.length === 0) return
  const answered = new Map(refused.map((row) => [row.event.id, row]))
  const told = session.orphans.flatMap(({ id }) => answered.get(id) ?? [])
  session.orphans = session.orphans.filter(({ id }) => !answered.has(id))
  if (told.length > 0) session.listener.onRefused(told)
}
