import type { Query } from '../schema/Query.ts'
import { combineAnswers, type LiveAnswer, type LiveResult } from './LiveResult.ts'

/** How an answer is kept up to date; see the table at the head of `LiveQueries.ts`. */
export type LiveKind = 'patched' | 'counted' | 'adjusted' | 'run again'

/** One query, however many subscribe to it. */
export interface LiveQuery {
  /** Counts queries in the order in which they came. */
  readonly number: number
  readonly query: Query<unknown>
  readonly kind: LiveKind
  readonly result: LiveResult
  readonly subscribers: Set<Subscriber>
  /** Ends it. */
  readonly leave: () => void
  /** The last step that changed the answer, or whether there is one. */
  changedAt: number
  /** Why it could not be brought up to date; it is read anew with the next step. */
  failure: { readonly error: unknown } | undefined
}

export interface Subscriber {
  readonly tell: (answer: LiveAnswer) => void
  readonly onError: ((error: unknown) => void) | undefined
  told: LiveAnswer
  /** The query has failed since. */
  hasMissed: boolean
  /** Steps up to this one are in what it was told. */
  since: number
  isActive: boolean
}

interface News {
  readonly step: number
  readonly live: LiveQuery
  /** `undefined`: it failed, or is as before it failed. */
  readonly answer: LiveAnswer | undefined
}

/**
 * What subscribers of live queries are still to be told, in order. Who is told meanwhile of something newer hears of both at
 * once: nobody is told what is not true any more.
 */
export class LiveNews {
  readonly #onError: (error: unknown) => void
  #news: Array<News> = []
  #isTelling = false

  /** `onError`: a subscriber threw. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Some have been told, others not yet. */
  get isTelling(): boolean {
    return this.#isTelling
  }

  /** `answer` is that of the step; `undefined` if the query has failed, or is as before it failed. */
  add(step: number, live: LiveQuery, answer: LiveAnswer | undefined): void {
    live.changedAt = step
    this.#news.push({ step, live, answer })
  }

  tellAll(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let news = this.#news.shift(); news !== undefined; news = this.#news.shift()) {
        for (const subscriber of Array.from(news.live.subscribers)) {
          if (subscriber.since >= news.step) continue
          this.#tellNews(subscriber, news)
        }
      }
    } finally {
      this.#isTelling = false
    }
  }

  #tellNews(subscriber: Subscriber, news: News): void {
    const { failure, changedAt } = news.live
    const answer = failure === undefined ? this.#newest(subscriber, news) : undefined
    subscriber.since = changedAt
    subscriber.hasMissed = failure !== undefined
    const { onError } = subscriber
    if (failure !== undefined) {
      if (onError !== undefined) this.#guarded(subscriber, () => onError(failure.error))
    } else if (answer !== undefined) {
      subscriber.told = answer
      this.tell(subscriber, answer)
    }
  }

  /** What `subscriber` is to be told: the answer that is true now. `undefined` if that is what it was told last. */
  #newest({ told, hasMissed, onError }: Subscriber, { step, live, answer }: News): LiveAnswer | undefined {
    if (live.changedAt === step && !hasMissed) return answer
    const later = this.#news.filter((news) => news.live === live).map((news) => news.answer)
    const answers = [answer, ...later, live.result.current()].filter((one) => one !== undefined)
    const newest = combineAnswers(told, answers, live.result.isEqualRow)
    // It was told of a failure: also an answer as before is news.
    return newest ?? (hasMissed && onError !== undefined ? told : undefined)
  }

  tell(subscriber: Subscriber, answer: LiveAnswer): void {
    this.#guarded(subscriber, () => subscriber.tell(answer))
  }

  /** A subscriber that throws is its own problem, not its neighbours'. */
  #guarded(subscriber: Subscriber, tell: () => void): void {
    if (!subscriber.isActive) return
    try {
      tell()
    } catch (error) {
      this.#onError(error)
    }
  }

  clear(): void {
    this.#news = []
  }
}
