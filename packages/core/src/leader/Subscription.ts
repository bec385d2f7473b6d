/**
 * A session joins (or joins again): one step that decides what it may keep, answers for each of its pending events, and
 * starts its feed at exactly the place the answer speaks of.
 *
 * | The session                                             | gets                                                      |
 * | ------------------------------------------------------- | --------------------------------------------------------- |
 * | keeps its database, same attachment                     | `resume`: the last row that both have, and what is behind |
 * | has none, lost its base, or knows another attachment    | `snapshot`: the state's bytes, or nothing at the root     |
 * | has an older schema than the leading one                | `outdated`: it may push, it gets no rows                  |
 *
 * **Source**  spec section 5, "Boot, resync" and "Versions".
 */
import type { FeedRow, Subscribe, Subscribed } from '../channel/LeaderMessage.ts'
import { isSameEvent } from '../event/EventEnvelope.ts'
import { compare, equals, type EventSequenceNumber, root } from '../event/EventSequenceNumber.ts'
import { backendStatusOf } from './BackendStatus.ts'
import { EventUnknown } from './LeaderError.ts'
import { factsOf } from './LeaderFacts.ts'
import { hasLeadingSchema, type LeaderState, settledHeadOf } from './LeaderState.ts'
import { cutBytes, type SendToSession, SessionFeed } from './SessionFeed.ts'

/** **Fails with**  `LeaderStale`, `SqliteError`. */
export const subscribe = (leader: LeaderState, send: SendToSession, subscription: Subscribe): SessionFeed => {
  const isOutdated = !takeSchema(leader, send, subscription)
  if (isOutdated) return subscribeOutdated(leader, send, subscription)
  const answer = canResume(leader, subscription) ? resume(leader, subscription) : snapshot(leader, subscription)
  const at = answer.mode === 'snapshot' ? answer.at : (answer.rows.at(-1)?.seq ?? answer.base)
  const feed = new SessionFeed(subscription.sessionId, send, subscription, at, leader.log.status.epoch)
  leader.feeds.delete(send)
  leader.feeds.set(send, feed)
  chooseHost(leader)
  send(answer, answer.mode === 'snapshot' && answer.image !== null ? [answer.image.buffer] : [])
  return feed
}

/** The newest schema leads; of two with the same version and other content the later one does (a developer's reload). */
const takeSchema = (leader: LeaderState, send: SendToSession, { schema, isImageDamaged }: Subscribe): boolean => {
  const leading = leader.schema
  // An older app may open a store alone; it is outdated only beside a newer one.
  if (leading !== null && leader.host !== null && leading.version > schema.version) return false
  if (leading === null || leading.fingerprint !== schema.fingerprint) {
    leader.schema = schema
    leader.effects.clear()
    leader.hashes.forget()
    // Maybe this one knows the event.
    if (leader.stopped instanceof EventUnknown) leader.stopped = null
    for (const feed of leader.feeds.values()) if (feed.send !== send) tellLeading(leader, feed)
  }
  if (isImageDamaged) {
    leader.hashes.forget()
    leader.replica.startEmpty(schema, leader.log)
  }
  leader.replica.useSchema(schema, leader.log, settledHeadOf(leader))
  if (leader.replica.head === null) leader.replica.startEmpty(schema, leader.log)
  return true
}

/** Another schema leads from here on. */
const tellLeading = (leader: LeaderState, feed: SessionFeed): void => {
  if (!hasLeadingSchema(leader, feed)) tellOutdated(leader, feed)
  else if (feed.isOutdated) takeBack(leader, feed)
}

/** It subscribes again, and is no longer outdated then. */
const takeBack = (leader: LeaderState, feed: SessionFeed): void =>
  feed.send({ _tag: 'hello', term: leader.log.status.term })

/** Without anybody who has the leading schema the newest of those that were outdated leads; it takes its like back. */
export const takeNewestBack = (leader: LeaderState): void => {
  if (leader.host !== null) return
  const versionOf = (feed: SessionFeed) => feed.subscription.schema.version
  const [newest] = Array.from(leader.feeds.values()).sort((a, b) => versionOf(b) - versionOf(a))
  if (newest !== undefined) takeBack(leader, newest)
}

