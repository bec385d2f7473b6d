/**
 * The two loops between a leader and its backend. Each is *await I/O → one synchronous step of the leader*; neither
 * holds anything while it waits, so they need no locks.
 *
 * - **Pull**: learn which log this is, then one live stream from the durable cursor, for ever. Pages that have
 *   arrived together are merged into one.
 * - **Push**: one batch in flight. An accepted one moves `acknowledgedGlobal` and the next batch goes at once; nothing is
 *   settled by an answer, only by a pull.
 *
 * Every failure ends up in {@link handleFailure}: retried for ever with backoff, or sync stops until the app decides.
 *
 * **Source**  spec sections 3 (steps 4 and 5), 7 and 9.
 */
import * as Effect from 'effect/Effect'
import type * as Latch from 'effect/Latch'
import * as Result from 'effect/Result'
import * as Stream from 'effect/Stream'
import { batchEventsMax } from '../backend/BackendLimits.ts'
import { retryDelayMs } from '../backend/RetryPolicy.ts'
import type { PullPage, PushAnswer, PushBatch, SyncBackend } from '../backend/SyncBackend.ts'
import { BackendReset, HistoryChanged, ProtocolError, SyncBackendError } from '../backend/SyncBackendError.ts'
import { nextBatch } from './BackendBatch.ts'
import { describeError, noteBackend } from './BackendStatus.ts'
import { EventUnknown, LeaderStale, PullGap } from './LeaderError.ts'
import type { SyncStatusRow } from './EventlogStatements.ts'
import type { LeaderState } from './LeaderState.ts'
import { writeBeside } from './LogWriter.ts'
import { admitPage, admitRejections } from './PageAdmission.ts'

export interface BackendLoops {
  readonly leader: LeaderState
  readonly backend: SyncBackend
  /** Runs a synchronous step of the leader and then tells the sessions. */
  readonly step: (body: () => void) => void
  /** Open while there may be something to push. */
  readonly pushWork: Latch.Latch
  /** Open once the first pull has caught up or failed: pushing before that would only be answered `BackendAhead`. */
  readonly pulledOnce: Latch.Latch
  /** Open unless sync has stopped. */
  readonly running: Latch.Latch
  /** Opened for a moment to end every back-off: connectivity is back, the app says so. */
  readonly wake: Latch.Latch
  /** Opened for a moment when the log is bound to a backend log anew. */
  readonly reattached: Latch.Latch
}

type Failure = SyncBackendError | HistoryChanged | BackendReset | ProtocolError | { readonly _tag: string }

/** Runs both loops until interrupted. */
export const runBackendLoops = (loops: BackendLoops): Effect.Effect<void> =>
  Effect.all([pullLoop(loops), pushLoop(loops), watchConnection(loops)], { concurrency: 'unbounded', discard: true })

const watchConnection = ({ leader, backend, wake }: BackendLoops): Effect.Effect<void> =>
  Stream.runForEach(backend.connection, (state) =>
    Effect.sync(() => {
      if (state === 'connecting' && leader.backend.connection === 'online') return
      noteBackend(leader, { connection: state })
      if (state === 'online') pulse(wake)
    }),
  )

/** Lets go whoever waits at the latch at this moment. */
export const pulse = (latch: Latch.Latch): void => {
  latch.openUnsafe()
  latch.closeUnsafe()
}

// ---------------------------------------------------------------------------------------------------------- pull

const pullLoop = Effect.fnUntraced(function* (loops: BackendLoops) {
  const retry = { attempt: 0 }
  for (;;) {
    yield* loops.running.await
    const result = yield* Effect.result(pullOnce(loops, retry))
    loops.pulledOnce.openUnsafe()
    if (Result.isFailure(result)) yield* handleFailure(loops, result.failure, 'pull')
    yield* backOff(loops, retry, Result.isFailure(result) ? result.failure : undefined)
  }
})

const pullOnce = Effect.fnUntraced(function* (loops: BackendLoops, retry: { attempt: number }) {
  const { leader, backend } = loops
  if (leader.log.status.backendId === null) yield* identify(loops)
  const { backendId, head, headEventId, cursorJson } = leader.log.status
  const pages = backend.pull({
    backendId,
    after: { global: head, eventId: headEventId },
    cursor: cursorJson,
    isLive: true,
  })
  const untilTheEnd = Stream.runForEachArray(pages, (arrived) => {
    retry.attempt = 0
    return takePages(loops, arrived)
  })
  // A stream on a log that this one is no longer bound to has nothing to say.
  yield* Effect.raceFirst(untilTheEnd, loops.reattached.await)
})

