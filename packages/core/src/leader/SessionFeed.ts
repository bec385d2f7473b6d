/**
 * What one session has been told: a cursor into the log, not a queue of messages.
 *
 * One `feed` is under way at a time. While it is, whatever happens only moves the log and, for a rollback, the cursor;
 * the next message covers all of it. So a frozen session costs nothing, and comes back with one message.
 *
 * **Source**  spec section 5, "Feed".
 */
import type { BackendStatus, Feed, FeedRow, LeaderFacts, LeaderMessage, Subscribe } from '../channel/LeaderMessage.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, type EventSequenceNumber } from '../event/EventSequenceNumber.ts'
import type { Eventlog } from './Eventlog.ts'
import type { EffectHashes } from './EffectHashes.ts'
import type { RecentRows } from './RecentRows.ts'

/** Bytes of args after which a feed message ends: what a session can materialize within a frame or two. */
const feedBytesMax = 1024 * 1024

/** What a feed reads of its leader. */
export interface FeedSource {
  readonly log: Eventlog
  readonly recent: RecentRows
  readonly hashes: EffectHashes
  readonly host: SessionFeed | null
  readonly feedEventsMax: number
}

export type SendToSession = (message: LeaderMessage, transfer?: ReadonlyArray<ArrayBufferLike>) => void

export class SessionFeed {
  readonly sessionId: string
  readonly send: SendToSession
  readonly subscription: Subscribe
  /** Something may have happened since the last message. */
  isDirty = true
  /** A message waits for its `ack`. */
  isUnderWay = false
  /** The message under way asks for effects. */
  isAskedForEffects = false
  #isOutdated = false
  /** Pushed by the outdated session, and not answered yet. */
  #kept: Array<string> = []
  /**
   * What this session may push although the log has it: everything that was pending when it subscribed. What it commits
   * later has ids of its own and needs no look-up.
   */
  readonly #mayBeKnown: Set<string>
  #isPushingAgain = false
  #position: EventSequenceNumber
  #epoch: number
  #sent: LeaderFacts | null = null
  /** Events this session pushed since it subscribed and was not sent yet: it has them, so their ids are enough. */
  readonly #own = new Set<string>()

  constructor(sessionId: string, send: SendToSession, subscription: Subscribe, at: EventSequenceNumber, epoch: number) {
    this.sessionId = sessionId
    this.send = send
    this.subscription = { ...subscription, pending: [], confirmed: [] }
    this.#mayBeKnown = new Set(subscription.pending.map(({ id }) => id))
    this.#position = at
    this.#epoch = epoch
  }

  get position(): EventSequenceNumber {
    return this.#position
  }

  /** The session's schema is not the leading one: it gets no rows, only told what of its own the leader has. */
  get isOutdated(): boolean {
    return this.#isOutdated
  }

  /** From here on it pushes once more whatever it has pending. */
  beOutdated(): void {
    this.#isOutdated = true
    this.#isPushingAgain = true
  }

  /** The leader has answered for these. */
  keep(events: Iterable<{ readonly id: string }>): void {
    if (!this.#isOutdated) return
    for (const { id } of events) this.#kept.push(id)
    this.isDirty = true
  }

  /** Whether a pushed event has to be looked up before it is admitted. */
  mayBeKnown(id: string): boolean {
    return this.#isPushingAgain || this.#mayBeKnown.has(id)
  }

  /** The session was refused a push and will send everything pending once more. */
  refusePush(head: EventSequenceNumber, { status }: Eventlog): void {
    this.#isPushingAgain = true
    this.send({ _tag: 'push-refused', term: status.term, epoch: status.epoch, head })
  }

  rememberOwn(events: Iterable<{ readonly id: string }>): void {
    for (const { id } of events) this.#own.add(id)
  }

  /** A rollback took away rows that this session has been sent. */
  lowerTo(base: EventSequenceNumber): void {
    if (compare(this.#position, base) > 0) this.#position = base
  }

  sendStatus(facts: LeaderFacts, status: BackendStatus): void {
    this.send({ _tag: 'status', term: facts.term, status, facts })
  }

  /** Sends what is new, if a message may be sent and there is a reason to. */
  flush(source: FeedSource, facts: LeaderFacts): void {
    if (!this.isDirty || (this.isUnderWay && !this.#isOutdated)) return
    if (this.#isOutdated) return this.#sendKept(facts)
    const message = this.#next(source, facts)
    this.isDirty = message?.hasMore ?? false
    if (message === null) return
    this.isUnderWay = true
    this.isAskedForEffects = message.effectsWantedAfter !== null
    this.send(message)
  }

  #sendKept(facts: LeaderFacts): void {
    this.isDirty = false
    this.send({ _tag: 'kept', facts, ids: this.#kept.splice(0) })
  }

  #next({ log, recent, hashes, host, feedEventsMax }: FeedSource, facts: LeaderFacts): Feed | null {
    const [base, fromEpoch] = [this.#position, this.#epoch]
    const rows = cutBytes(recent.page(log, base, feedEventsMax))
    const end = rows.at(-1)?.seq ?? base
    const wanted = host === this && compare(facts.stateHead, end) < 0 ? facts.stateHead : null
    const isNews = rows.length > 0 || fromEpoch !== facts.epoch || wanted !== null || this.#hasNewFacts(facts)
    if (!isNews) return null
    this.#position = end
    this.#epoch = facts.epoch
    this.#sent = facts
    return {
      _tag: 'feed',
      facts,
      fromEpoch,
      base,
      baseId: fromEpoch === facts.epoch ? null : (log.idAt(base) ?? null),
      rows: rows.map((row) => this.#toFeedRow(row, hashes)),
      hasMore: compare(end, facts.localHead) < 0,
      refused: fromEpoch === facts.epoch ? [] : log.rejectedOf(this.sessionId),
      effectsWantedAfter: wanted,
    }
  }

  #hasNewFacts({ attachment, settledHead, stateHead }: LeaderFacts): boolean {
    const sent = this.#sent
    if (sent === null || sent.attachment !== attachment) return true
    return compare(sent.settledHead, settledHead) !== 0 || compare(sent.stateHead, stateHead) !== 0
  }

  #toFeedRow({ seq, event }: NumberedEvent, hashes: EffectHashes): FeedRow {
    return this.#own.delete(event.id) ? { seq, id: event.id } : { seq, id: event.id, event, ...hashes.of(event.id) }
  }
}

/** The first rows, as many as one message may carry. */
export const cutBytes = (rows: ReadonlyArray<NumberedEvent>): ReadonlyArray<NumberedEvent> => {
  let bytes = 0
  const end = rows.findIndex(({ event }, i) => (bytes += event.argsJson.length) > feedBytesMax && i > 0)
  return end < 0 ? rows : rows.slice(0, end)
}
