/**
 * The `fetch` of Electric's client: through the server's proxy, with the token of the moment, time limits and typed
 * failures. What fails here ends the reading at once; Electric's client would try again on its own, or keep it to itself.
 *
 * | What happens                                           | Is                                                        |
 * | ------------------------------------------------------ | --------------------------------------------------------- |
 * | 2xx, 409 (`must-refetch`)                              | handed on to Electric's client                            |
 * | 410, the shape lacks the place                         | trouble: it is read from another                          |
 * | any other status                                       | as the table "Status codes" of the protocol says          |
 * | no answer, or silence in its body                      | `TimedOut`; of a stream's first bytes: no streams for a while |
 * | a body that breaks off, or is none of a shape          | `Unreachable`, `ProtocolError`                            |
 */
import { type HttpConnection, brokenOff, reasonOf, sendRaw, unreachable } from '@headwater/backend-http/connection'
import { ProtocolError, SyncBackendError, type SyncBackendReason, TimedOut } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'

export interface ShapeFetchOptions {
  readonly connection: HttpConnection
  readonly onFailure: (reason: SyncBackendReason) => void
  /** The shape cannot be read on from here, and nobody failed. */
  readonly onTrouble: (detail: string) => void
  /** Aborted when nobody reads any more. */
  readonly closed: AbortSignal
  /** When the next bytes of an event stream may be read: not while its reader has enough to do. */
  readonly mayRead: () => Promise<void>
}

/** Then a stream is tried again: the laptop may be in another network by now. */
const pollForMs = 10 * 60_000

export const makeShapeFetch = (options: ShapeFetchOptions): typeof globalThis.fetch => {
  const { connection, onFailure, closed } = options
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const isLive = url.searchParams.get('live') === 'true'
    const isStream = url.searchParams.get('live_sse') === 'true'
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, ...(init?.signal ? [init.signal] : [])])
    // Requests that are fetched ahead are dropped when they turn out not to be needed. A stream is not: Electric's client
    // ends that of a page that is hidden, which may be the one that syncs for others.
    const isMeant = (): boolean => !closed.aborted && (isStream || init?.signal?.aborted !== true)
    let failure: SyncBackendError | undefined
    const fail = (reason: SyncBackendReason): SyncBackendError => {
      if (failure !== undefined) return failure
      failure = new SyncBackendError({ operation: 'pull', reason })
      if (isMeant()) onFailure(reason)
      ended.abort(failure)
      return failure
    }
    const limitMs = isStream ? connection.firstByteMs : isLive ? 2 * connection.heartbeatMs : connection.requestMs
    const response = await Effect.runPromise(
      sendRaw(connection, {
        operation: 'pull',
        path: `/shape${url.search}`,
        accept: isStream ? 'text/event-stream' : 'application/json',
        signal,
      }).pipe(
        Effect.timeoutOrElse({
          duration: limitMs,
          orElse: () =>
            Effect.fail(new SyncBackendError({ operation: 'pull', reason: late(options, isStream, limitMs) })),
        }),
      ),
    ).catch((error: unknown) => {
      throw fail(error instanceof SyncBackendError ? error.reason : unreachable(error))
    })
    if (response.status === 409) return response
    const reason = response.ok ? undefined : await reasonOf(response)
    if (response.status === 410 && isMeant()) options.onTrouble('Electric does not have this place in the shape')
    if (reason !== undefined) throw fail(reason)
    if (response.body === null) return response
    const body = isStream ? streamBody(options, response.body, fail) : wholeBody(options, response.body, fail)
    return new Response(body, { status: response.status, headers: response.headers })
  }
}

type Fail = (reason: SyncBackendReason) => SyncBackendError

/** A stream that says nothing at all is held back by something on the way: the next readings do without. */
const late = ({ connection }: ShapeFetchOptions, isStream: boolean, afterMs: number): TimedOut => {
  if (isStream && connection.live === 'auto') connection.sse.pollUntilMs = Date.now() + pollForMs
  return new TimedOut({ afterMs })
}

const streamBody = (
  options: ShapeFetchOptions,
  body: ReadableStream<Uint8Array>,
  fail: Fail,
): ReadableStream<Uint8Array> => {
  const { connection, mayRead } = options
  let isFirst = true
  return watched(body, async (read) => {
    await mayRead()
    const limitMs = isFirst ? connection.firstByteMs : 2 * connection.heartbeatMs
    const chunk = await within(read(), limitMs, () => fail(late(options, isFirst, limitMs)), fail)
    isFirst = false
    return chunk
  })
}

const [openBracket, closeBracket] = [0x5b, 0x5d]

/** A JSON array from its first byte to its last. */
const wholeBody = (
  { connection }: ShapeFetchOptions,
  body: ReadableStream<Uint8Array>,
  fail: Fail,
): ReadableStream<Uint8Array> => {
  let [first, last]: [number | undefined, number | undefined] = [undefined, undefined]
  return watched(body, async (read) => {
    const limitMs = connection.requestMs
    const chunk = await within(read(), limitMs, () => fail(new TimedOut({ afterMs: limitMs })), fail)
    if (chunk === undefined) {
      if (last !== closeBracket) throw fail(brokenOff)
      return undefined
    }
    first ??= chunk.find((byte) => !isSpace(byte))
    if (first !== undefined && first !== openBracket) throw fail(new ProtocolError({ detail: 'no rows of a shape' }))
    last = chunk.findLast((byte) => !isSpace(byte)) ?? last
    return chunk
  })
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Reads on when its own reader wants more, and not before. */
const watched = (
  body: ReadableStream<Uint8Array>,
  next: (read: () => Promise<Uint8Array | undefined>) => Promise<Uint8Array | undefined>,
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  const read = async (): Promise<Uint8Array | undefined> => (await reader.read()).value
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await next(read)
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

const within = async <A>(work: Promise<A>, ms: number, onLate: () => Error, fail: Fail): Promise<A> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onLate()), ms)
  })
  try {
    return await Promise.race([work, silence])
  } catch (error) {
    throw error instanceof SyncBackendError ? error : fail(unreachable(error))
  } finally {
    clearTimeout(timer)
  }
}
