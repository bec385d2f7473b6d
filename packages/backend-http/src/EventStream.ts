/**
 * A `live=sse` pull on the wire: opening it, reading its events, noticing that it says nothing any more.
 *
 * Streams count as not working when the answer is none, when its first page does not arrive in `firstByteMs` (a proxy
 * collects it), or when {@link shortStreamsMax} in a row are cut within {@link shortStreamMs}. The pull goes on by
 * long-poll by itself, and so does every pull of the next {@link pollForMs}.
 */
import { type SyncBackendError, TimedOut, Unreachable } from '@headwater/core/backend'
import * as Clock from 'effect/Clock'
import * as Data from 'effect/Data'
import * as Effect from 'effect/Effect'
import type * as Scope from 'effect/Scope'
import { type HttpConnection, failWith, send, unreachable } from './HttpConnection.ts'
import { type SseEvent, type SseParser, makeSseParser } from './SseParser.ts'

/** A proxy that cuts streams does so after a few seconds; one that lives longer than this is worth reopening. */
const shortStreamMs = 5_000
const shortStreamsMax = 3
/** Then a stream is tried again: the laptop may be in another network by now. */
const pollForMs = 10 * 60_000

/** Event streams don't get through to this server; nothing was delivered. */
export class SseUnusable extends Data.TaggedError('SseUnusable')<{ readonly detail: string }> {}

/** Event streams do not work here for now. */
export const rememberPoll = (connection: HttpConnection): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (nowMs) => {
    connection.sse.pollUntilMs = nowMs + pollForMs
    connection.sse.shortStreams = 0
  })

/** An event stream whose answer has begun. **Units** ms of a clock that is never set. */
export interface EventStream {
  readonly controller: AbortController
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly decoder: TextDecoder
  readonly parser: SseParser
  readonly nowMs: () => number
  readonly openedMs: number
  /** Since when a read waits; `undefined` while nobody reads. */
  waitingSinceMs: number | undefined
  hasEvents: boolean
  /** It said nothing for too long. */
  isSilent: boolean
}

/** **Fails with** `SseUnusable` where streams do not get through. */
export const openEventStream = (
  connection: HttpConnection,
  path: string,
): Effect.Effect<EventStream, SyncBackendError | SseUnusable, Scope.Scope> =>
  Effect.gen(function* () {
    const controller = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (open) => Effect.sync(() => open.abort()),
    )
    const response = yield* send(connection, {
      operation: 'pull',
      path,
      accept: 'text/event-stream',
      signal: controller.signal,
    }).pipe(Effect.timeoutOrElse({ duration: connection.firstByteMs, orElse: () => silence(connection) }))
    const contentType = response.headers.get('content-type') ?? ''
    if (response.body === null || !contentType.startsWith('text/event-stream')) {
      return yield* Effect.fail(new SseUnusable({ detail: `${contentType || 'nothing'} instead of an event stream` }))
    }
    const clock = yield* Clock.Clock
    const nowMs = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
    const open: EventStream = {
      controller,
      reader: response.body.getReader(),
      decoder: new TextDecoder(),
      parser: makeSseParser(),
      nowMs,
      openedMs: nowMs(),
      waitingSinceMs: undefined,
      hasEvents: false,
      isSilent: false,
    }
    yield* Effect.forkScoped(endIfSilent(connection, open))
    return open
  })

/** How long a read may wait: at first for a proxy that collects the answer, then for a heartbeat. */
const silentMsMax = ({ firstByteMs, heartbeatMs }: HttpConnection, { hasEvents }: EventStream): number =>
  hasEvents ? 2 * heartbeatMs : firstByteMs

/** Ends the stream when a read waits too long for a sign of life: one timer for all of its reads, the path of every page. */
const endIfSilent = (connection: HttpConnection, open: EventStream): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (;;) {
      const waitedMs = open.waitingSinceMs === undefined ? 0 : open.nowMs() - open.waitingSinceMs
      const leftMs = silentMsMax(connection, open) - waitedMs
      if (leftMs <= 0) break
      // Not past the moment at which a read that begins now, under the other limit, would have waited too long.
      yield* Effect.sleep(Math.min(leftMs, 2 * connection.heartbeatMs, connection.firstByteMs))
    }
    open.isSilent = true
    open.controller.abort()
    // A fetch of the app's own may keep the signal to itself.
    void open.reader.cancel().catch(() => undefined)
  })

const silence = (connection: HttpConnection): Effect.Effect<never, SseUnusable> =>
  Effect.fail(new SseUnusable({ detail: `no page of the stream within ${connection.firstByteMs} ms` }))

/** The next events, at least one; every read has to show a sign of life in time. */
export const nextEvents = (
  connection: HttpConnection,
  open: EventStream,
): Effect.Effect<ReadonlyArray<SseEvent>, SyncBackendError | SseUnusable> =>
  Effect.tryPromise({ try: () => readChunk(open), catch: unreachable }).pipe(
    Effect.matchEffect({
      onFailure: (reason) => ended(connection, open, reason),
      onSuccess: (chunk) => {
        if (chunk === undefined) return ended(connection, open, new Unreachable({ detail: 'the stream was cut' }))
        const events = open.parser.push(open.decoder.decode(chunk, { stream: true }))
        if (events.length === 0) return nextEvents(connection, open)
        open.hasEvents = true
        return Effect.succeed(events)
      },
    }),
  )

/** The next bytes, `undefined` at the end. */
const readChunk = async (open: EventStream): Promise<Uint8Array | undefined> => {
  open.waitingSinceMs = open.nowMs()
  try {
    return (await open.reader.read()).value
  } finally {
    open.waitingSinceMs = undefined
  }
}

/** The stream ended without saying why, or was ended for its silence. */
const ended = (
  connection: HttpConnection,
  open: EventStream,
  reason: Unreachable,
): Effect.Effect<never, SyncBackendError | SseUnusable> => {
  if (!open.isSilent) return cut(connection, open, reason)
  const afterMs = silentMsMax(connection, open)
  return open.hasEvents ? failWith('pull', new TimedOut({ afterMs })) : silence(connection)
}

const cut = (
  connection: HttpConnection,
  open: EventStream,
  reason: Unreachable,
): Effect.Effect<never, SyncBackendError> =>
  Effect.gen(function* () {
    const livedMs = open.nowMs() - open.openedMs
    connection.sse.shortStreams = livedMs < shortStreamMs ? connection.sse.shortStreams + 1 : 0
    if (connection.sse.shortStreams >= shortStreamsMax) yield* rememberPoll(connection)
    return yield* failWith('pull', reason)
  })
