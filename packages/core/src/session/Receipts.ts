/**
 * Receipts follow an event id through any rebase, change of leader and restart. Nothing is kept for a receipt until one
 * of its promises is read; then the session's own pending answers, or the leader is asked where the event is.
 *
 * **Source**  spec section 8.
 */
import { retryDelayMs } from '../backend/RetryPolicy.ts'
import type { EventOutcome, Located, RefusedEvent } from '../channel/LeaderMessage.ts'
import { compare, type EventSequenceNumber, root } from '../event/EventSequenceNumber.ts'
import type { LeaderQuestions } from './LeaderQuestions.ts'
import { EventNotFound, EventRejected, StoreClosed } from './SessionError.ts'
import type { SessionState } from './SessionState.ts'

/** Where an event ended up, for good. */
export interface Confirmation {
  readonly eventId: string
  readonly position: EventSequenceNumber
  /** `skipped`: its materializer failed at its final position, on every client alike. */
  readonly effect: 'applied' | 'skipped'
}

/**
 * What `commit` answers.
 *
 * The promises are made when they are first read and never raise an unhandled rejection.
 */
export interface Receipt {
  /** In the order of the commit. */
  readonly eventIds: ReadonlyArray<string>
  /** The leader has committed all of them to its eventlog. **Rejects with** `EventRejected`, `StoreClosed`. */
  readonly persisted: Promise<void>
  /**
   * The backend has confirmed all of them: settled, never rolled back. Answers for the last one; `events` has each.
   * Stays open while there is no backend. For client-only events it equals `persisted`. **Rejects with** as `persisted`.
   */
  readonly confirmed: Promise<Confirmation & { readonly events: ReadonlyArray<Confirmation> }>
}

type Goal = 'persisted' | 'confirmed'

interface Waiter {
  readonly goal: Goal
  /** With `undefined` only for the goal `persisted`, which does not say where. */
  readonly resolve: (confirmation: Confirmation | undefined) => void
  readonly reject: (error: Error) => void
}

const quiet = <A>(promise: Promise<A>): Promise<A> => {
  promise.catch(() => undefined)
  return promise
}

type Reached = ReadonlyArray<Confirmation | undefined>

/** A class, so that a commit whose receipt nobody reads costs one small object. */
class LazyReceipt implements Receipt {
  readonly eventIds: ReadonlyArray<string>
  readonly #reachAll: (goal: Goal) => Promise<Reached>
  #persisted: Promise<void> | undefined
  #confirmed: Receipt['confirmed'] | undefined

  constructor(eventIds: ReadonlyArray<string>, reachAll: (goal: Goal) => Promise<Reached>) {
    this.eventIds = eventIds
    this.#reachAll = reachAll
  }

  get persisted(): Receipt['persisted'] {
    return (this.#persisted ??= quiet(this.#reachAll('persisted').then(() => undefined)))
  }

  get confirmed(): Receipt['confirmed'] {
    return (this.#confirmed ??= quiet(
      this.#reachAll('confirmed').then((reached) => {
        const events = reached.filter((confirmation) => confirmation !== undefined)
        return { ...events.at(-1)!, events }
      }),
    ))
  }
}

export class Receipts {
  readonly #session: SessionState
  readonly #questions: LeaderQuestions
  readonly #waiters = new Map<string, Array<Waiter>>()
  /** Persisted, waiting to be settled. */
  readonly #unsettled = new Set<string>()
  /** Where the unsettled ones stood when the leader was last asked, in the log that `#locatedIn` names: they are not asked for before the settled head gets there. */
  readonly #positions = new Map<string, EventSequenceNumber>()
  #locatedIn = { epoch: 0, attachment: 0 }
  #isAsking = false
  /** There was a reason to ask while a question was under way: its answer may be older. */
  #asksAgain = false
  /** Questions in a row that the leader could not answer. */
  #failures = 0

  constructor(session: SessionState, questions: LeaderQuestions) {
    this.#session = session
    this.#questions = questions
  }

  of(eventIds: ReadonlyArray<string>): Receipt {
    return new LazyReceipt(eventIds, (goal) => Promise.all(eventIds.map((id) => this.#reach(id, goal))))
  }

  #reach(eventId: string, goal: Goal): Promise<Confirmation | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#session.isClosed) return reject(new StoreClosed({ operation: 'receipt' }))
      const waiters = this.#waiters.get(eventId) ?? []
      waiters.push({ goal, resolve, reject })
      this.#waiters.set(eventId, waiters)
      if (!this.#isHere(eventId)) this.#unsettled.add(eventId)
      this.#askSoon()
    })
  }

  /** The leader does not have it yet: what becomes of it will be told. */
  #isHere(eventId: string): boolean {
    const { pendingIds, orphans } = this.#session
    return pendingIds.has(eventId) || orphans.some(({ id }) => id === eventId)
  }

