/**
 * Answers a client's request for its store's shape with what Electric answers: the authorising proxy. The tables of what
 * goes in and what comes out are in ShapeRequest.ts and, as "The shape", in Protocol.ts.
 *
 * | What                                  | Keeps it                                                                |
 * | ------------------------------------- | ----------------------------------------------------------------------- |
 * | another store's rows, other columns   | table, columns and condition are set here, from the address             |
 * | who may read                          | asked for every request; a stream ends with its token                   |
 * | the secret                            | only in the address for Electric: not followed elsewhere, never logged  |
 * | what only one reader may see          | `private, no-store`, unless the operator says that a cache may share it |
 * | an Electric that is away or misplaced | a typed 503, and why in the log                                         |
 */
import { shapeHeaders } from '@headwater/backend-http/protocol'
import * as Effect from 'effect/Effect'
import type { Principal } from './Authorization.ts'
import type { ElectricService } from './ElectricService.ts'
import type { Answer } from './RequestShell.ts'
import type { ServerContext } from './ServerContext.ts'
import { ServerFailure, stoppingFailure } from './ServerFailure.ts'
import type { ServerRequest } from './ServerRequest.ts'
import { withHeartbeats } from './ShapeBody.ts'
import { ShapeWidened, readShapeRequest } from './ShapeRequest.ts'
import { inSpan } from './Span.ts'

/** What of Electric's answer a client needs. */
const passedHeaders = ['content-type', 'etag', ...shapeHeaders]

/** Electric holds a live request for 20 s, and a first one for as long as its snapshot takes to begin. */
const answerMs = 45_000
/** Timers do not count further, and no stream of Electric's lasts longer than a minute. */
const leftMsMax = 2 ** 31 - 1
/** A reader that did not wait for its answer, which nobody will see: as nginx writes it down. */
const leftStatus = 499
/** When clients come back whom Electric did not tell when. */
const retryMs = 1_000

/** What the proxy needs of the server around it. */
export type ShapeContext = Pick<ServerContext, 'log' | 'heartbeatMs' | 'stopping'>

export const noShapes = (): ServerFailure =>
  new ServerFailure({
    tag: 'NotFound',
    detail: 'this server has no Electric; start it with --electric URL, or connect with httpBackend',
  })

/** **Fails with** `Forbidden` for another shape, `MalformedRequest`, `RateLimited`, `Unavailable`. */
export const shapeRoute = (
  server: ShapeContext,
  electric: ElectricService,
  request: ServerRequest,
  url: URL,
  storeId: string,
  principal: Principal,
): Effect.Effect<Answer, ServerFailure> =>
  Effect.gen(function* () {
    const asked = readShapeRequest(url.searchParams)
    if (asked instanceof ShapeWidened) return yield* refused(server, request, storeId, principal, asked)
    if (asked instanceof ServerFailure) return yield* asked
    const leftMs = principal.expiresAtMs === undefined ? Infinity : principal.expiresAtMs - Date.now()
    if (leftMs <= 0) return yield* expired()
    const ending = endingOf(server, request, leftMs)
    const target = electric.shapeUrl(storeId, asked)
    const upstream = yield* askElectric(server, electric, target, request, ending)
    const live = asked.get('live') === 'true' ? (asked.get('live_sse') === 'true' ? 'sse' : 'poll') : 'none'
    const fields = { operation: 'shape', storeId, principal: principal.id, live }
    if (upstream.status === leftStatus) return { response: upstream, fields }
    if (upstream.status === 409) return { response: yield* answerWith(server, electric, upstream, ending), fields }
    if (upstream.status === 200 || upstream.status === 304) {
      const missing = missingOf(upstream)
      if (missing !== undefined)
        return yield* misplaced(server, `${upstream.status} without ${missing} from ${electric.name}`)
      return { response: yield* answerWith(server, electric, upstream, ending), fields }
    }
    return yield* failedBy(server, electric, upstream)
  }).pipe(inSpan('headwater.shape', { storeId }))

const refused = (
  { log }: ShapeContext,
  request: ServerRequest,
  storeId: string,
  principal: Principal,
  { asked }: ShapeWidened,
): Effect.Effect<never, ServerFailure> => {
  log({ level: 'warn', event: 'refused', operation: 'shape', storeId, principal: principal.id, asked })
  return Effect.fail(
    new ServerFailure({
      tag: 'Forbidden',
      detail: `which rows and columns are sent is not the reader's to say (${request.method} … ${asked.split('=')[0]})`,
    }),
  )
}

/** When nobody may or wants to read on: the reader has gone, the server stops, the token ends. */
const endingOf = ({ stopping }: ShapeContext, request: ServerRequest, leftMs: number): AbortSignal => {
  const signals = [request.signal, stopping]
  if (leftMs !== Infinity) signals.push(AbortSignal.timeout(Math.min(Math.ceil(leftMs), leftMsMax)))
  return AbortSignal.any(signals)
}

const expired = (): ServerFailure =>
  new ServerFailure({ tag: 'Unauthorized', detail: 'the token of this request has expired' })