const tellOutdated = (leader: LeaderState, feed: SessionFeed): void => {
  feed.beOutdated()
  feed.send({ _tag: 'outdated', term: leader.log.status.term, version: leader.schema?.version ?? 0 })
}

const subscribeOutdated = (leader: LeaderState, send: SendToSession, subscription: Subscribe): SessionFeed => {
  const feed = new SessionFeed(subscription.sessionId, send, subscription, root, leader.log.status.epoch)
  leader.feeds.delete(send)
  leader.feeds.set(send, feed)
  tellOutdated(leader, feed)
  return feed
}

/**
 * The host lends the leader its materializers and its backend: the first session with the leading schema. Of one that is
 * connected twice, because nobody has noticed yet that its old connection is dead, it is the newer connection.
 */
export const chooseHost = (leader: LeaderState): void => {
  const fit = [...leader.feeds.values()].filter((feed) => !feed.isOutdated)
  const first = fit.find((feed) => feed === leader.host) ?? fit[0]
  const host = fit.findLast(({ sessionId }) => sessionId === first?.sessionId) ?? null
  if (host !== null && host === leader.host) return
  leader.host = host
  // Whoever was asked will not answer any more.
  leader.imageAskedFor = null
  if (host !== null) host.isDirty = true
}

const canResume = (leader: LeaderState, { wantsSnapshot, attachment, settledHead }: Subscribe): boolean =>
  !wantsSnapshot && attachment === leader.log.status.attachment && compare(settledHead, settledHeadOf(leader)) <= 0

const common = (leader: LeaderState, subscription: Subscribe) =>
  ({
    _tag: 'subscribed',
    n: subscription.n,
    clientId: leader.log.status.clientId,
    facts: factsOf(leader),
    refused: leader.log.rejectedOf(subscription.sessionId),
    status: backendStatusOf(leader),
  }) as const

const resume = (leader: LeaderState, subscription: Subscribe): Extract<Subscribed, { readonly mode: 'resume' }> => {
  const base = commonPrefix(leader, subscription)
  const rows = cutBytes(leader.recent.page(leader.log, base, leader.feedEventsMax)).map(({ seq, event }): FeedRow => ({
    seq,
    id: event.id,
    event,
  }))
  return { ...common(leader, subscription), mode: 'resume', base, baseId: leader.log.idAt(base) ?? null, rows }
}

/** The last row that the session and the log both have: at its settled head at least, which no log ever moves. */
const commonPrefix = (
  { log }: LeaderState,
  { epoch, upstreamHead, settledHead, confirmed }: Subscribe,
): EventSequenceNumber => {
  if (epoch === log.status.epoch && compare(upstreamHead, log.localHead()) <= 0) {
    return log.at(upstreamHead)?.seq ?? { ...root, ...upstreamHead }
  }
  let base: EventSequenceNumber = log.at(settledHead)?.seq ?? { ...root, ...settledHead }
  const rows = log.page(settledHead, Math.max(confirmed.length, 1))
  for (const [i, { global, client, id }] of confirmed.entries()) {
    const row = rows[i]
    if (row === undefined || !equals(row.seq, { global, client }) || row.event.id !== id || log.hasCollided(id)) break
    base = row.seq
  }
  return base
}

const snapshot = (leader: LeaderState, subscription: Subscribe): Extract<Subscribed, { readonly mode: 'snapshot' }> => {
  const image = leader.replica.image()
  const at = image === null ? root : (leader.log.at(image.head.position)?.seq ?? { ...root, ...image.head.position })
  const known: Array<string> = []
  const collided: Array<string> = []
  for (const event of subscription.pending) {
    const row = leader.log.byId(event.id)
    if (row !== undefined) (isSameEvent(row.event, event) ? known : collided).push(event.id)
  }
  return {
    ...common(leader, subscription),
    mode: 'snapshot',
    image: image?.bytes ?? null,
    at,
    atId: image?.head.eventId ?? null,
    trimmedTo: image?.head.trimmedTo ?? root,
    known,
    collided,
  }
}
