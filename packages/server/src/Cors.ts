import { clientHeader, protocolHeader, shapeHeaders } from '@headwater/backend-http/protocol'
import type { ServerRequest } from './ServerRequest.ts'

/** Which web pages may talk to the server: `*`, or origins like `https://app.example.com`. */
export type CorsOrigins = '*' | ReadonlyArray<string>

/** A day: browsers cap it themselves (Chromium at two hours). */
const preflightSeconds = 86_400

const exposed = [protocolHeader, 'retry-after', 'date', ...shapeHeaders].join(', ')

/**
 * The headers that let the page of this request read the answer. They are the same whether a page asks or not, but for the
 * origin, which `vary` names: a cache may keep the answer for either.
 */
export const corsHeaders = (
  request: ServerRequest,
  origins: CorsOrigins | undefined,
): ReadonlyArray<[string, string]> => {
  if (origins === undefined) return []
  const expose: [string, string] = ['access-control-expose-headers', exposed]
  if (origins === '*') return [['access-control-allow-origin', '*'], expose]
  const origin = request.headers.get('origin')
  const vary: [string, string] = ['vary', 'origin']
  if (origin === null || !origins.includes(origin)) return [vary]
  return [vary, ['access-control-allow-origin', origin], expose]
}

/** The answer to a preflight, `undefined` for any other request. */
export const preflight = (request: ServerRequest): Response | undefined => {
  if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return undefined
  const asked = request.headers.get('access-control-request-headers')
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': asked ?? `authorization, content-type, ${protocolHeader}, ${clientHeader}`,
      'access-control-max-age': String(preflightSeconds),
    },
  })
}