  /** The leader has these events now. */
  persisted(ids: ReadonlyArray<string>): void {
    if (this.#waiters.size === 0) return
    for (const id of ids) {
      if (!this.#waiters.has(id)) continue
      this.#unsettled.add(id)
      this.#resolve(id, undefined, (waiter) => waiter.goal === 'persisted')
    }
    this.#askSoon()
  }

  /** The settled head has moved, or the log was rolled back. */
  fatesKnown(): void {
    this.#askSoon()
  }

  refused(refused: ReadonlyArray<RefusedEvent>): void {
    for (const { event, reason, detail } of refused)
      this.#reject(event.id, new EventRejected({ eventId: event.id, reason, detail }))
  }

  close(): void {
    for (const id of Array.from(this.#waiters.keys())) this.#reject(id, new StoreClosed({ operation: 'receipt' }))
  }

  /** One question for all whose fate may be known, however many. */
  #askSoon(): void {
    if (this.#unsettled.size === 0) return
    if (this.#isAsking) {
      this.#asksAgain = true
      return
    }
    this.#isAsking = true
    this.#session.environment.microtask(() => void this.#ask())
  }

  async #ask(): Promise<void> {
    this.#asksAgain = false
    this.#forgetMoved()
    const settledHead = this.#session.facts?.settledHead ?? root
    const ids = Array.from(this.#unsettled).filter((id) => {
      const position = this.#positions.get(id)
      return position === undefined || compare(position, settledHead) <= 0
    })
    try {
      const located =
        ids.length === 0 ? [] : await this.#questions.ask('locate', { ids, committedBy: this.#session.sessionId })
      ids.forEach((id, i) => this.#take(id, located[i] ?? { _tag: 'unknown' }))
      // The log went on before the answer was taken: it may name places of a log that is gone.
      this.#forgetMoved()
      this.#isAsking = false
      if (this.#asksAgain) this.#askSoon()
      this.#failures = 0
    } catch (error) {
      this.#isAsking = false
      // Closed: close() has rejected everybody.
      if (this.#session.isClosed) return
      const { environment, listener } = this.#session
      listener.onFailure(error)
      const delay = retryDelayMs({ attempt: this.#failures++, random: environment.random() })
      // The leader's machine fails; there may be no message any more that would be a reason to ask.
      environment.setTimer(() => this.#askSoon(), delay)
    }
  }

  /** A rebase moves events, and in another attachment nothing is settled yet. */
  #forgetMoved(): void {
    const { epoch, attachment } = this.#session.facts ?? { epoch: 0, attachment: 0 }
    if (this.#locatedIn.epoch === epoch && this.#locatedIn.attachment === attachment) return
    this.#locatedIn = { epoch, attachment }
    this.#positions.clear()
  }

  #take(eventId: string, located: Located): void {
    if (located._tag === 'rejected') {
      // The message that takes its effect back is still on its way here: first that, then the word of it.
      if (this.#isShown(eventId)) return
      return this.#reject(eventId, new EventRejected({ eventId, reason: located.reason, detail: located.detail }))
    }
    if (located._tag === 'unknown') {
      if (!this.#isHere(eventId)) this.#reject(eventId, new EventNotFound({ eventId }))
      return
    }
    const { seq, isSettled } = located
    this.#positions.set(eventId, seq)
    const isFinal = seq.client > 0 || (isSettled && (this.#session.facts?.attachment ?? 0) > 0)
    const outcome = this.#outcomeOf(eventId, located)
    const effect = outcome === 'skipped' ? 'skipped' : 'applied'
    this.#resolve(
      eventId,
      { eventId, position: seq, effect },
      ({ goal }) => goal === 'persisted' || (isFinal && outcome !== null),
    )
  }

  /**
   * What has become of an event at its place, by the leader's state or, where that lags behind, by this session's database.
   * `null` while neither has come there: a settled head that moves on here is a reason to ask again.
   */
  #outcomeOf(eventId: string, { seq, outcome }: Extract<Located, { readonly _tag: 'logged' }>): EventOutcome | null {
    const { database, settledHead, hasLeftLog } = this.#session
    if (outcome !== null) return outcome
    // Client-only events are final as they are, and a session that is outdated will not come there.
    const isHere = seq.client > 0 || hasLeftLog || compare(seq, settledHead) <= 0
    if (!isHere) return null
    return database?.quarantineError(eventId) === null ? 'applied' : 'skipped'
  }

  /** This session's tables have the effect of the event, which is not settled. */
  #isShown(eventId: string): boolean {
    const { database, settledHead } = this.#session
    return database?.namesBehind(settledHead).some(({ id }) => id === eventId) === true
  }

  #resolve(eventId: string, confirmation: Confirmation | undefined, isReached: (waiter: Waiter) => boolean): void {
    const waiting: Array<Waiter> = []
    for (const waiter of this.#waiters.get(eventId) ?? []) {
      if (isReached(waiter)) waiter.resolve(confirmation)
      else waiting.push(waiter)
    }
    if (waiting.length > 0) this.#waiters.set(eventId, waiting)
    else this.#forget(eventId)
  }

  #reject(eventId: string, error: Error): void {
    for (const { reject } of this.#waiters.get(eventId) ?? []) reject(error)
    this.#forget(eventId)
  }

  #forget(eventId: string): void {
    this.#waiters.delete(eventId)
    this.#unsettled.delete(eventId)
    this.#positions.delete(eventId)
  }
}
