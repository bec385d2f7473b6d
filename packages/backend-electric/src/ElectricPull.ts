/**
 * A pull: the database says where the log stands, Electric brings what is new, and what both say has to fit.
 *
 * | Step  | Does                                                                                                          |
 * | ----- | ------------------------------------------------------------------------------------------------------------- |
 * | check | asks the server whether the log holds the client's place, append included, and where it ends. This is what     |
 * |       | tells `HistoryChanged` and `BackendReset`; nothing that a shape does is ever taken for either                  |
 * | open  | begins to read the shape: at the place in the cursor; without one and with nothing yet, from its snapshot on;  |
 * |       | else from now on, and what lies between comes in pages                                                        |
 * | page  | reads a page from the server, up to its end                                                                   |
 * | read  | takes the shape's next batch. A doubt (ShapeLog.ts) goes back to check, and from there on by pages            |
 *
 * What that costs the server: a look at the head and at one row for every pull and for every chunk (10 MB) of a first
 * reading, and pages only for who has lost its place in the shape: after it was dropped (a migration, a lost disk of
 * Electric's), or where its rows came too disordered to be kept.
 *
 * Electric follows the database by some milliseconds. An event that is known to be acknowledged (the check, this client's
 * own pushes) and does not come for longer than `lag` is fetched in pages, and a live pull then ends as `Unavailable`, so
 * that the app is told: the engine comes back, and syncs at the pace of its back-off until Electric goes on.
 *
 * Not a loop: after {@link doubtsMax} doubts without an event from the shape it is `Unavailable` too.
 */
import {
  type HttpConnection,
  failWith,
  fetchPage,
  note,
  noteFailure,
  pingAt,
  unreachable,
} from '@headwater/backend-http/connection'
import { ProtocolError, type PullPage, type PullRequest, SyncBackendError, Unavailable } from '@headwater/core/backend'
import * as Clock from 'effect/Clock'
import * as Effect from 'effect/Effect'
import * as Option from 'effect/Option'
import type * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import { type ShapePlace, readCursor } from './ElectricCursor.ts'
import type { ShapeBatch, ShapeDoubt } from './ShapeBatch.ts'
import { ShapeLog } from './ShapeLog.ts'
import { type ShapeReader, openShapeReader } from './ShapeReader.ts'

/** One is common: a shape was dropped. Several in a row are a cache that serves old answers, or another database. */
const doubtsMax = 3

/** What the calls of one connection know together. */
export interface ElectricConnection {
  readonly http: HttpConnection
  readonly lagMs: number
  /** The furthest head that the server has told, to whatever call. */
  readonly told: { headGlobal: number }
}

type Step = 'nothing' | 'check' | 'open' | 'page' | 'lagging' | 'read'

/** What a pull is at; one record, changed by its steps only, which run one after another. */
interface PullState {
  readonly connection: ElectricConnection
  readonly request: PullRequest
  readonly log: ShapeLog
  readonly backendId: string
  reader: ShapeReader | undefined
  /** Where the shape is read from when it is opened next. */
  from: ShapePlace | '-1' | 'now'
  /** Why the shape is not read on as it was, and how often since it brought something. */
  trouble: string
  doubts: number
  isLagging: boolean
  /** Whether the last batch ended with all that Electric knows. */
  isUpToDate: boolean
  /** Since when Electric lacks something without bringing anything. */
  behindSinceMs: number | undefined
}

type Outcome = readonly [ReadonlyArray<PullPage>, Option.Option<Step>]

/** **Fails with** what the port says of a pull. */
export const pull = (connection: ElectricConnection, request: PullRequest): Stream.Stream<PullPage, SyncBackendError> =>
  Stream.unwrap(
    Effect.map(begin(connection, request), (state) =>
      Stream.paginate<Step, PullPage, SyncBackendError>(firstStep(state), (step) => steps[step](state)),
    ),
  ).pipe(Stream.tapError((error) => noteFailure(connection.http, error)))

const begin = (
  connection: ElectricConnection,
  request: PullRequest,
): Effect.Effect<PullState, SyncBackendError, Scope.Scope> =>
  Effect.gen(function* () {
    const { append, place } = readCursor(request.cursor)
    const { after, backendId } = request
    const info = yield* pingAt(connection.http, { after, cursor: append, backendId })
    connection.told.headGlobal = info.head.global
    const state: PullState = {
      connection,
      request,
      log: new ShapeLog({ storeId: connection.http.context.storeId, after, append, head: info.head, place }),
      backendId: info.backendId,
      reader: undefined,
      from: place ?? (after.global === 0 ? '-1' : 'now'),
      trouble: '',
      doubts: 0,
      isLagging: false,
      isUpToDate: false,
      behindSinceMs: undefined,
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => state.reader?.close()))
    return state
  })

/** Who only wants to know whether there is more, and has all of it, needs no shape for that. */
const firstStep = ({ request, log, connection }: PullState): Step =>
  !request.isLive && log.end.after.global === connection.told.headGlobal ? 'nothing' : 'open'

const nothing = ({ log, backendId }: PullState): Effect.Effect<Outcome> =>
  Effect.sync(() => {
    const pages = log.release({ changes: [], place: undefined, isUpToDate: true, trouble: undefined })
    return [pages.map((page) => ({ ...page, backendId })), Option.none()] as const
  })

