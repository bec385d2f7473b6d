import {
  type ConnectionState,
  type SyncBackendContext,
  SyncBackendError,
  type SyncBackendReason,
  ProtocolError,
  TimedOut,
  Unauthorized,
  Unreachable,
  heartbeatMs,
  storeIdPattern,
} from '@headwater/core/backend'
import * as Duration from 'effect/Duration'
import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import * as Schema from 'effect/Schema'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import type { HttpBackendOptions } from './HttpBackendOptions.ts'
import { brokenOff, isBrokenOff, reasonOf } from './HttpFailure.ts'
import { clientHeader, protocolHeader, protocolVersion } from './Protocol.ts'

/**
 * One client's way to one store on one server: how a request is made, and what is remembered between requests (the
 * connection state, and whether event streams get through to this server).
 */
export interface HttpConnection {
  readonly base: string
  readonly context: SyncBackendContext
  readonly fetch: typeof globalThis.fetch
  readonly getToken: NonNullable<HttpBackendOptions['getToken']>
  readonly headers: Readonly<Record<string, string>>
  readonly requestMs: number
  readonly heartbeatMs: number
  readonly firstByteMs: number
  readonly live: NonNullable<HttpBackendOptions['live']>
  readonly state: SubscriptionRef.SubscriptionRef<ConnectionState>
  readonly sse: SseMemory
}

/** What was learned about event streams on the way to this server. */
export interface SseMemory {
  /** Long-poll until this time of the Effect clock, in ms; then try a stream again. */
  pollUntilMs: number
  /** Streams in a row that were cut shortly after they began. */
  shortStreams: number
}

export type Operation = 'ping' | 'push' | 'pull'

/** A server that takes this long is as good as gone; two heartbeats, as for a stream. */
const requestMsDefault = 2 * heartbeatMs
/** A stream's first page is sent at once; a proxy that buffers shows by this much silence. */
const firstByteMsDefault = 10_000

/** Resolves options into a connection. **Fails with** never; a wrong `storeId` fails each request instead. */
export const makeHttpConnection = Effect.fnUntraced(function* (
  base: string,
  options: HttpBackendOptions,
  context: SyncBackendContext,
): Effect.fn.Return<HttpConnection> {
  return {
    base: `${base}/v${protocolVersion}/stores/${encodeURIComponent(context.storeId)}`,
    context,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    getToken: options.getToken ?? (() => undefined),
    headers: options.headers ?? {},
    requestMs: Duration.toMillis(options.timeout ?? requestMsDefault),
    heartbeatMs: Duration.toMillis(options.heartbeat ?? heartbeatMs),
    firstByteMs: Duration.toMillis(options.firstByteTimeout ?? firstByteMsDefault),
    live: options.live ?? 'auto',
    state: yield* SubscriptionRef.make<ConnectionState>('connecting'),
    sse: { pollUntilMs: 0, shortStreams: 0 },
  }
})

/** A failure of the port, to be thrown or failed with. */
export const failureOf = (operation: Operation, reason: SyncBackendReason): SyncBackendError =>
  new SyncBackendError({ operation, reason })

export const failWith = (operation: Operation, reason: SyncBackendReason): Effect.Effect<never, SyncBackendError> =>
  Effect.fail(failureOf(operation, reason))

/** What an answer's text says. **Fails with** a `SyncBackendError`, thrown. */
export type ReadAnswer<A> = (operation: Operation, text: string) => A

/**
 * Reads answers of one shape of Protocol.ts. Another shape is a `ProtocolError`, for good, unless the answer only broke off
 * on its way. The detail is cut: it may quote the answer.
 */
export const readerOf = <A>(schema: Schema.ConstraintDecoder<A>): ReadAnswer<A> => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  return (operation, text) => {
    const decoded = decode(text)
    if (Result.isSuccess(decoded)) return decoded.success
    const detail = decoded.failure.message.slice(0, 500)
    throw failureOf(operation, isBrokenOff(text) ? brokenOff : new ProtocolError({ detail }))
  }
}

export interface HttpRequest {
  readonly operation: Operation
  /** Behind the store's own address, with the query. */
  readonly path: string
  readonly body?: string
  readonly accept?: string
  /** Default: the connection's `requestMs`. */
  readonly timeoutMs?: number
  /** Cancels the request, and the body of its answer too. */
  readonly signal?: AbortSignal
}

/** The address without query, fragment and slashes at the end. **Fails with** a `TypeError`, for a `url` that is none. */
export const baseOf = (caller: string, url: string | URL): string => {
  const page = 'location' in globalThis ? globalThis.location.href : undefined
  if (!URL.canParse(String(url), page)) {
    throw new TypeError(`${caller}: "${String(url)}" is no url; give one like https://sync.example.com`)
  }
  const { protocol, origin, pathname } = new URL(String(url), page)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`${caller}: the url must begin with http:// or https://, not ${protocol}`)
  }
  return origin + pathname.replace(/\/+$/, '')
}