const askElectric = (
  server: ShapeContext,
  electric: ElectricService,
  target: URL,
  request: ServerRequest,
  ending: AbortSignal,
): Effect.Effect<Response, ServerFailure> => {
  const known = request.headers.get('if-none-match')
  const asking = new AbortController()
  const giveUp = (): void => asking.abort()
  if (ending.aborted) giveUp()
  ending.addEventListener('abort', giveUp, { once: true })
  return Effect.tryPromise({
    try: () =>
      electric.fetch(target, {
        headers: {
          accept: 'application/json, text/event-stream',
          ...(known === null ? {} : { 'if-none-match': known }),
        },
        // What another host would be sent is the secret.
        redirect: 'manual',
        signal: asking.signal,
      }),
    catch: (error) => error,
  }).pipe(
    Effect.timeoutOrElse({ duration: answerMs, orElse: () => Effect.fail(new Error(`no answer in ${answerMs} ms`)) }),
    Effect.catch((error): Effect.Effect<Response, ServerFailure> => {
      giveUp()
      if (server.stopping.aborted) return Effect.fail(stoppingFailure())
      if (request.signal.aborted) return Effect.succeed(new Response(null, { status: leftStatus }))
      if (ending.aborted) return Effect.fail(expired())
      return Effect.fail(
        away(server, `Electric at ${electric.name} cannot be reached: ${electric.said(textOf(error))}`),
      )
    }),
    // From here on it ends with its body, which is its reader's; a stream is to end well.
    Effect.ensuring(Effect.sync(() => ending.removeEventListener('abort', giveUp))),
  )
}

const isEventStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') === true

/** The header without which an answer is none of Electric's. */
const missingOf = ({ headers }: Response): string | undefined =>
  ['electric-handle', 'electric-offset'].find((name) => !headers.has(name))

const answerWith = (
  server: ShapeContext,
  electric: ElectricService,
  upstream: Response,
  ending: AbortSignal,
): Effect.Effect<Response> =>
  Effect.sync(() => {
    const headers = new Headers({ 'x-accel-buffering': 'no' })
    for (const name of passedHeaders) {
      const value = upstream.headers.get(name)
      if (value !== null) headers.set(name, value)
    }
    const lifetime = upstream.headers.get('cache-control')
    const isShared = electric.caching === 'shared' && lifetime !== null
    headers.set('cache-control', isShared ? `${lifetime}, no-transform` : 'private, no-store, no-transform')
    const body =
      upstream.body !== null && isEventStream(upstream)
        ? withHeartbeats(upstream.body, { heartbeatMs: server.heartbeatMs, ending })
        : upstream.body
    return new Response(body, { status: upstream.status, headers })
  })

/** What Electric's other statuses are to a client. */
const failedBy = (
  server: ShapeContext,
  electric: ElectricService,
  upstream: Response,
): Effect.Effect<never, ServerFailure> =>
  Effect.gen(function* () {
    const { status } = upstream
    const text = yield* Effect.promise(() => upstream.text().catch(() => ''))
    if (status === 400 && isBeyond(text)) {
      return yield* new ServerFailure({
        tag: 'PlaceUnknown',
        detail: 'Electric does not have this place in the shape; read it from another',
      })
    }
    const seconds = Number(upstream.headers.get('retry-after') ?? '')
    const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : retryMs
    if (status === 429) {
      return yield* new ServerFailure({
        tag: 'RateLimited',
        detail: 'Electric asks to slow down',
        fields: { retryAfterMs },
      })
    }
    if (status === 503) return yield* away(server, `Electric is not ready: ${electric.said(text)}`, retryAfterMs)
    if (status === 400 && fieldOf(text, /"(handle|live|live_sse|cursor)":/)) {
      return yield* new ServerFailure({
        tag: 'MalformedRequest',
        detail: `Electric refuses the request: ${electric.said(text)}`,
      })
    }
    if (status === 401 || status === 403) return yield* away(server, 'Electric refuses the secret of this server')
    return yield* misplaced(server, `${status} ${electric.said(text)} from ${electric.name}`)
  })

/** A place that this shape does not have: it is another one than the reader's, or lost its end. */
const isBeyond = (text: string): boolean => fieldOf(text, /"offset":\s*\[\s*"out of bounds/)
const fieldOf = (text: string, pattern: RegExp): boolean => pattern.test(text)

/** Logged, because the operator can do something about it. */
const away = ({ log }: ShapeContext, detail: string, retryAfterMs: number = retryMs): ServerFailure => {
  log({ level: 'error', event: 'failed', operation: 'shape', detail })
  return new ServerFailure({
    tag: 'Unavailable',
    detail: 'Electric cannot be used at the moment; the operator finds the reason in the server log',
    fields: { retryAfterMs },
  })
}

const misplaced = (server: ShapeContext, found: string): Effect.Effect<never, ServerFailure> =>
  Effect.fail(
    away(server, `this is no answer for a shape of headwater_events: ${found}; check url and database of Electric`),
  )

const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
