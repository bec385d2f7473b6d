import {
  type Health,
  clientHeader,
  protocolHeader,
  protocolVersion,
  protocolVersions,
} from '@headwater/backend-http/protocol'
import { heartbeatMs } from '@headwater/core/backend'
import * as Cause from 'effect/Cause'
import type * as Context from 'effect/Context'
import * as Effect from 'effect/Effect'
import { type Authorize, type Principal, authorizeRequest } from './Authorization.ts'
import { type CorsOrigins, corsHeaders, preflight } from './Cors.ts'
import { type Validate, makeEventValidation } from './EventValidation.ts'
import type { LogStorage } from './LogStorage.ts'
import { pullRoute } from './PullRoute.ts'
import { pushRoute } from './PushRoute.ts'
import { type Route, routeOf } from './Route.ts'
import { type ServerContext, type ServerLimits, serverLimits } from './ServerContext.ts'
import { ServerFailure, failureResponse, stoppingFailure, storageFailure } from './ServerFailure.ts'
import { type ServerLogger, silentLogger } from './ServerLog.ts'
import { makeTurnLedger } from './TurnLedger.ts'

export interface HandlerOptions {
  readonly storage: LogStorage
  /** Without it everybody may do everything: mount it behind something that decides. */
  readonly authorize?: Authorize
  readonly validate?: Validate
  /** Default: no web page of another origin. */
  readonly cors?: CorsOrigins
  readonly limits?: Partial<ServerLimits>
  /** Path in front of the protocol's own, without a slash at its end: `/sync`. Default none. */
  readonly prefix?: string
  /** Host names that requests may be addressed to; others get 403. Keeps DNS rebinding off an open loopback server. */
  readonly hosts?: ReadonlyArray<string>
  /** Silence on a stream, and of a long poll, in ms. Default {@link heartbeatMs}. */
  readonly heartbeatMs?: number
  readonly logger?: ServerLogger
  /** Aborted to stop: streams end with `Unavailable`, polls answer, new requests get 503. Running pushes finish. */
  readonly signal?: AbortSignal
  /** Services for the effects of requests: a `Tracer` for OpenTelemetry, for instance. */
  readonly services?: Context.Context<never>
}

/**
 * The sync server as a web-standard handler: mount it in anything that speaks `Request` and `Response`.
 *
 * **Fails with**  never: every failure is an answer of the protocol, what nobody foresaw is a logged 500.
 *
 * **Example**
 * ```ts
 * const handle = makeHandler({ storage: sqliteLogStorage({ folder: './data' }), authorize })
 * export default { fetch: handle }
 * ```
 *
 * @category constructors
 */
export const makeHandler = (options: HandlerOptions): ((request: Request) => Promise<Response>) => {
  const server: ServerContext = {
    storage: options.storage,
    validation: options.validate === undefined ? undefined : makeEventValidation(options.validate),
    limits: { ...serverLimits, ...options.limits },
    heartbeatMs: options.heartbeatMs ?? heartbeatMs,
    turns: makeTurnLedger(),
    log: options.logger ?? silentLogger,
    stopping: options.signal ?? new AbortController().signal,
  }
  const run = options.services === undefined ? Effect.runPromise : Effect.runPromiseWith(options.services)
  return async (request) => {
    const response = preflight(request) ?? (await run(answer(server, options, request)))
    for (const [name, value] of corsHeaders(request, options.cors)) response.headers.append(name, value)
    response.headers.set(protocolHeader, String(protocolVersion))
    response.headers.set('cache-control', 'no-store, no-transform')
    return response
  }
}

/** What a request came to, for the log. */
interface Answer {
  readonly response: Response
  readonly fields: Readonly<Record<string, string | number | null | undefined>>
}

const answer = (server: ServerContext, options: HandlerOptions, request: Request): Effect.Effect<Response> =>
  Effect.suspend(() => {
    const startMs = performance.now()
    const url = new URL(request.url)
    return route(server, options, request, url).pipe(
      Effect.catchTag('ServerFailure', (failure) => Effect.succeed(failed(failure))),
      Effect.catchCause((cause) => Effect.sync(() => crashed(server, cause))),
      Effect.map(({ response, fields }) => {
        const ms = Math.round((performance.now() - startMs) * 10) / 10
        const { status } = response
        const level = status >= 500 ? 'warn' : 'info'
        server.log({
          level,
          event: 'request',
          method: request.method,
          path: url.pathname,
          status,
          ms,
          clientId: request.headers.get(clientHeader),
          ...fields,
        })
        return response
      }),
    )
  })

const failed = (failure: ServerFailure): Answer => ({
  response: failureResponse(failure),
  fields: { tag: failure.tag },
})

const crashed = (server: ServerContext, cause: Cause.Cause<unknown>): Answer => {
  server.log({ level: 'error', event: 'failed', operation: 'request', detail: Cause.pretty(cause) })
  return failed(
    new ServerFailure({ tag: 'Internal', detail: 'the server failed; the operator finds the reason in its log' }),
  )
}

const route = (
  server: ServerContext,
  options: HandlerOptions,
  request: Request,
  url: URL,
): Effect.Effect<Answer, ServerFailure> =>
  Effect.gen(function* () {
    if (options.hosts !== undefined && !options.hosts.includes(url.hostname)) {
      return yield* new ServerFailure({ tag: 'Forbidden', detail: `this server does not answer as ${url.hostname}` })
    }
    const target = yield* routeOf(request, url, options.prefix ?? '')
    if (target.operation === 'health') return health(server)
    if (server.stopping.aborted) return yield* stoppingFailure()
    const principal = yield* authorizeRequest(options.authorize, request, target)
    return yield* answerRoute(server, request, url, target, principal)
  })

const health = (server: ServerContext): Answer => {
  const body: Health = { status: server.stopping.aborted ? 'stopping' : 'ok', versions: protocolVersions }
  return { response: Response.json(body, { status: server.stopping.aborted ? 503 : 200 }), fields: {} }
}

const answerRoute = (
  server: ServerContext,
  request: Request,
  url: URL,
  target: Exclude<Route, { operation: 'health' }>,
  principal: Principal,
): Effect.Effect<Answer, ServerFailure> =>
  Effect.gen(function* () {
    const common = { operation: target.operation, storeId: target.storeId, principal: principal.id }
    if (target.operation === 'push') {
      const { text, tag, events, bytes } = yield* pushRoute(server, request, target.storeId, principal)
      return { response: textResponse(text, 'application/json'), fields: { ...common, tag, events, bytes } }
    }
    if (target.operation === 'pull') {
      const { body, contentType, events } = yield* pullRoute(server, request, url, target.storeId, principal)
      return { response: textResponse(body, contentType), fields: { ...common, events } }
    }
    const info = yield* Effect.mapError(server.storage.info(target.storeId), storageFailure)
    return { response: Response.json(info), fields: common }
  })

/** `x-accel-buffering` keeps nginx from collecting a stream. */
const textResponse = (body: string | ReadableStream<Uint8Array>, contentType: string): Response =>
  new Response(body, { headers: { 'content-type': contentType, 'x-accel-buffering': 'no' } })
