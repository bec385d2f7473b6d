/**
 * The body of a `live=sse` pull.
 *
 * It is driven by its reader: a page is read from storage when the reader wants one and not before, so that a slow
 * connection holds one page here and one in its socket, whatever the log grows to meanwhile. While the reader waits and
 * there is no news, a heartbeat is sent; a reader that doesn't read needs none.
 */
import { failureEvent } from '@headwater/backend-http/protocol'
import type { BackendPosition } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import type { ServerContext } from './ServerContext.ts'
import { type News, makeNews } from './News.ts'
import type { TextSource } from './PlainText.ts'
import { ServerFailure, stoppingFailure } from './ServerFailure.ts'

export interface PullPlace {
  readonly after: BackendPosition
  readonly cursor: string | null
  readonly backendId: string | null
}

/** One page as text, and where the next one starts. */
export interface PullStep {
  readonly text: string
  readonly events: number
  /** It ends where the log ended. */
  readonly isCaughtUp: boolean
  readonly next: PullPlace
}

export interface LiveStreamOptions {
  readonly server: ServerContext
  readonly storeId: string
  readonly first: PullStep
  readonly step: (from: PullPlace) => Effect.Effect<PullStep, ServerFailure>
  readonly expiresAtMs: number | undefined
}

export const liveStream = ({ first, ...options }: LiveStreamOptions): TextSource => {
  const news = makeNews(options.server, options.storeId)
  // Kept until it is sent and no longer: it may be a megabyte, and the stream lives for days.
  let unsent: PullStep | undefined = first
  const at: ReadPlace = { place: first.next, isRead: false }
  let isOver = false
  return {
    next: async () => {
      if (isOver) return undefined
      const isFirst = unsent !== undefined
      const said = unsent ?? (await nextStep(options, news, at))
      unsent = undefined
      if (said === 'heartbeat') return ': heartbeat\n\n'
      if (said instanceof ServerFailure) {
        isOver = true
        news.end()
        return `event: ${failureEvent}\ndata: ${JSON.stringify(said.body)}\n\n`
      }
      at.place = said.next
      // What was appended between the first page and `makeNews` nobody has told of.
      at.isRead = !isFirst && said.isCaughtUp
      return `id: ${said.next.after.global}\ndata: ${said.text}\n\n`
    },
    cancel: () => {
      isOver = true
      news.end()
    },
  }
}

/** Where a stream stands, and whether the log was read to its end there: then only news make it worth reading again. */
interface ReadPlace {
  place: PullPlace
  isRead: boolean
}

/** The next page with events, or after a heartbeat's time without any, or why the stream ends. */
const nextStep = async (
  { server, step, expiresAtMs }: Omit<LiveStreamOptions, 'first'>,
  news: News,
  at: ReadPlace,
): Promise<PullStep | ServerFailure | 'heartbeat'> => {
  for (;;) {
    const leftMs = expiresAtMs === undefined ? Infinity : expiresAtMs - Date.now()
    if (server.stopping.aborted) return stoppingFailure()
    if (leftMs <= 0) return new ServerFailure({ tag: 'Unauthorized', detail: 'the token of this stream has expired' })
    if (at.isRead) {
      at.isRead = false
      if ((await news.wait(Math.min(server.heartbeatMs, leftMs))) === 'silence') return 'heartbeat'
      continue
    }
    const result = await Effect.runPromise(Effect.result(step(at.place)))
    if (Result.isFailure(result)) return result.failure
    if (result.success.events > 0) return result.success
    at.isRead = true
  }
}
