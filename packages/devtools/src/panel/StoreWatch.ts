/**
 * Watches one store for an inspector, with bounded memory and work: what happens is noted as it happens (a push onto a
 * bounded list), what is shown is read when somebody looks, at most {@link ticksPerSecondMax} times a second. Nothing is
 * polled: a store in which nothing happens, and nothing waits, costs nothing.
 */
import { inspectStore, type QuarantinedEvent, type RejectedRow, type Store, type StoreStatus } from '@headwater/core'
import { diagnose, type Finding } from '../inspect/Diagnosis.ts'
import { Timeline } from './Timeline.ts'

/** What an inspector shows wherever one looks. */
export interface WatchedFacts {
  readonly status: StoreStatus
  readonly findings: ReadonlyArray<Finding>
  readonly rejected: ReadonlyArray<RejectedRow>
  /** Without those that the app has dismissed. */
  readonly quarantined: ReadonlyArray<QuarantinedEvent>
}

/** People do not read faster. */
export const ticksPerSecondMax = 4

/** While something waits, for how long it has is news. **Units** ms. */
const ageEveryMs = 5000

/** Lists of lost events that are longer are read less often. **Units** rows, ms. */
const longList = 1000
const longListEveryMs = 5000

/** A leader that does not answer within it is asked again with the next change. **Units** ms. */
const answerWithinMs = 2000

export class StoreWatch {
  readonly store: Store
  readonly timeline = new Timeline()
  readonly #listeners = new Set<() => void>()
  readonly #leave: ReadonlyArray<() => void>
  #facts: WatchedFacts | undefined
  readonly #rejected = new ReadList<RejectedRow>()
  readonly #quarantined = new ReadList<QuarantinedEvent>()
  #oldestUnsettledAt: number | null = null
  #isAsking = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #age: ReturnType<typeof setTimeout> | undefined
  #tickedAt = 0

  constructor(store: Store) {
    this.store = store
    this.#leave = [
      store.onStatus((status) => {
        this.timeline.status(status, Date.now())
        this.#changed()
      }),
      store.onNotice((notice) => {
        this.timeline.notice(notice, Date.now())
        if (notice._tag === 'rejected' || notice._tag === 'reinstated') this.#rejected.isOld = true
        if (notice._tag === 'quarantined') this.#quarantined.isOld = true
        this.#changed()
      }),
      inspectStore(store).observe({
        now: () => performance.now(),
        onStep: (step) => {
          this.timeline.step(step, Date.now())
          if (step._tag === 'rebase' || step._tag === 'snapshot') this.#quarantined.isOld = true
          this.#changed()
        },
      }),
    ]
  }

  /** As of the last tick. */
  get facts(): WatchedFacts {
    return (this.#facts ??= this.#read())
  }

  /** Calls `onTick` when there is news to show, until the answer is called: somebody looks. */
  look(onTick: () => void): () => void {
    this.#listeners.add(onTick)
    this.#changed()
    return () => this.#listeners.delete(onTick)
  }

  /** Lost events were changed by whoever calls. */
  refresh(): void {
    this.#rejected.isOld = true
    this.#quarantined.isOld = true
    this.#changed()
  }

  #changed(): void {
    if (this.#listeners.size === 0 || this.#timer !== undefined) return
    const wait = Math.max(0, this.#tickedAt + 1000 / ticksPerSecondMax - performance.now())
    this.#timer = setTimeout(() => this.#tick(), wait)
  }

  #tick(): void {
    this.#timer = undefined
    if (this.#listeners.size === 0) return
    this.#tickedAt = performance.now()
    this.#show()
    void this.#ask()
    const { session, backend, isClosed } = this.facts.status
    if (isClosed || session.pending + backend.pending === 0) return
    clearTimeout(this.#age)
    this.#age = setTimeout(() => this.#changed(), ageEveryMs)
  }

  #show(): void {
    this.#facts = this.#read()
    for (const listener of Array.from(this.#listeners)) listener()
  }

  #read(): WatchedFacts {
    const { store } = this
    const { status } = store
    if (!status.isClosed && this.#quarantined.isDue) this.#readQuarantine()
    const [rejected, quarantined] = [this.#rejected.rows, this.#quarantined.rows]
    const [oldestHere] = status.session.pending === 0 ? [] : inspectStore(store).pending(1)
    const oldest = status.backend.pending === 0 ? null : this.#oldestUnsettledAt
    const findings = diagnose({
      status,
      oldestUnsettledAt: oldest ?? oldestHere?.createdAt ?? null,
      rejected: rejected.length,
      quarantined: quarantined.length,
      now: Date.now(),
    })
    return { status, findings, rejected, quarantined }
  }

  /** Not while the store has no database: it opens, or is being made anew. */
  #readQuarantine(): void {
    try {
      this.#quarantined.isOld = false
      this.#quarantined.take(this.store.quarantined.list())
    } catch {
      this.#quarantined.isOld = true
    }
  }

  /** What only the leader knows. While it does not answer, what is shown is what it said last. */
  async #ask(): Promise<void> {
    const { status } = this.store
    if (this.#isAsking || status.isClosed || status.leader.connection !== 'connected') return
    this.#isAsking = true
    const signal = AbortSignal.timeout(answerWithinMs)
    try {
      const after = status.leader.settledHead
      const [rejected, page] = await Promise.all([
        this.#rejected.isDue ? this.#readRejected(signal) : false,
        status.backend.pending === 0 ? null : inspectStore(this.store).readLog({ after, limit: 1, signal }),
      ])
      const oldest = page?.events[0]?.createdAt ?? null
      const isNews = rejected || oldest !== this.#oldestUnsettledAt
      this.#oldestUnsettledAt = oldest
      if (isNews) this.#show()
    } catch {
      // The next change asks again.
    } finally {
      this.#isAsking = false
    }
  }

  /** What is refused meanwhile makes it old again. */
  async #readRejected(signal: AbortSignal): Promise<boolean> {
    this.#rejected.isOld = false
    try {
      this.#rejected.take(await this.store.rejected.list({ signal }))
      return true
    } catch (error) {
      this.#rejected.isOld = true
      throw error
    }
  }

  /** Leaves the store as if nobody had looked. */
  stop(): void {
    for (const leave of this.#leave) leave()
    this.#listeners.clear()
    clearTimeout(this.#timer)
    clearTimeout(this.#age)
    this.#timer = undefined
  }
}

/** A list that is read when it is known to be old; a long one not again and again. */
class ReadList<Row> {
  rows: ReadonlyArray<Row> = []
  isOld = true
  #readAt = -Infinity

  get isDue(): boolean {
    const isLong = this.rows.length > longList
    return this.isOld && (!isLong || performance.now() - this.#readAt > longListEveryMs)
  }

  take(rows: ReadonlyArray<Row>): void {
    this.rows = rows
    this.#readAt = performance.now()
  }
}
