import type {
  BackendEvent,
  BackendInfo,
  PushAnswer,
  PushBatch,
  SyncBackend,
  SyncBackendError,
  SyncBackendProvider,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Schema from 'effect/Schema'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import type { HttpBackendOptions } from './HttpBackendOptions.ts'
import { type HttpConnection, breach, makeHttpConnection, noted, sendForText } from './HttpConnection.ts'
import { pull } from './HttpPull.ts'
import { PushResponse, StoreInfo } from './Protocol.ts'

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
  const base = baseOf(options.url)
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

/** The address without query, fragment and slashes at the end. */
const baseOf = (url: string | URL): string => {
  const page = 'location' in globalThis ? globalThis.location.href : undefined
  if (!URL.canParse(String(url), page)) {
    throw new TypeError(`httpBackend: "${String(url)}" is no url; give one like https://sync.example.com`)
  }
  const { protocol, origin, pathname } = new URL(String(url), page)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`httpBackend: the url must begin with http:// or https://, not ${protocol}`)
  }
  return origin + pathname.replace(/\/+$/, '')
}

const decodeInfo = Schema.decodeUnknownEffect(Schema.fromJsonString(StoreInfo))
const decodePush = Schema.decodeUnknownEffect(Schema.fromJsonString(PushResponse))

const ping = (connection: HttpConnection): Effect.Effect<BackendInfo, SyncBackendError> =>
  sendForText(connection, { operation: 'ping', path: '' }).pipe(
    Effect.flatMap((text) => Effect.catchTag(decodeInfo(text), 'SchemaError', (error) => breach('ping', text, error))),
    noted(connection),
  )

const push = (connection: HttpConnection, batch: PushBatch): Effect.Effect<PushAnswer, SyncBackendError> =>
  Effect.suspend(() => sendForText(connection, { operation: 'push', path: '/push', body: encodeBatch(batch) })).pipe(
    Effect.flatMap((text) => Effect.catchTag(decodePush(text), 'SchemaError', (error) => breach('push', text, error))),
    noted(connection),
  )

/** The wire text of a batch. Fields are named one by one: nothing else that a caller's objects carry may leave. */
const encodeBatch = (batch: PushBatch): string =>
  JSON.stringify({ backendId: batch.backendId, parent: batch.parent, events: batch.events.map(pickEvent) })

const pickEvent = (event: BackendEvent): BackendEvent => ({
  global: event.global,
  parentGlobal: event.parentGlobal,
  parentId: event.parentId,
  id: event.id,
  name: event.name,
  argsJson: event.argsJson,
  clientId: event.clientId,
  sessionId: event.sessionId,
  createdAt: event.createdAt,
})
