/**
 * The pulling half of the client: pages one by one, an event stream, or long-poll.
 *
 * | Kind                            | Requests                                                                    |
 * | ------------------------------- | --------------------------------------------------------------------------- |
 * | `isLive: false`                 | `live=none` until caught up                                                 |
 * | `isLive: true`, streams work    | one `live=sse`                                                              |
 * | `isLive: true`, they don't      | `live=none` until caught up, then `live=poll` for ever                      |
 *
 * Streams count as not working when the answer is none, when its first page does not arrive in `firstByteMs` (a proxy
 * collects it), or when {@link shortStreamsMax} in a row are cut within {@link shortStreamMs}. The pull goes on by
 * long-poll by itself, and so does every pull of the next {@link pollForMs}.
 */
import { ProtocolError, type PullPage, type PullRequest, SyncBackendError, Unreachable } from '@headwater/core/backend'
import * as Clock from 'effect/Clock'
import * as Data from 'effect/Data'
import * as Effect from 'effect/Effect'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'
import type * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import {
  type HttpConnection,
  breach,
  failWith,
  note,
  noteFailure,
  send,
  sendForText,
  unreachable,
  within,
} from './HttpConnection.ts'
import { reasonOfBody } from './HttpFailure.ts'
import { type HttpPlace, queryOf } from './HttpStore.ts'
import { ErrorBody, type LiveMode, Page, failureEvent } from './Protocol.ts'
import { type SseEvent, type SseParser, makeSseParser } from './SseParser.ts'

/** A proxy that cuts streams does so after a few seconds; one that lives longer than this is worth reopening. */
const shortStreamMs = 5_000
const shortStreamsMax = 3
/** Then a stream is tried again: the laptop may be in another network by now. */
const pollForMs = 10 * 60_000

/** Event streams don't get through to this server; nothing was delivered. */
class SseUnusable extends Data.TaggedError('SseUnusable')<{ readonly detail: string }> {}

/** Pulls as the request says; see the head of this file. */
export const pull = (connection: HttpConnection, request: PullRequest): Stream.Stream<PullPage, SyncBackendError> =>
  Stream.unwrap(
    Effect.map(Clock.currentTimeMillis, (nowMs) => {
      if (!request.isLive) return pagedPull(connection, request)
      if (connection.live === 'poll') return pollPull(connection, request)
      if (connection.live === 'auto' && nowMs < connection.sse.pollUntilMs) return pollPull(connection, request)
      return ssePull(connection, request)
    }),
  ).pipe(Stream.tapError((error) => noteFailure(connection, error)))

type Step<S> = readonly [ReadonlyArray<PullPage>, Option.Option<S>]

const pagedPull = (connection: HttpConnection, request: HttpPlace): Stream.Stream<PullPage, SyncBackendError> =>
  Stream.paginate<HttpPlace, PullPage, SyncBackendError>(request, (place) =>
    Effect.map(fetchPage(connection, place, 'none'), (page): Step<HttpPlace> => [
      [page],
      page.isCaughtUp ? Option.none() : Option.some(behind(place, page)),
    ]),
  )

/** As {@link pagedPull}, then waits for news. Empty pages after the first are only signs of life. */
const pollPull = (connection: HttpConnection, request: PullRequest): Stream.Stream<PullPage, SyncBackendError> =>
  Stream.paginate({ place: request as HttpPlace, isWaiting: false, isFirst: true }, ({ place, isWaiting, isFirst }) =>
    Effect.map(
      fetchPage(connection, place, isWaiting ? 'poll' : 'none'),
      (page): Step<{ place: HttpPlace; isWaiting: boolean; isFirst: boolean }> => [
        isFirst || page.events.length > 0 ? [page] : [],
        Option.some({ place: behind(place, page), isWaiting: page.isCaughtUp, isFirst: false }),
      ],
    ),
  )

const behind = (place: HttpPlace, page: PullPage): HttpPlace => {
  const last = page.events.at(-1)
  return {
    after: last === undefined ? place.after : { global: last.global, eventId: last.id },
    cursor: page.cursor ?? place.cursor,
    backendId: page.backendId,
  }
}

const decodePage = Schema.decodeUnknownEffect(Schema.fromJsonString(Page))
const decodeErrorBody = Schema.decodeUnknownOption(Schema.fromJsonString(ErrorBody))

/** The page behind a place; with `poll` it may wait for one. */
export const fetchPage = (
  connection: HttpConnection,
  place: HttpPlace,
  live: LiveMode,
): Effect.Effect<PullPage, SyncBackendError> =>
  sendForText(connection, {
    operation: 'pull',
    path: pathOf(place, live),
    ...(live === 'poll' ? { timeoutMs: 2 * connection.heartbeatMs } : {}),
  }).pipe(
    Effect.flatMap(readPage),
    Effect.tap(() => note(connection, 'online')),
  )

const readPage = (text: string): Effect.Effect<PullPage, SyncBackendError> =>
  decodePage(text).pipe(
    Effect.catchTag('SchemaError', (error) => breach('pull', text, error)),
    Effect.tap((page) =>
      page.events.length > 0 || page.isCaughtUp
        ? Effect.void
        : failWith('pull', new ProtocolError({ detail: 'an empty page that is not caught up' })),
    ),
  )

const pathOf = (place: HttpPlace, live: LiveMode): string => {
  const query = queryOf(place)
  query.set('live', live)
  return `/pull?${query}`
}