/** Stores which log this is before the first push or page. */
const identify = Effect.fnUntraced(function* ({ leader, backend, step }: BackendLoops) {
  const info = yield* backend.ping
  yield* attempt(() =>
    step(() => {
      writeBeside(leader, { status: { backendId: info.backendId } })
      noteBackend(leader, { connection: 'online', head: info.head.global, error: null })
    }),
  )
})

const takePages = (loops: BackendLoops, pages: ReadonlyArray<PullPage>): Effect.Effect<void, Failure> =>
  attempt(() =>
    loops.step(() => {
      const { leader } = loops
      const last = pages.at(-1)
      if (last === undefined) return
      for (const page of pages) mustBeOurs(leader, page.backendId)
      admitPage(leader, { events: pages.flatMap((page) => page.events), cursor: furthestCursor(pages) })
      leader.pulledAttachment = leader.log.status.attachment
      noteBackend(leader, { connection: 'online', head: last.head.global, isCaughtUp: last.isCaughtUp, error: null })
      if (last.isCaughtUp) loops.pulledOnce.openUnsafe()
    }),
  )

/** The cursor of the page that goes furthest; an empty page stands where the stream stands. */
const furthestCursor = (pages: ReadonlyArray<PullPage>): string | null => {
  let furthest: PullPage | undefined
  const endOf = (page: PullPage | undefined): number => page?.events.at(-1)?.global ?? 0
  for (const page of pages) if (page.events.length === 0 || endOf(page) >= endOf(furthest)) furthest = page
  return furthest?.cursor ?? null
}

const mustBeOurs = ({ log }: LeaderState, received: string): void => {
  // Attached anew while this stream was open: it is opened again from where the log stands now.
  if (log.status.backendId === null) throw new PullGap({ expected: log.status.head + 1, received: 0 })
  if (received !== log.status.backendId) throw new BackendReset({ expected: log.status.backendId, received })
}

// ---------------------------------------------------------------------------------------------------------- push

const pushLoop = Effect.fnUntraced(function* (loops: BackendLoops) {
  const retry = { attempt: 0 }
  let eventsMax = batchEventsMax
  yield* loops.pulledOnce.await
  for (;;) {
    yield* loops.pushWork.await
    // Last: sync may have stopped while there was nothing to push.
    yield* loops.running.await
    const next = yield* Effect.result(attempt(() => readBatch(loops, eventsMax)))
    if (Result.isFailure(next)) {
      yield* handleFailure(loops, next.failure, 'push')
      yield* backOff(loops, retry, next.failure)
      continue
    }
    const batch = next.success
    if (batch === undefined) {
      noteBackend(loops.leader, { pushFailure: null })
      loops.pushWork.closeUnsafe()
      continue
    }
    const result = yield* Effect.result(pushOnce(loops, batch))
    if (Result.isSuccess(result)) {
      retry.attempt = 0
      eventsMax = Math.min(batchEventsMax, eventsMax * 2)
    } else if (isTooLarge(result.failure)) {
      eventsMax = Math.max(1, batch.events.length >> 1)
      const givenUp = yield* Effect.result(attempt(() => giveUpOnTooLarge(loops, batch, result.failure)))
      if (Result.isFailure(givenUp)) yield* backOff(loops, retry, givenUp.failure)
    } else {
      yield* handleFailure(loops, result.failure, 'push')
      yield* backOff(loops, retry, result.failure)
    }
  }
})

/** A step of its own: the log may fail to be read, or turn out to be damaged. */
const readBatch = ({ leader, step }: BackendLoops, eventsMax: number): PushBatch | undefined => {
  let batch: PushBatch | undefined
  step(() => {
    batch = nextBatch(leader, eventsMax)
  })
  return batch
}

const isTooLarge = (failure: Failure): boolean =>
  failure instanceof SyncBackendError && failure.reason._tag === 'BatchTooLarge'

/** 413 for a single event: the backend can never take it. */
const giveUpOnTooLarge = ({ leader, step }: BackendLoops, { events }: PushBatch, failure: Failure): void => {
  const [event] = events
  if (events.length > 1 || event === undefined || !(failure instanceof SyncBackendError)) return
  step(() => admitRejections(leader, [{ eventId: event.id, reason: failure.reason.message }], 'too-large'))
}

const pushOnce = Effect.fnUntraced(function* (loops: BackendLoops, batch: PushBatch) {
  const { leader, backend, step } = loops
  const sentIn = leader.log.status
  const answer = yield* backend.push(batch)
  const needsPull = yield* attempt(() => {
    let result = false
    step(() => {
      result = takeAnswer(leader, batch, answer, sentIn)
    })
    return result
  })
  if (needsPull) yield* pullTail(loops)
})

