import { LiveMode } from '@headwater/backend-http/protocol'
import type { BackendInfo, BackendPosition } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Schema from 'effect/Schema'
import type { Principal } from './Authorization.ts'
import type { ReadAnswer, ReadRequest } from './LogStorage.ts'
import type { ServerContext } from './ServerContext.ts'
import { type PullPlace, type PullStep, liveStream } from './LiveStream.ts'
import { makeNews } from './News.ts'
import type { TextSource } from './PlainText.ts'
import { malformed } from './RequestBody.ts'
import { type ServerFailure, historyFailure, resetFailure, storageFailure } from './ServerFailure.ts'
import type { ServerRequest } from './ServerRequest.ts'
import { inSpan } from './Span.ts'

/** The answer's body and type; `events` only where it is known before the body is read. */
export interface PullOutcome {
  readonly body: string | TextSource
  readonly contentType: string
  readonly events?: number
}

const decodeLive = Schema.decodeUnknownOption(LiveMode)

/** Answers a pull in one of its three modes. */
export const pullRoute = (
  server: ServerContext,
  request: ServerRequest,
  url: URL,
  storeId: string,
  principal: Principal,
): Effect.Effect<PullOutcome, ServerFailure> =>
  Effect.gen(function* () {
    const place = yield* placeOf(url)
    const mode = decodeLive(url.searchParams.get('live') ?? 'none')
    if (mode._tag === 'None') return yield* malformed('live must be none, poll or sse')
    const step = (from: PullPlace) => readStep(server, storeId, from)
    if (mode.value !== 'sse') return yield* pagePull(server, request, storeId, place, mode.value === 'poll', step)
    // The first page is read before the answer begins, so that a failure has a status.
    const first = yield* step(place)
    const body = liveStream({ server, storeId, first, step, expiresAtMs: principal.expiresAtMs })
    return { body, contentType: 'text/event-stream' }
  }).pipe(inSpan('headwater.pull', { storeId }))

const pagePull = (
  server: ServerContext,
  request: ServerRequest,
  storeId: string,
  place: PullPlace,
  mayWait: boolean,
  step: (from: PullPlace) => Effect.Effect<PullStep, ServerFailure>,
): Effect.Effect<PullOutcome, ServerFailure> =>
  Effect.gen(function* () {
    const news = makeNews(server, storeId)
    return yield* Effect.gen(function* () {
      const first = yield* step(place)
      const isNewsAwaited = mayWait && first.events === 0
      if (isNewsAwaited) yield* Effect.promise(() => news.wait(server.heartbeatMs, request.signal))
      const page = isNewsAwaited ? yield* step(place) : first
      return { body: page.text, contentType: 'application/json', events: page.events }
    }).pipe(Effect.ensuring(Effect.sync(news.end)))
  })

/** Which log this is and where it ends; if the query names a place, only if the log holds it. */
export const placeRoute = (
  server: ServerContext,
  url: URL,
  storeId: string,
): Effect.Effect<BackendInfo, ServerFailure> => {
  if (!url.searchParams.has('after')) return Effect.mapError(server.storage.info(storeId), storageFailure)
  return Effect.flatMap(placeOf(url), (place) =>
    Effect.map(readEvents(server, storeId, place, { eventsMax: 0, bytesMax: 0 }), ({ backendId, head }) => ({
      backendId,
      head,
    })),
  )
}

const placeOf = (url: URL): Effect.Effect<PullPlace, ServerFailure> => {
  const after = url.searchParams.get('after') ?? '0'
  const afterId = url.searchParams.get('afterId')
  const global = Number(after)
  if (!/^\d{1,16}$/.test(after) || !Number.isSafeInteger(global))
    return malformed('after must be a number, 0 at the root')
  if ((global === 0) !== (afterId === null))
    return malformed('afterId must be the id of the event at after, and absent at the root')
  const position: BackendPosition = { global, eventId: afterId }
  const { searchParams: query } = url
  return Effect.succeed({ after: position, cursor: query.get('cursor'), backendId: query.get('backendId') })
}

/** Reads the page behind a place. **Fails with** `BackendReset`, `HistoryChanged`, `Unavailable`. */
const readStep = (server: ServerContext, storeId: string, from: PullPlace): Effect.Effect<PullStep, ServerFailure> => {
  const { pageEvents: eventsMax, pageBytes: bytesMax } = server.limits
  return Effect.map(readEvents(server, storeId, from, { eventsMax, bytesMax }), (answer) => {
    const { backendId, eventsJson, cursor, head, last } = answer
    const isCaughtUp = last.global === head.global
    const text = `{"backendId":${JSON.stringify(backendId)},"events":[${eventsJson.join(',')}],"cursor":${JSON.stringify(cursor)},"head":${JSON.stringify(head)},"isCaughtUp":${isCaughtUp}}`
    return { text, events: eventsJson.length, isCaughtUp, next: { after: last, cursor, backendId } }
  })
}

const readEvents = (
  server: ServerContext,
  storeId: string,
  from: PullPlace,
  limits: Pick<ReadRequest, 'eventsMax' | 'bytesMax'>,
): Effect.Effect<Extract<ReadAnswer, { _tag: 'Events' }>, ServerFailure> =>
  Effect.gen(function* () {
    const answer = yield* Effect.mapError(server.storage.read({ storeId, ...from, ...limits }), (error) => {
      server.log({ level: 'error', event: 'failed', operation: error.operation, detail: error.detail })
      return storageFailure(error)
    })
    if (answer._tag === 'BackendReset') return yield* Effect.fail(resetFailure(from.backendId, answer.backendId))
    if (answer._tag === 'HistoryChanged')
      return yield* Effect.fail(historyFailure(from.after.global, answer.head.global))
    return answer
  })
