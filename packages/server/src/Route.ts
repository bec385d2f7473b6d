import { protocolHeader, protocolVersion, protocolVersions } from '@headwater/backend-http/protocol'
import { storeIdPattern } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { ServerFailure } from './ServerFailure.ts'
import type { ServerRequest } from './ServerRequest.ts'

/** What an address and method ask for. */
export type Route = { readonly operation: 'health' } | StoreRoute

export interface StoreRoute {
  readonly operation: 'info' | keyof typeof operations
  readonly storeId: string
}

/** By the last segment of their address. */
const operations = { push: 'push', pull: 'pull', shape: 'shape' } as const
const methods = { health: 'GET', info: 'GET', push: 'POST', pull: 'GET', shape: 'GET' } as const

/** Reads the address. **Fails with** `UnknownVersion`, `InvalidStoreId`, `NotFound`, `MethodNotAllowed`. */
export const routeOf = (request: ServerRequest, url: URL, prefix: string): Effect.Effect<Route, ServerFailure> =>
  Effect.gen(function* () {
    const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : ''
    const [, first = '', second, third, fourth, ...more] = path.split('/')
    const route = yield* readPath(first, second, third, fourth, more.length > 0)
    const spoken = request.headers.get(protocolHeader)
    if (spoken !== null && spoken !== String(protocolVersion)) return yield* unknownVersion(spoken)
    if (request.method === methods[route.operation]) return route
    const allow = methods[route.operation]
    return yield* new ServerFailure({
      tag: 'MethodNotAllowed',
      detail: `use ${allow} here, not ${request.method}`,
      allow,
    })
  })

const readPath = (
  first: string,
  second: string | undefined,
  third: string | undefined,
  fourth: string | undefined,
  hasMore: boolean,
): Effect.Effect<Route, ServerFailure> => {
  if (first === 'health' && second === undefined) return Effect.succeed({ operation: 'health' })
  const version = /^v(\d{1,9})$/.exec(first)?.[1]
  if (version !== undefined && version !== String(protocolVersion)) return unknownVersion(version)
  const operation = fourth === undefined ? 'info' : new Map(Object.entries(operations)).get(fourth)
  if (version === undefined || second !== 'stores' || third === undefined || operation === undefined || hasMore) {
    return notFound
  }
  return storeIdPattern.test(third)
    ? Effect.succeed({ operation, storeId: third })
    : Effect.fail(new ServerFailure({ tag: 'InvalidStoreId', detail: `a storeId must match ${storeIdPattern}` }))
}

const notFound = Effect.fail(
  new ServerFailure({
    tag: 'NotFound',
    detail: 'there is nothing at this address; the url may lack the prefix of the server',
  }),
)

const unknownVersion = (spoken: string): Effect.Effect<never, ServerFailure> =>
  Effect.fail(
    new ServerFailure({
      tag: 'UnknownVersion',
      detail: `this server speaks protocol ${protocolVersions.join(', ')}, not ${spoken.slice(0, 20)}; upgrade the older side`,
      fields: { versions: protocolVersions },
    }),
  )
