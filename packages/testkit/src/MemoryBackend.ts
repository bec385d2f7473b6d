import type {
  BackendEvent,
  ConnectionState,
  PullPage,
  PullRequest,
  PulledEvent,
  PushBatch,
  SyncBackend,
  SyncBackendContext,
  SyncBackendProvider,
} from '@headwater/core/backend'
import {
  BackendReset,
  BatchTooLarge,
  HistoryChanged,
  ProtocolError,
  RateLimited,
  SyncBackendError,
  type SyncBackendReason,
  Unauthorized,
  Unreachable,
  batchExcess,
  eventSizeBytes,
  pageBytesMax,
  pageEventsMax,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'
import * as Option from 'effect/Option'
import * as Stream from 'effect/Stream'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import {
  type MemoryLog,
  cursorAt,
  cutLog,
  headOf,
  holds,
  holdsCursor,
  makeMemoryLog,
  pushToLog,
  wake,
} from './MemoryLog.ts'

/**
 * A sync backend in memory: one log per store, shared by every client that was given the same `memoryBackend()`. It
 * passes `syncBackendSuite`, uses no clock, no timer and no randomness, and everything that can go wrong with a backend
 * can be made to go wrong by hand:
 *
 * | Wanted                                   | Call                                                       |
 * | ---------------------------------------- | ---------------------------------------------------------- |
 * | offline, online again                    | `setOnline(false)`, `setOnline(true)`                      |
 * | one call fails                           | `failNext('push', new Unavailable({ detail: 'test' }))`    |
 * | stored, but the answer is lost           | `loseNextAnswer()`                                         |
 * | token refused, then accepted             | `setAuthorized(false)`, `setAuthorized(true)`              |
 * | too many requests, then enough again     | `setRateLimit(3_000)`, `setRateLimit(null)`                |
 * | the server restarts                      | `restart()`: every stream ends, logs stay                  |
 * | restored from a backup                   | `restore(storeId, 10)`: the log ends at 10                 |
 * | another log behind the same address      | `replaceLog(storeId)`                                      |
 * | an event is refused                      | `setValidator((event) => 'reason' or undefined)`           |
 * | stop at a point and look                 | `const gate = hold('push')`, `gate.entered`, `gate.release()` |
 */
export interface MemoryBackend extends SyncBackendProvider {
  /** The log itself, oldest first; a live view, not a copy. */
  readonly log: (storeId: string) => ReadonlyArray<PulledEvent>
  readonly backendId: (storeId: string) => string
  readonly setOnline: (isOnline: boolean) => void
  readonly setAuthorized: (isAuthorized: boolean) => void
  /** Every call fails with `RateLimited` and this hint, in ms; `null` ends that. */
  readonly setRateLimit: (retryAfterMs: number | null) => void
  /** The next `times` calls of this operation fail before they have any effect; a pull fails before its next page. */
  readonly failNext: (operation: MemoryOperation, reason: SyncBackendReason, times?: number) => void
  /** The next `times` pushes are judged and stored, but the client sees `Unreachable`. */
  readonly loseNextAnswer: (times?: number) => void
  readonly restart: () => void
  /** Cuts the log behind `global`; every stream on it ends with `HistoryChanged`. */
  readonly restore: (storeId: string, global: number) => void
  /** An empty log with another backend id; every stream on the old one ends with `BackendReset`. */
  readonly replaceLog: (storeId: string) => void
  readonly setValidator: (validate: (event: BackendEvent, context: SyncBackendContext) => string | undefined) => void
  /** Closes a point until `release`. Several may be held at once; holding a point twice gives the same gate. */
  readonly hold: (point: MemoryGatePoint) => MemoryGate
  /** How often each operation was called (`pull`: streams opened, `page`: pages delivered). */
  readonly calls: Readonly<Record<MemoryOperation | 'page', number>>
}

export type MemoryOperation = 'ping' | 'push' | 'pull'

/** `push`: before a batch is judged. `answer`: stored, before the client is told. `page`: before a page is delivered. */
export type MemoryGatePoint = 'push' | 'answer' | 'page'

export interface MemoryGate {
  /** Ends as soon as something waits, or has waited, at the gate. */
  readonly entered: Effect.Effect<void>
  readonly release: () => void
}

export interface MemoryBackendOptions {
  /** Id of a store's log; `incarnation` counts its replacements. Default `memory:<storeId>:<incarnation>`. */
  readonly backendId?: (storeId: string, incarnation: number) => string
  /** Events in a page of a pull, at most {@link pageEventsMax}. Small ones make paging visible in tests. */
  readonly pageEvents?: number
  /** Whether `BackendAhead` carries the missing tail. Default `true`. */
  readonly isMissingSent?: boolean
  /** What the backend stamps on an accepted event. Default: nothing. */
  readonly syncMetadataJson?: (event: BackendEvent) => string | null
}

interface HeldGate {
  readonly entered: Latch.Latch
  readonly open: Latch.Latch
}

/** Everything of a backend that changes. */
interface MemoryState {
  readonly options: MemoryBackendOptions
  readonly logs: Map<string, MemoryLog>
  readonly replacements: Map<string, number>
  readonly gates: Map<MemoryGatePoint, HeldGate>
  readonly failures: Record<MemoryOperation, Array<SyncBackendReason>>
  readonly connections: Set<SubscriptionRef.SubscriptionRef<ConnectionState>>
  readonly calls: Record<MemoryOperation | 'page', number>
  isOnline: boolean
  isAuthorized: boolean
  retryAfterMs: number | null
  answersToLose: number
  /** Raised by `restart`. */
  run: number
  validate: (event: BackendEvent, context: SyncBackendContext) => string | undefined
}

/**
 * Makes a backend in memory.
 *
 * **Example** (two clients share a log)
 * ```ts
 * const backend = memoryBackend()
 * const a = yield* backend.make({ storeId: 'demo', clientId: 'a' })
 * const b = yield* backend.make({ storeId: 'demo', clientId: 'b' })
 * ```
 *
 * @category testing
 */
export const memoryBackend = (options: MemoryBackendOptions = {}): MemoryBackend => {
  const state = makeState(options)
  const wakeAll = (): void => state.logs.forEach(wake)
  return {
    name: 'memory',
    make: (context) => makeConnection(state, context),
    log: (storeId) => logOf(state, storeId).events,
    backendId: (storeId) => logOf(state, storeId).backendId,
    calls: state.calls,
    setOnline: (isOnline) => {
      state.isOnline = isOnline
      for (const connection of state.connections) {
        Effect.runSync(SubscriptionRef.set(connection, isOnline ? 'online' : 'offline'))
      }
      wakeAll()
    },
    setAuthorized: (isAuthorized) => {
      state.isAuthorized = isAuthorized
      wakeAll()
    },
    setRateLimit: (retryAfterMs) => {
      state.retryAfterMs = retryAfterMs
      wakeAll()
    },
    failNext: (operation, reason, times = 1) => {
      for (let i = 0; i < times; i += 1) state.failures[operation].push(reason)
      wakeAll()
    },
    loseNextAnswer: (times = 1) => {
      state.answersToLose += times
    },
    restart: () => {
      state.run += 1
      wakeAll()
    },
    restore: (storeId, global) => cutLog(logOf(state, storeId), global),
    replaceLog: (storeId) => replaceLog(state, storeId),
    setValidator: (validate) => {
      state.validate = validate
    },
    hold: (point) => hold(state, point),
  }
}

const makeState = (options: MemoryBackendOptions): MemoryState => ({
  options,
  logs: new Map(),
  replacements: new Map(),
  gates: new Map(),
  failures: { ping: [], push: [], pull: [] },
  connections: new Set(),
  calls: { ping: 0, push: 0, pull: 0, page: 0 },
  isOnline: true,
  isAuthorized: true,
  retryAfterMs: null,
  answersToLose: 0,
  run: 0,
  validate: () => undefined,
})

const logOf = (state: MemoryState, storeId: string): MemoryLog => {
  const existing = state.logs.get(storeId)
  if (existing !== undefined) return existing
  const log = makeMemoryLog(nextBackendId(state, storeId))
  state.logs.set(storeId, log)
  return log
}

const nextBackendId = (state: MemoryState, storeId: string): string => {
  const incarnation = state.replacements.get(storeId) ?? 0
  return state.options.backendId?.(storeId, incarnation) ?? `memory:${storeId}:${incarnation}`
}

const replaceLog = (state: MemoryState, storeId: string): void => {
  const log = logOf(state, storeId)
  state.replacements.set(storeId, (state.replacements.get(storeId) ?? 0) + 1)
  log.backendId = nextBackendId(state, storeId)
  cutLog(log, 0)
}

const hold = (state: MemoryState, point: MemoryGatePoint): MemoryGate => {
  const gate = state.gates.get(point) ?? { entered: Latch.makeUnsafe(false), open: Latch.makeUnsafe(false) }
  state.gates.set(point, gate)
  return {
    entered: gate.entered.await,
    release: () => {
      if (state.gates.get(point) === gate) state.gates.delete(point)
      Latch.openUnsafe(gate.open)
    },
  }
}

const passGate = (state: MemoryState, point: MemoryGatePoint): Effect.Effect<void> =>
  Effect.suspend(() => {
    const gate = state.gates.get(point)
    if (gate === undefined) return Effect.void
    Latch.openUnsafe(gate.entered)
    return gate.open.await
  })

/** The reason why this operation fails now, if any. */
const failureOf = (state: MemoryState, operation: MemoryOperation): SyncBackendReason | undefined => {
  if (!state.isOnline) return new Unreachable({ detail: 'the memory backend is offline' })
  if (!state.isAuthorized) return new Unauthorized({ detail: 'the memory backend accepts no token now' })
  if (state.retryAfterMs !== null) return new RateLimited({ retryAfterMs: state.retryAfterMs })
  return state.failures[operation].shift()
}

const fail = (operation: MemoryOperation, reason: SyncBackendReason): Effect.Effect<never, SyncBackendError> =>
  Effect.fail(new SyncBackendError({ operation, reason }))

const check = (state: MemoryState, operation: MemoryOperation): Effect.Effect<void, SyncBackendError> =>
  Effect.suspend(() => {
    const reason = failureOf(state, operation)
    return reason === undefined ? Effect.void : fail(operation, reason)
  })

const makeConnection = Effect.fnUntraced(function* (state: MemoryState, context: SyncBackendContext) {
  const connection = yield* Effect.acquireRelease(
    SubscriptionRef.make<ConnectionState>(state.isOnline ? 'online' : 'offline'),
    (ref) => Effect.sync(() => state.connections.delete(ref)),
  )
  state.connections.add(connection)
  const backend: SyncBackend = {
    name: 'memory',
    ping: Effect.suspend(() => {
      state.calls.ping += 1
      const log = logOf(state, context.storeId)
      return Effect.as(check(state, 'ping'), { backendId: log.backendId, head: headOf(log) })
    }),
    push: (batch) => push(state, context, batch),
    pull: (request) => pull(state, context, request),
    connection: SubscriptionRef.changes(connection),
  }
  return backend
})

const push = Effect.fnUntraced(function* (state: MemoryState, context: SyncBackendContext, batch: PushBatch) {
  state.calls.push += 1
  yield* passGate(state, 'push')
  yield* check(state, 'push')
  const log = logOf(state, context.storeId)
  if (batch.backendId !== log.backendId) {
    return yield* fail('push', new BackendReset({ expected: batch.backendId, received: log.backendId }))
  }
  const refusal = refuseShape(batch)
  if (refusal !== undefined) return yield* fail('push', refusal)
  const judged = pushToLog(
    log,
    batch,
    (event) => state.validate(event, context),
    state.options.syncMetadataJson ?? (() => null),
  )
  const isAnswerLost = state.answersToLose > 0
  if (isAnswerLost) state.answersToLose -= 1
  yield* passGate(state, 'answer')
  if (isAnswerLost || !state.isOnline) return yield* fail('push', new Unreachable({ detail: 'the answer was lost' }))
  if (judged._tag === 'BackendAhead' && state.options.isMissingSent === false) {
    return { _tag: 'BackendAhead' as const, head: judged.head }
  }
  return judged
})

/** Breaches of the port's **Shape** and of the protocol's limits. */
const refuseShape = (batch: PushBatch): SyncBackendReason | undefined => {
  const first = batch.events[0]
  if (first === undefined) return new ProtocolError({ detail: 'a batch holds at least one event' })
  let parent = batch.parent
  for (const event of batch.events) {
    const isNext =
      event.parentGlobal === parent.global && event.parentId === parent.eventId && event.global === parent.global + 1
    if (!isNext) return new ProtocolError({ detail: `event ${event.id} does not follow the one before it` })
    parent = { global: event.global, eventId: event.id }
  }
  if (new Set(batch.events.map((event) => event.id)).size < batch.events.length) {
    return new ProtocolError({ detail: 'an id occurs twice in the batch' })
  }
  const excess = batchExcess(batch.events.map(eventSizeBytes))
  return excess === undefined ? undefined : new BatchTooLarge({ detail: excess })
}

/** Where an open pull stands. */
interface PullState {
  readonly global: number
  readonly incarnation: number
  readonly backendId: string
  readonly run: number
  readonly isFirst: boolean
}

const pull = (
  state: MemoryState,
  context: SyncBackendContext,
  request: PullRequest,
): Stream.Stream<PullPage, SyncBackendError> =>
  Stream.unwrap(
    Effect.sync(() => {
      state.calls.pull += 1
      const log = logOf(state, context.storeId)
      const start: PullState = {
        global: request.after.global,
        incarnation: log.incarnation,
        backendId: request.backendId ?? log.backendId,
        run: state.run,
        isFirst: true,
      }
      return Stream.paginate(start, (at) => nextPage(state, log, request, at))
    }),
  )

type PullStep = readonly [ReadonlyArray<PullPage>, Option.Option<PullState>]

const nextPage = (
  state: MemoryState,
  log: MemoryLog,
  request: PullRequest,
  at: PullState,
): Effect.Effect<PullStep, SyncBackendError> =>
  Effect.suspend(() => {
    const reason = failureOf(state, 'pull') ?? endOf(state, log, request, at)
    if (reason !== undefined) return fail('pull', reason)
    if (at.global === log.events.length && !at.isFirst) {
      return Effect.andThen(log.changed.await, nextPage(state, log, request, at))
    }
    if (state.gates.has('page')) return Effect.andThen(passGate(state, 'page'), nextPage(state, log, request, at))
    const page = pageAfter(state, log, at.global)
    state.calls.page += 1
    const isOver = page.isCaughtUp && !request.isLive
    const next = { ...at, global: at.global + page.events.length, isFirst: false }
    return Effect.succeed<PullStep>([[page], isOver ? Option.none() : Option.some(next)])
  })

/** Why an open stream may not go on: the log under it is another one now, or the backend was restarted. */
const endOf = (
  state: MemoryState,
  log: MemoryLog,
  request: PullRequest,
  at: PullState,
): SyncBackendReason | undefined => {
  if (at.backendId !== log.backendId) return new BackendReset({ expected: at.backendId, received: log.backendId })
  const isHeld = at.isFirst
    ? holds(log, request.after) && holdsCursor(log, request.cursor)
    : at.incarnation === log.incarnation
  if (!isHeld) {
    const detail = `e${request.after.global} is not in the log, or not behind the same events`
    return new HistoryChanged({ detail, headGlobal: log.events.length })
  }
  return at.run === state.run ? undefined : new Unreachable({ detail: 'the memory backend was restarted' })
}

const pageAfter = (state: MemoryState, log: MemoryLog, global: number): PullPage => {
  const limit = Math.min(state.options.pageEvents ?? pageEventsMax, pageEventsMax)
  const events: Array<PulledEvent> = []
  for (let bytes = 0; events.length < limit;) {
    const event = log.events[global + events.length]
    if (event === undefined) break
    bytes += eventSizeBytes(event)
    if (events.length > 0 && bytes > pageBytesMax) break
    events.push(event)
  }
  return {
    backendId: log.backendId,
    events,
    cursor: cursorAt(log, global + events.length),
    head: headOf(log),
    isCaughtUp: global + events.length === log.events.length,
  }
}