const check = (state: PullState): Effect.Effect<Outcome, SyncBackendError> =>
  Effect.gen(function* () {
    const { connection, log, backendId } = state
    state.reader?.close()
    const info = yield* pingAt(connection.http, { ...log.end, backendId })
    connection.told.headGlobal = info.head.global
    state.isLagging &&= log.end.after.global < info.head.global
    state.doubts += 1
    if (state.doubts > doubtsMax) {
      const detail = `Electric's shape of this store is of no use: ${state.trouble}`
      return yield* failWith('pull', new Unavailable({ detail }))
    }
    log.restart(info.head)
    state.from = 'now'
    return next('open')
  })

const open = (state: PullState): Effect.Effect<Outcome, SyncBackendError> =>
  Effect.gen(function* () {
    const { connection, request, log, from } = state
    if (from === 'now' && !request.isLive) return next('page')
    const nowMs = yield* Clock.currentTimeMillis
    const { live, sse } = connection.http
    const isSse = live === 'sse' || (live === 'auto' && nowMs >= sse.pollUntilMs)
    state.reader = openShapeReader({ connection: connection.http, from, isSse })
    state.isUpToDate = false
    state.behindSinceMs = undefined
    if (from !== 'now') return next('read')
    const { place } = yield* nextBatch(state.reader)
    log.standAt(place)
    return next('page')
  })

const page = (state: PullState): Effect.Effect<Outcome, SyncBackendError> =>
  Effect.gen(function* () {
    const { connection, request, log, backendId } = state
    const given = yield* fetchPage(connection.http, { ...log.end, backendId }, 'none')
    connection.told.headGlobal = given.head.global
    const pages = [{ ...log.takePage(given), backendId }]
    if (!given.isCaughtUp) return [pages, Option.some('page')]
    if (!request.isLive) return [pages, Option.none()]
    return [pages, Option.some(state.isLagging ? 'lagging' : 'read')]
  })

/** The app is told, now that nothing is missing for the moment. */
const lagging = ({ trouble }: PullState): Effect.Effect<Outcome, SyncBackendError> =>
  failWith('pull', new Unavailable({ detail: trouble }))

const read = (state: PullState): Effect.Effect<Outcome, SyncBackendError> =>
  Effect.gen(function* () {
    const { connection, request, log, backendId } = state
    const batch = yield* batchInTime(state)
    if (batch === undefined) {
      state.trouble = `Electric has not brought what is behind e${log.end.after.global} within ${connection.lagMs} ms`
      state.isLagging = true
      return next('check')
    }
    const trouble = log.take(batch) ?? (yield* vouch(state, batch))
    if (trouble?._tag === 'ShapeMalformed')
      return yield* failWith('pull', new ProtocolError({ detail: trouble.detail }))
    if (trouble !== undefined) {
      state.trouble = trouble.detail
      return next('check')
    }
    const taken = log.release(batch)
    yield* note(connection.http, 'online')
    state.isUpToDate = batch.isUpToDate
    if (taken.some(({ events }) => events.length > 0)) [state.doubts, state.behindSinceMs] = [0, undefined]
    const last = taken.at(-1)
    const isEnd = !request.isLive && last?.isCaughtUp === true
    const pages = taken.map((each): PullPage => ({ ...each, backendId }))
    return [pages, isEnd ? Option.none() : Option.some('read')]
  })

/** Whether the log holds what is about to be handed on before the shape has come to its end. */
const vouch = (
  { connection, log, backendId }: PullState,
  { isUpToDate }: ShapeBatch,
): Effect.Effect<ShapeDoubt | undefined, SyncBackendError> => {
  const { claim } = log
  if (isUpToDate || claim.after.global === log.end.after.global) return Effect.succeed(undefined)
  return pingAt(connection.http, { ...claim, backendId }).pipe(
    Effect.as(undefined),
    Effect.catch((error): Effect.Effect<ShapeDoubt, SyncBackendError> => {
      const detail = `the shape has what the log had before: e${claim.after.global}`
      return error.reason._tag === 'HistoryChanged'
        ? Effect.succeed({ _tag: 'ShapeDoubt', detail })
        : Effect.fail(error)
    }),
  )
}

const steps: Readonly<Record<Step, (state: PullState) => Effect.Effect<Outcome, SyncBackendError>>> = {
  nothing,
  check,
  open,
  page,
  lagging,
  read,
}

const next = (step: Step): Outcome => [[], Option.some(step)]

const nextBatch = (reader: ShapeReader): Effect.Effect<ShapeBatch, SyncBackendError> =>
  Effect.tryPromise({
    try: () => reader.next(),
    catch: (error) => {
      if (error instanceof SyncBackendError) return error
      return new SyncBackendError({ operation: 'pull', reason: unreachable(error) })
    },
  })

/** The next batch; `undefined` if Electric is behind what is known to be in the log, and stays there. */
const batchInTime = (state: PullState): Effect.Effect<ShapeBatch | undefined, SyncBackendError> =>
  Effect.gen(function* () {
    const { connection, log, reader } = state
    if (reader === undefined) return undefined
    for (;;) {
      const nowMs = yield* Clock.currentTimeMillis
      const isBehind = state.isUpToDate && log.end.after.global < connection.told.headGlobal
      state.behindSinceMs = isBehind ? (state.behindSinceMs ?? nowMs) : undefined
      const leftMs = connection.lagMs - (nowMs - (state.behindSinceMs ?? nowMs))
      if (leftMs <= 0) return undefined
      const look = Effect.as(Effect.sleep(leftMs), undefined)
      const batch = yield* Effect.raceFirst(nextBatch(reader), look)
      if (batch !== undefined) return batch
    }
  })
