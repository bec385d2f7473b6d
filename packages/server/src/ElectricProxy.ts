import { protocolVersions } from '@headwater/backend-http/protocol'
import { heartbeatMs } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { type ElectricOptions, makeElectricService } from './ElectricService.ts'
import { type ShellOptions, makeShell } from './RequestShell.ts'
import { ServerFailure } from './ServerFailure.ts'
import { handlerOf } from './ServerRequest.ts'
import { silentLogger } from './ServerLog.ts'
import { type ShapeContext, shapeRoute } from './ShapeRoute.ts'

export interface ElectricProxyOptions extends ShellOptions {
  readonly electric: ElectricOptions
  /** Silence on a stream, in ms. Default 15 seconds. */
  readonly heartbeatMs?: number
}

/**
 * The authorising proxy alone, as a web-standard handler without a database: for an edge in front of a CDN, where a
 * million readers are, while the servers that take pushes are few. It answers `/v1/stores/:storeId/shape` and `/health`.
 *
 * **Fails with**  a `TypeError` for an Electric whose url is none.
 *
 * **Example**
 * ```ts
 * export default { fetch: electricProxy({ electric: { url: 'https://cdn.example.com', secret }, authorize }) }
 * ```
 *
 * @category constructors
 */
export const electricProxy = (options: ElectricProxyOptions): ((request: Request) => Promise<Response>) => {
  const electric = makeElectricService(options.electric)
  const context: ShapeContext = {
    log: options.logger ?? silentLogger,
    heartbeatMs: options.heartbeatMs ?? heartbeatMs,
    stopping: options.signal ?? new AbortController().signal,
  }
  const answer = makeShell(options, {
    health: Effect.map(electric.health, (found) => ({
      status: context.stopping.aborted ? 'stopping' : 'ok',
      versions: protocolVersions,
      electric: found,
    })),
    answer: (request, url, target, principal) =>
      target.operation === 'shape'
        ? shapeRoute(context, electric, request, url, target.storeId, principal)
        : Effect.fail(
            new ServerFailure({ tag: 'NotFound', detail: 'only shapes are here; send this to the server itself' }),
          ),
  })
  return handlerOf(answer)
}
