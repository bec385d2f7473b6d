import { baseOf, makeHttpConnection, ping, push } from '@headwater/backend-http/connection'
import type { BackendInfo, PushAnswer, SyncBackend, SyncBackendProvider } from '@headwater/core/backend'
import * as Duration from 'effect/Duration'
import * as Effect from 'effect/Effect'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import type { ElectricBackendOptions } from './ElectricBackendOptions.ts'
import { type ElectricConnection, pull } from './ElectricPull.ts'

/** Electric is some milliseconds behind the database, a busy one some hundred. */
const lagMsDefault = 5_000

/**
 * Syncs through a `@headwater/server` that has an Electric: pushes go to the server and into PostgreSQL, pulls are read from
 * Electric's shapes through the server's proxy. In browsers and on Node alike.
 *
 * As `httpBackend` it never retries: a failure ends the call or the stream with a `SyncBackendError`, and whoever holds the
 * durable position comes back. The two can be swapped for one another at any time: same server, same log, same cursors.
 *
 * **Fails with** a `TypeError`, at once, for a `url` that is none.
 *
 * **Example**
 * ```ts
 * const backend = electricBackend({ url: 'https://sync.example.com', getToken: () => session.accessToken() })
 * ```
 *
 * @category constructors
 */
export const electricBackend = (options: ElectricBackendOptions): SyncBackendProvider => {
  const base = baseOf('electricBackend', options.url)
  const name = `electric ${base}`
  return {
    name,
    make: (context) =>
      Effect.map(makeHttpConnection(base, options, context), (http): SyncBackend => {
        const connection: ElectricConnection = {
          http,
          lagMs: Duration.toMillis(options.lag ?? lagMsDefault),
          told: { headGlobal: 0 },
        }
        return {
          name,
          ping: Effect.tap(ping(http), (info) => noteHead(connection, info)),
          push: (batch) => Effect.tap(push(http, batch), (answer) => noteHead(connection, answer)),
          pull: (request) => pull(connection, request),
          connection: SubscriptionRef.changes(http.state),
        }
      }),
  }
}

/** What the server says is in the log, Electric has to bring. */
const noteHead = ({ told }: ElectricConnection, answer: BackendInfo | PushAnswer): Effect.Effect<void> =>
  Effect.sync(() => {
    if ('head' in answer) told.headGlobal = Math.max(told.headGlobal, answer.head.global)
  })