/** By event stream; falls back to {@link pollPull} as long as nothing was delivered. */
const ssePull = (connection: HttpConnection, request: PullRequest): Stream.Stream<PullPage, SyncBackendError> => {
  const pages = Stream.unwrap(Effect.map(openSse(connection, request), (open) => ssePages(connection, open)))
  return Stream.catchTag(pages, 'SseUnusable', ({ detail }) =>
    connection.live === 'sse'
      ? Stream.fail(new SyncBackendError({ operation: 'pull', reason: new ProtocolError({ detail }) }))
      : Stream.onFirst(pollPull(connection, request), () => rememberPoll(connection)),
  )
}

const rememberPoll = (connection: HttpConnection): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (nowMs) => {
    connection.sse.pollUntilMs = nowMs + pollForMs
    connection.sse.shortStreams = 0
  })

/** An event stream whose answer has begun. */
interface OpenSse {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly decoder: TextDecoder
  readonly parser: SseParser
  readonly openedMs: number
}

const openSse = (
  connection: HttpConnection,
  request: PullRequest,
): Effect.Effect<OpenSse, SyncBackendError | SseUnusable, Scope.Scope> =>
  Effect.gen(function* () {
    const controller = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (open) => Effect.sync(() => open.abort()),
    )
    const response = yield* send(connection, {
      operation: 'pull',
      path: pathOf(request, 'sse'),
      accept: 'text/event-stream',
      signal: controller.signal,
    }).pipe(Effect.timeoutOrElse({ duration: connection.firstByteMs, orElse: () => silence(connection) }))
    const contentType = response.headers.get('content-type') ?? ''
    if (response.body === null || !contentType.startsWith('text/event-stream')) {
      return yield* Effect.fail(new SseUnusable({ detail: `${contentType || 'nothing'} instead of an event stream` }))
    }
    return {
      reader: response.body.getReader(),
      decoder: new TextDecoder(),
      parser: makeSseParser(),
      openedMs: yield* Clock.currentTimeMillis,
    }
  })

const silence = (connection: HttpConnection): Effect.Effect<never, SseUnusable> =>
  Effect.fail(new SseUnusable({ detail: `no page of the stream within ${connection.firstByteMs} ms` }))

/** What was read but not delivered yet, and whether anything was ever. */
interface SsePlace {
  readonly unread: ReadonlyArray<SseEvent>
  readonly isFirst: boolean
}

const ssePages = (connection: HttpConnection, open: OpenSse): Stream.Stream<PullPage, SyncBackendError | SseUnusable> =>
  Stream.paginate<SsePlace, PullPage, SyncBackendError | SseUnusable>({ unread: [], isFirst: true }, (place) =>
    Effect.gen(function* () {
      const events = place.unread.length > 0 ? place.unread : yield* readEvents(connection, open, place.isFirst)
      const pages: Array<PullPage> = []
      for (const event of events) {
        if (event.event !== failureEvent) pages.push(yield* readPage(event.data))
        else if (pages.length === 0) return yield* failureIn(event)
        else return [pages, Option.some({ unread: [event], isFirst: false })] as const
      }
      if (place.isFirst) yield* note(connection, 'online')
      return [pages, Option.some({ unread: [], isFirst: false })] as const
    }),
  )

/** The next events of the stream, at least one; every read has to show a sign of life in time. */
const readEvents = (
  connection: HttpConnection,
  open: OpenSse,
  isFirst: boolean,
): Effect.Effect<ReadonlyArray<SseEvent>, SyncBackendError | SseUnusable> =>
  Effect.gen(function* () {
    for (;;) {
      const chunk = yield* readInTime(connection, open, isFirst)
      if (chunk === undefined) return yield* cut(connection, open, new Unreachable({ detail: 'the stream was cut' }))
      const events = open.parser.push(open.decoder.decode(chunk, { stream: true }))
      if (events.length > 0) return events
    }
  })

/** The next bytes, `undefined` at the end. */
const readInTime = (
  connection: HttpConnection,
  open: OpenSse,
  isFirst: boolean,
): Effect.Effect<Uint8Array | undefined, SyncBackendError | SseUnusable> => {
  const chunk = Effect.tryPromise({ try: () => open.reader.read(), catch: unreachable }).pipe(
    Effect.map(({ value }) => value),
    Effect.catch((reason) => cut(connection, open, reason)),
  )
  return isFirst
    ? Effect.timeoutOrElse(chunk, { duration: connection.firstByteMs, orElse: () => silence(connection) })
    : within('pull', 2 * connection.heartbeatMs)(chunk)
}

/** The stream ended without saying why. */
const cut = (connection: HttpConnection, open: OpenSse, reason: Unreachable): Effect.Effect<never, SyncBackendError> =>
  Effect.gen(function* () {
    const livedMs = (yield* Clock.currentTimeMillis) - open.openedMs
    connection.sse.shortStreams = livedMs < shortStreamMs ? connection.sse.shortStreams + 1 : 0
    if (connection.sse.shortStreams >= shortStreamsMax) yield* rememberPoll(connection)
    return yield* failWith('pull', reason)
  })

const failureIn = (event: SseEvent): Effect.Effect<never, SyncBackendError> => {
  const body = decodeErrorBody(event.data)
  const reason = Option.isSome(body)
    ? reasonOfBody(body.value)
    : new ProtocolError({ detail: 'an unreadable failure in the stream' })
  return failWith('pull', reason)
}
