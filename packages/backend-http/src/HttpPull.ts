/**
 * The pulling half of the client: pages one by one, an event stream, or long-poll.
 *
 * | Kind                            | Requests                                                                    |
 * | ------------------------------- | --------------------------------------------------------------------------- |
 * | `isLive: false`                 | `live=none` until caught up                                                 |
 * | `isLive: true`, streams work    | one `live=sse`                                                              |
 * | `isLive: true`, they don't      | `live=none` until caught up, then `live=poll` for ever                      |
 *
 * When streams don't work is `EventStream.ts`'s to say.
 */
import { ProtocolError, type PullPage, type PullRequest, SyncBackendError } from '@headwater/core/backend'
import * as Clock from 'effect/Clock'
import * as Effect from 'effect/Effect'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'
import * as Stream from 'effect/Stream'
import { type EventStream, type SseUnusable, nextEvents, openEventStream, rememberPoll } from './EventStream.ts'
import {
  type HttpConnection,
  type ReadAnswer,
  failWith,
  failureOf,
  note,
  noteFailure,
  readerOf,
  sendAndRead,
} from './HttpConnection.ts'
import { reasonOfBody } from './HttpFailure.ts'
import { type HttpPlace, queryOf } from './HttpStore.ts'
import { ErrorBody, type LiveMode, Page, failureEvent } from './Protocol.ts'
import type { SseEvent } from './SseParser.ts'

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

const decodeErrorBody = Schema.decodeUnknownOption(Schema.fromJsonString(ErrorBody))

/** The page behind a place; with `poll` it may wait for one. */
export const fetchPage = (
  connection: HttpConnection,
  place: HttpPlace,
  live: LiveMode,
): Effect.Effect<PullPage, SyncBackendError> => {
  const limit = live === 'poll' ? { timeoutMs: 2 * connection.heartbeatMs } : {}
  return sendAndRead(connection, { operation: 'pull', path: pathOf(place, live), ...limit }, readPage).pipe(
    Effect.tap(() => note(connection, 'online')),
  )
}

const readAnyPage = readerOf(Page)

const readPage: ReadAnswer<PullPage> = (operation, text) => {
  const page = readAnyPage(operation, text)
  if (page.events.length > 0 || page.isCaughtUp) return page
  throw failureOf(operation, new ProtocolError({ detail: 'an empty page that is not caught up' }))
}

const pathOf = (place: HttpPlace, live: LiveMode): string => {
  const query = queryOf(place)
  query.set('live', live)
  return `/pull?${query}`
}

/** By event stream; falls back to {@link pollPull} as long as nothing was delivered. */
const ssePull = (connection: HttpConnection, request: PullRequest): Stream.Stream<PullPage, SyncBackendError> => {
  const pages = Stream.unwrap(
    Effect.map(openEventStream(connection, pathOf(request, 'sse')), (open) => ssePages(connection, open)),
  )
  return Stream.catchTag(pages, 'SseUnusable', ({ detail }) =>
    connection.live === 'sse'
      ? Stream.fail(new SyncBackendError({ operation: 'pull', reason: new ProtocolError({ detail }) }))
      : Stream.onFirst(pollPull(connection, request), () => rememberPoll(connection)),
  )
}

/** What was read but not delivered yet, and whether anything was ever. */
interface SsePlace {
  readonly unread: ReadonlyArray<SseEvent>
  readonly isFirst: boolean
}

const ssePages = (
  connection: HttpConnection,
  open: EventStream,
): Stream.Stream<PullPage, SyncBackendError | SseUnusable> =>
  Stream.paginate<SsePlace, PullPage, SyncBackendError | SseUnusable>(
    { unread: [], isFirst: true },
    ({ unread, isFirst }) => {
      if (unread.length > 0) return stepOf(unread)
      const step = Effect.flatMap(nextEvents(connection, open), stepOf)
      return isFirst ? Effect.tap(step, () => note(connection, 'online')) : step
    },
  )

/** The pages of these events. A failure among them comes by itself, once the pages before it have been delivered. */
const stepOf = (events: ReadonlyArray<SseEvent>): Effect.Effect<Step<SsePlace>, SyncBackendError> => {
  const end = events.findIndex(({ event }) => event === failureEvent)
  if (end === 0) return failureIn(events[0]!)
  const read = end < 0 ? events : events.slice(0, end)
  return Effect.try({
    try: (): Step<SsePlace> => [
      read.map(({ data }) => readPage('pull', data)),
      Option.some({ unread: end < 0 ? [] : events.slice(end), isFirst: false }),
    ],
    // The only failure there is.
    catch: (error) => error as SyncBackendError,
  })
}

const failureIn = (event: SseEvent): Effect.Effect<never, SyncBackendError> => {
  const body = decodeErrorBody(event.data)
  const reason = Option.isSome(body)
    ? reasonOfBody(body.value)
    : new ProtocolError({ detail: 'an unreadable failure in the stream' })
  return failWith('pull', reason)
}
