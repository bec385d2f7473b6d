import type { SyncBackend, SyncBackendProvider } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import type { HttpBackendOptions } from './HttpBackendOptions.ts'
import { baseOf, makeHttpConnection } from './HttpConnection.ts'
import { pull } from './HttpPull.ts'
import { ping, push } from './HttpStore.ts'

/**
 * Syncs with a `@headwater/server` through `fetch`, in browsers and on Node alike.
 *
 * It never retries: a failure ends the call or the stream with a `SyncBackendError`, and whoever holds the durable
 * position (core's leader) comes back by `retryDelayMs`. Only that streams don't get through is remembered here.
 *
 * **Fails with** a `TypeError`, at once, for a `url` that is none.
 *
 * **Example**
 * ```ts
 * const backend = httpBackend({ url: 'https://sync.example.com', getToken: () => session.accessToken() })
 * ```
 *
 * @category constructors
 */
export const httpBackend = (options: HttpBackendOptions): SyncBackendProvider => {
  const base = baseOf('httpBackend', options.url)
  return {
    name: `http ${base}`,
    make: (context) =>
      Effect.map(makeHttpConnection(base, options, context), (connection): SyncBackend => ({
        name: `http ${base}`,
        ping: ping(connection),
        push: (batch) => push(connection, batch),
        pull: (request) => pull(connection, request),
        connection: SubscriptionRef.changes(connection.state),
      })),
  }
}
