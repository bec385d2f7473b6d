/** What is the same for every request, whoever answers it: its address, who may ask, CORS, the log, failures as answers. */
import { type Health, clientHeader, protocolHeader, protocolVersion } from '@headwater/backend-http/protocol'
import * as Cause from 'effect/Cause'
import type * as Context from 'effect/Context'
import * as Effect from 'effect/Effect'
import { type Authorize, type Principal, authorizeRequest } from './Authorization.ts'
import { type CorsOrigins, corsHeaders, preflight } from './Cors.ts'
import { type StoreRoute, routeOf } from './Route.ts'
import { ServerFailure, failureResponse, stoppingFailure } from './ServerFailure.ts'
import type { AnswerRequest, ServerRequest } from './ServerRequest.ts'
import { type ServerLogger, silentLogger } from './ServerLog.ts'

export interface ShellOptions {
  /** Without it everybody may do everything: mount it behind something that decides. */
  readonly authorize?: Authorize
  /** Default: no web page of another origin. */
  readonly cors?: CorsOrigins
  /** Path in front of the protocol's own, without a slash at its end: `/sync`. Default none. */
  readonly prefix?: string
  /** Host names that requests may be addressed to; others get 403. Keeps DNS rebinding off an open loopback server. */
  readonly hosts?: ReadonlyArray<string>
  readonly logger?: ServerLogger
  /** Aborted to stop: streams end with `Unavailable`, polls answer, new requests get 503. Running pushes finish. */
  readonly signal?: AbortSignal
  /** Services for the effects of requests: a `Tracer` for OpenTelemetry, for instance. */
  readonly services?: Context.Context<never>
}

/** What a request came to. */
export interface Answer {
  /** Kept by nobody on its way, unless it says otherwise itself. */
  readonly response: Response
  /** For the log. */
  readonly fields: Readonly<Record<string, string | number | null | undefined>>
}

/** What is behind the shell. */
export interface ShellRoutes {
  readonly health: Effect.Effect<Health>
  readonly answer: (
    request: ServerRequest,
    url: URL,
    target: StoreRoute,
    principal: Principal,
  ) => Effect.Effect<Answer, ServerFailure>
}

/** **Fails with** never: every failure is an answer of the protocol, what nobody foresaw is a logged 500. */
export const makeShell = (options: ShellOptions, routes: ShellRoutes): AnswerRequest => {
  const { services } = options
  const run = (effect: Effect.Effect<Response>): Promise<Response> =>
    services === undefined
      ? // Without a tracer spans go nowhere; they need not be made then.
        Effect.runPromise(Effect.withTracerEnabled(effect, false))
      : Effect.runPromiseWith(services)(effect)
  return async (request) => {
    const response = preflight(request) ?? (await run(answer(options, routes, request)))
    for (const [name, value] of corsHeaders(request, options.cors)) response.headers.append(name, value)
    response.headers.set(protocolHeader, String(protocolVersion))
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store, no-transform')
    return response
  }
}

const answer = (options: ShellOptions, routes: ShellRoutes, request: ServerRequest): Effect.Effect<Response> =>
  Effect.suspend(() => {
    const log = options.logger ?? silentLogger
    const startMs = performance.now()
    const url = new URL(request.url)
    return route(options, routes, request, url).pipe(
      Effect.catchTag('ServerFailure', (failure) => Effect.succeed(failed(failure))),
      Effect.catchCause((cause) => Effect.sync(() => crashed(log, cause))),
      Effect.map(({ response, fields }) => {
        const ms = Math.round((performance.now() - startMs) * 10) / 10
        const { status } = response
        const level = status >= 500 ? 'warn' : 'info'
        log({
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

const crashed = (log: ServerLogger, cause: Cause.Cause<unknown>): Answer => {
  log({ level: 'error', event: 'failed', operation: 'request', detail: Cause.pretty(cause) })
  return failed(
    new ServerFailure({ tag: 'Internal', detail: 'the server failed; the operator finds the reason in its log' }),
  )
}

const route = (
  options: ShellOptions,
  routes: ShellRoutes,
  request: ServerRequest,
  url: URL,
): Effect.Effect<Answer, ServerFailure> =>
  Effect.gen(function* () {
    if (options.hosts !== undefined && !options.hosts.includes(url.hostname)) {
      return yield* new ServerFailure({ tag: 'Forbidden', detail: `this server does not answer as ${url.hostname}` })
    }
    const target = yield* routeOf(request, url, options.prefix ?? '')
    if (target.operation === 'health') {
      const health = yield* routes.health
      return { response: Response.json(health, { status: health.status === 'ok' ? 200 : 503 }), fields: {} }
    }
    if (options.signal?.aborted === true) return yield* stoppingFailure()
    const { storeId } = target
    // To a hook, a shape is one more way to read the log.
    const operation = target.operation === 'shape' ? 'pull' : target.operation
    const principal = yield* authorizeRequest(options.authorize, request, { storeId, operation })
    return yield* routes.answer(request, url, target, principal)
  })