/** One step on the answer to `batch`; whether what is missing has to be pulled at once. */
const takeAnswer = (
  leader: LeaderState,
  batch: PushBatch,
  answer: PushAnswer,
  sentIn: Pick<SyncStatusRow, 'epoch' | 'attachment'>,
): boolean => {
  const { epoch, attachment } = leader.log.status
  // It speaks of a log that this one is no longer bound to.
  if (attachment !== sentIn.attachment) return false
  noteBackend(leader, { pushFailure: null, ...('head' in answer ? { head: answer.head.global } : {}) })
  switch (answer._tag) {
    case 'Accepted':
      // If the log was rebased meanwhile the numbers mean other events; they are pushed again, and known.
      if (epoch === sentIn.epoch) leader.acknowledgedGlobal = batch.events.at(-1)!.global
      // A live stream brings them back by itself.
      return !leader.backend.isCaughtUp
    case 'BackendAhead': {
      const missing = answer.missing ?? []
      if (missing.length > 0) admitPage(leader, { events: missing })
      return missing.length === 0 || leader.log.status.head < answer.head.global
    }
    case 'Rejected':
      admitRejections(leader, answer.rejections)
      return false
    case 'HistoryChanged':
      throw new HistoryChanged({
        detail: 'the parent of our first unsettled event is gone',
        headGlobal: answer.head.global,
      })
  }
}

/** Pulls up to the backend's head without waiting for the live stream. */
const pullTail = (loops: BackendLoops): Effect.Effect<void, Failure> =>
  Effect.suspend(() => {
    const { head, headEventId, backendId, cursorJson } = loops.leader.log.status
    return loops.backend
      .pull({ backendId, after: { global: head, eventId: headEventId }, cursor: cursorJson, isLive: false })
      .pipe(Stream.runForEachArray((pages) => takePages(loops, pages)))
  })

// ------------------------------------------------------------------------------------------------------- failures

const attempt = <A>(body: () => A): Effect.Effect<A, Failure> =>
  Effect.try({ try: body, catch: (error) => (isFailure(error) ? error : { _tag: 'Defect', error }) })

const isFailure = (error: unknown): error is Failure => typeof error === 'object' && error !== null && '_tag' in error

const connectionAfter = (failure: Failure): 'offline' | 'unauthorized' | undefined => {
  if (!(failure instanceof SyncBackendError)) return undefined
  return failure.reason._tag === 'Unauthorized' ? 'unauthorized' : 'offline'
}

/** Trying again changes nothing: sync stops until the app decides, or a schema that knows the event takes the lead. */
const isFinal = (error: unknown): error is HistoryChanged | BackendReset | ProtocolError | EventUnknown =>
  error instanceof HistoryChanged ||
  error instanceof BackendReset ||
  error instanceof ProtocolError ||
  error instanceof EventUnknown

const causeOf = (failure: Failure): unknown => {
  if (failure instanceof SyncBackendError) return failure.reason
  return failure._tag === 'Defect' && 'error' in failure ? failure.error : failure
}

const handleFailure = ({ leader, step }: BackendLoops, failure: Failure, of: 'push' | 'pull'): Effect.Effect<void> => {
  // Someone else leads; the step has ended this leader.
  if (failure instanceof LeaderStale) return Effect.void
  const report = attempt(() =>
    step(() => {
      const error = causeOf(failure)
      const connection = connectionAfter(failure)
      if (isFinal(error)) {
        leader.stopped = error
        leader.notices.push({ _tag: 'stopped', error: describeError(error) })
      } else if (of === 'push') {
        return noteBackend(leader, { pushFailure: { error: describeError(error), connection: connection ?? null } })
      }
      noteBackend(leader, { error, ...(connection === undefined ? {} : { connection }), isCaughtUp: false })
    }),
  )
  return Effect.ignore(report)
}

const backOff = (loops: BackendLoops, retry: { attempt: number }, failure: Failure | undefined): Effect.Effect<void> =>
  Effect.suspend(() => {
    const reason = failure instanceof SyncBackendError ? failure.reason : undefined
    const retryAfterMs = reason !== undefined && 'retryAfterMs' in reason ? reason.retryAfterMs : undefined
    const random = loops.leader.environment.random()
    const delay = retryDelayMs({ attempt: retry.attempt, random, retryAfterMs })
    retry.attempt++
    // What failed before connectivity was back says nothing about how long to wait now.
    const woken = Effect.map(loops.wake.await, () => void (retry.attempt = 0))
    return Effect.raceFirst(Effect.sleep(delay), woken)
  })