/** The answer's status is 2xx; anything else is a typed failure. The body is not read yet. */
export const send = (connection: HttpConnection, request: HttpRequest): Effect.Effect<Response, SyncBackendError> =>
  exchange(request.operation, (signal) => respondOk(connection, request, request.signal ?? signal))

/** As {@link send}, whatever the status is. */
export const sendRaw = (connection: HttpConnection, request: HttpRequest): Effect.Effect<Response, SyncBackendError> =>
  exchange(request.operation, (signal) => respond(connection, request, request.signal ?? signal))

/**
 * As {@link send}, with the whole body. The time limit covers both, and its end ends the connection too: one that stays
 * silent in the middle of a body would otherwise be kept, and a browser has six.
 */
export const sendAndRead = <A>(
  connection: HttpConnection,
  request: Omit<HttpRequest, 'signal'>,
  read: ReadAnswer<A>,
): Effect.Effect<A, SyncBackendError> =>
  exchange(request.operation, async (signal) => {
    const response = await respondOk(connection, request, signal)
    return read(request.operation, await response.text())
  }).pipe(within(request.operation, request.timeoutMs ?? connection.requestMs))

/** One exchange is one effect: the path of every push and page. What is thrown and no failure of the port is the network's. */
const exchange = <A>(
  operation: Operation,
  work: (signal: AbortSignal) => Promise<A>,
): Effect.Effect<A, SyncBackendError> =>
  Effect.tryPromise({
    try: work,
    catch: (error) => (error instanceof SyncBackendError ? error : failureOf(operation, unreachable(error))),
  })

const respondOk = async (connection: HttpConnection, request: HttpRequest, signal: AbortSignal): Promise<Response> => {
  const response = await respond(connection, request, signal)
  if (response.ok) return response
  throw failureOf(request.operation, await reasonOf(response))
}

const respond = async (connection: HttpConnection, request: HttpRequest, signal: AbortSignal): Promise<Response> => {
  const { operation } = request
  if (!storeIdPattern.test(connection.context.storeId)) {
    throw failureOf(operation, new ProtocolError({ detail: `the storeId must match ${storeIdPattern}` }))
  }
  const token = await takeToken(connection, operation)
  // Who gave up meanwhile must not be sent for any more, whatever the fetch makes of its signal.
  signal.throwIfAborted()
  const response = await fetchResponse(connection, request, token, signal)
  const spoken = response.headers.get(protocolHeader)
  if (spoken !== null && spoken !== String(protocolVersion) && response.ok) {
    void response.body?.cancel().catch(() => undefined)
    throw failureOf(operation, new ProtocolError({ detail: `protocol ${spoken} instead of ${protocolVersion}` }))
  }
  return response
}

/** Fails with `TimedOut` after `ms`. */
export const within =
  (operation: Operation, ms: number) =>
  <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E | SyncBackendError> =>
    Effect.timeoutOrElse(self, { duration: ms, orElse: () => failWith(operation, new TimedOut({ afterMs: ms })) })

const takeToken = async (connection: HttpConnection, operation: Operation): Promise<string | null> => {
  try {
    return (await connection.getToken()) ?? null
  } catch (error) {
    throw failureOf(operation, new Unauthorized({ detail: `getToken failed: ${textOf(error)}` }))
  }
}

const fetchResponse = (
  connection: HttpConnection,
  { path, body, accept = 'application/json' }: HttpRequest,
  token: string | null,
  signal: AbortSignal,
): Promise<Response> =>
  connection.fetch(connection.base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...connection.headers,
      [protocolHeader]: String(protocolVersion),
      [clientHeader]: connection.context.clientId,
      accept,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    cache: 'no-store',
    signal,
    ...(body === undefined ? {} : { body }),
  })

/** A failure of `fetch` or of reading its body: it never got through, or was cut. */
export const unreachable = (error: unknown): Unreachable => {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${textOf(error.cause)}` : ''
  return new Unreachable({ detail: textOf(error) + cause })
}

const textOf = (error: unknown): string =>
  error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error)

/** Notes how a call ended in the connection state: an answer of any kind is online. */
export const noted =
  (connection: HttpConnection) =>
  <A, E extends SyncBackendError>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    self.pipe(
      Effect.tap(() => note(connection, 'online')),
      Effect.tapError((error) => noteFailure(connection, error)),
    )

export const noteFailure = (connection: HttpConnection, error: SyncBackendError): Effect.Effect<void> => {
  const { _tag } = error.reason
  const isAway = _tag === 'Unreachable' || _tag === 'TimedOut' || _tag === 'Unavailable'
  return note(connection, isAway ? 'offline' : 'online')
}

export const note = (connection: HttpConnection, state: ConnectionState): Effect.Effect<void> =>
  Effect.suspend(() =>
    SubscriptionRef.getUnsafe(connection.state) === state ? Effect.void : SubscriptionRef.set(connection.state, state),
  )
