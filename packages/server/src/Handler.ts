import { type Health, protocolVersions } from '@headwater/backend-http/protocol'
import { heartbeatMs } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import type { Principal } from './Authorization.ts'
import { type ElectricOptions, type ElectricService, makeElectricService } from './ElectricService.ts'
import { type Validate, makeEventValidation } from './EventValidation.ts'
import type { LogStorage } from './LogStorage.ts'
import { type TextSource, plainResponse } from './PlainText.ts'
import { placeRoute, pullRoute } from './PullRoute.ts'
import { pushRoute } from './PushRoute.ts'
import { type Answer, type ShellOptions, makeShell } from './RequestShell.ts'
import type { StoreRoute } from './Route.ts'
import { type ServerContext, type ServerLimits, serverLimits } from './ServerContext.ts'
import type { ServerFailure } from './ServerFailure.ts'
import { type ServerRequest, handlerOf } from './ServerRequest.ts'
import { silentLogger } from './ServerLog.ts'
import { noShapes, shapeRoute } from './ShapeRoute.ts'
import { makeTurnLedger } from './TurnLedger.ts'

export interface HandlerOptions extends ShellOptions {
  readonly storage: LogStorage
  readonly validate?: Validate
  readonly limits?: Partial<ServerLimits>
  /** Silence on a stream, and of a long poll, in ms. Default {@link heartbeatMs}. */
  readonly heartbeatMs?: number
  /** The Electric over the same PostgreSQL, for clients that read through it. */
  readonly electric?: ElectricOptions
}

/**
 * The sync server as a web-standard handler: mount it in anything that speaks `Request` and `Response`.
 *
 * **Fails with**  a `TypeError` for an Electric whose url is none. The handler itself never fails: every failure is an
 * answer of the protocol, what nobody foresaw is a logged 500.
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
  const electric = options.electric === undefined ? undefined : makeElectricService(options.electric)
  const answer = makeShell(options, {
    health: health(server, electric),
    answer: (request, url, target, principal) =>
      target.operation === 'shape'
        ? electric === undefined
          ? Effect.fail(noShapes())
          : shapeRoute(server, electric, request, url, target.storeId, principal)
        : answerRoute(server, request, url, target, principal),
  })
  return handlerOf(answer)
}

const health = (server: ServerContext, electric: ElectricService | undefined): Effect.Effect<Health> =>
  Effect.gen(function* () {
    const status = server.stopping.aborted ? 'stopping' : 'ok'
    const found = electric === undefined ? {} : { electric: yield* electric.health }
    return { status, versions: protocolVersions, ...found }
  })

const answerRoute = (
  server: ServerContext,
  request: ServerRequest,
  url: URL,
  { operation, storeId }: StoreRoute,
  principal: Principal,
): Effect.Effect<Answer, ServerFailure> =>
  Effect.gen(function* () {
    const common = { operation, storeId, principal: principal.id }
    if (operation === 'push') {
      const { text, tag, events, bytes } = yield* pushRoute(server, request, storeId, principal)
      return { response: textResponse(text, 'application/json'), fields: { ...common, tag, events, bytes } }
    }
    if (operation === 'pull') {
      const { body, contentType, events } = yield* pullRoute(server, request, url, storeId, principal)
      return { response: textResponse(body, contentType), fields: { ...common, events } }
    }
    return { response: Response.json(yield* placeRoute(server, url, storeId)), fields: common }
  })

/** `x-accel-buffering` keeps nginx from collecting a stream. */
const textResponse = (body: string | TextSource, contentType: string): Response =>
  plainResponse(body, { 'content-type': contentType, 'x-accel-buffering': 'no' })
