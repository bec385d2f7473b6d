import {
  type ConnectionState,
  type PullPage,
  type PullRequest,
  type PushAnswer,
  type PushBatch,
  RateLimited,
  type SyncBackend,
  SyncBackendError,
  type SyncBackendProvider,
  type SyncBackendReason,
  TimedOut,
  Unavailable,
  Unreachable,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'
import type * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import { type BackendFaultKind, type BackendFaults, backendFaultKinds, checkFaults } from './BackendFaults.ts'
import { seededRandom } from './SeededRandom.ts'

export interface FaultyBackendOptions {
  /** The same seed gives the same faults for the same order of calls. Not together with `random`. */
  readonly seed?: number
  /** Uniform in [0, 1): the random source of a simulation. */
  readonly random?: () => number
  /** Default: none. */
  readonly faults?: BackendFaults
}

/** A provider in front of another, with faults that can be changed at any time. */
export interface FaultyBackend extends SyncBackendProvider {
  /** From now on these, instead of those set before; `{}` ends them. **Fails with** a `RangeError`. */
  readonly setFaults: (faults: BackendFaults) => void
  /** The next push is judged and stored, its answer never arrives: `Unreachable`, at once. */
  readonly loseNextAnswer: () => void
  /** Offline: every call and stream is `Unreachable` at once, and the connection says so. */
  readonly setOnline: (isOnline: boolean) => void
  /** Ends the streams that are open now. */
  readonly cutStreams: () => void
  /** How often each fault was injected so far. */
  readonly counts: Readonly<Record<BackendFaultKind, number>>
}

interface FaultyState {
  readonly random: () => number
  readonly counts: Record<BackendFaultKind, number>
  readonly online: SubscriptionRef.SubscriptionRef<boolean>
  faults: BackendFaults
  answersToLose: number
  /** Opened to end the streams that are open now. */
  cut: Latch.Latch
}

type Operation = SyncBackendError['operation']

/**
 * Puts faults between clients and any backend. What comes through is what the backend said: pages stay in order, no
 * answer is made up, every failure is one that the port allows and is retryable. Its clock is Effect's, so it runs on
 * virtual time.
 *
 * **Example**
 * ```ts
 * const backend = faultyBackend(memoryBackend(), { seed: 1, faults: { loseAnswer: 0.2, cutStream: 0.1, latencyMs: 50 } })
 * ```
 *
 * **Fails with**  a `RangeError` for a probability that is none.
 *
 * @category testing
 */
export const faultyBackend = (inner: SyncBackendProvider, options: FaultyBackendOptions = {}): FaultyBackend => {
  const { seed = 1, random = seededRandom(seed), faults = {} } = options
  checkFaults(faults)
  const counts = Object.fromEntries(backendFaultKinds.map((kind) => [kind, 0])) as Record<BackendFaultKind, number>
  const online = Effect.runSync(SubscriptionRef.make(true))
  const state: FaultyState = { random, counts, online, faults, answersToLose: 0, cut: Latch.makeUnsafe(false) }
  return {
    name: inner.name,
    make: (context) =>
      Effect.gen(function* () {
        const scope = yield* Effect.scope
        return wrap(state, yield* inner.make(context), scope)
      }),
    counts,
    setFaults: (next) => {
      checkFaults(next)
      state.faults = next
    },
    loseNextAnswer: () => {
      state.answersToLose += 1
    },
    setOnline: (isOnline) => {
      Effect.runSync(SubscriptionRef.set(online, isOnline))
      if (!isOnline) cutStreams(state)
    },
    cutStreams: () => cutStreams(state),
  }
}

const cutStreams = (state: FaultyState): void => {
  const { cut } = state
  state.cut = Latch.makeUnsafe(false)
  cut.openUnsafe()
}

const wrap = (state: FaultyState, backend: SyncBackend, scope: Scope.Scope): SyncBackend => ({
  name: backend.name,
  ping: Effect.andThen(
    request(state, 'ping'),
    Effect.flatMap(backend.ping, (info) => Effect.as(answer(state, 'ping'), info)),
  ),
  push: (batch) => push(state, backend, scope, batch),
  pull: (asked) => pull(state, backend, asked),
  connection: Stream.zipLatestWith(
    backend.connection,
    SubscriptionRef.changes(state.online),
    (inner, isOnline): ConnectionState => (isOnline ? inner : 'offline'),
  ).pipe(Stream.changes),
})

/** Draws whether this happens now; counted if it does. What cannot happen draws nothing. */
const happens = (state: FaultyState, kind: BackendFaultKind): boolean => {
  const probability = state.faults[kind] ?? 0
  if (probability === 0 || state.random() >= probability) return false
  state.counts[kind] += 1
  return true
}

const timeoutMs = ({ faults }: FaultyState): number => faults.timeoutMs ?? 3_000
const within = (state: FaultyState, ms: number): Effect.Effect<void> =>
  Effect.suspend(() => (ms === 0 ? Effect.void : Effect.sleep(state.random() * ms)))
const latency = (state: FaultyState): Effect.Effect<void> => within(state, state.faults.latencyMs ?? 0)
const holding = (state: FaultyState): Effect.Effect<void> => within(state, state.faults.holdMs ?? 1_000)

const failWith = (operation: Operation, reason: SyncBackendReason): Effect.Effect<never, SyncBackendError> =>
  Effect.fail(new SyncBackendError({ operation, reason }))

const unnoticed = (state: FaultyState, operation: Operation): Effect.Effect<never, SyncBackendError> =>
  Effect.andThen(Effect.sleep(timeoutMs(state)), failWith(operation, new TimedOut({ afterMs: timeoutMs(state) })))

const away = new Unreachable({ detail: 'cut by faultyBackend' })

const retryableReason = (state: FaultyState): SyncBackendReason => {
  const drawn = state.random()
  const retryAfterMs = Math.ceil(state.random() * 100)
  if (drawn < 0.25) return new RateLimited({ retryAfterMs })
  if (drawn < 0.5) return new Unavailable({ detail: '503 by faultyBackend', retryAfterMs })
  return drawn < 0.75 ? new Unavailable({ detail: '502 by faultyBackend' }) : away
}

/** The way there. */
const request = (state: FaultyState, operation: Operation): Effect.Effect<void, SyncBackendError> =>
  Effect.suspend(() => {
    if (!SubscriptionRef.getUnsafe(state.online)) return failWith(operation, away)
    if (happens(state, 'fail')) return failWith(operation, retryableReason(state))
    return happens(state, 'loseRequest') ? unnoticed(state, operation) : latency(state)
  })

/** The way back. */
const answer = (state: FaultyState, operation: Operation): Effect.Effect<void, SyncBackendError> =>
  Effect.suspend(() => {
    if (!SubscriptionRef.getUnsafe(state.online)) return failWith(operation, away)
    return happens(state, 'loseAnswer') ? unnoticed(state, operation) : latency(state)
  })

const push = (
  state: FaultyState,
  backend: SyncBackend,
  scope: Scope.Scope,
  batch: PushBatch,
): Effect.Effect<PushAnswer, SyncBackendError> =>
  Effect.gen(function* () {
    const later = (sendMs: number) =>
      Effect.sleep(sendMs).pipe(
        Effect.andThen(holding(state)),
        Effect.andThen(Effect.ignore(backend.push(batch))),
        Effect.forkIn(scope),
      )
    yield* request(state, 'push')
    if (happens(state, 'lateRequest')) {
      yield* later(timeoutMs(state))
      return yield* unnoticed(state, 'push')
    }
    if (happens(state, 'duplicatePush')) yield* later(0)
    const judged = yield* backend.push(batch)
    if (state.answersToLose > 0) {
      state.answersToLose -= 1
      return yield* failWith('push', away)
    }
    yield* answer(state, 'push')
    return judged
  })

const pull = (
  state: FaultyState,
  backend: SyncBackend,
  asked: PullRequest,
): Stream.Stream<PullPage, SyncBackendError> =>
  Stream.unwrap(
    Effect.map(request(state, 'pull'), () =>
      backend.pull(asked).pipe(
        Stream.tap(() => onPage(state)),
        Stream.interruptWhen(
          Effect.andThen(
            happens(state, 'cutStream') ? Effect.raceFirst(holding(state), state.cut.await) : state.cut.await,
            failWith('pull', away),
          ),
        ),
      ),
    ),
  )

/** Pages wait one behind the other: the stream's order is the backend's. */
const onPage = (state: FaultyState): Effect.Effect<void, SyncBackendError> =>
  Effect.suspend(() => {
    if (!SubscriptionRef.getUnsafe(state.online)) return failWith('pull', away)
    if (happens(state, 'cutStream')) return failWith('pull', away)
    return happens(state, 'holdPage') ? holding(state) : latency(state)
  })
