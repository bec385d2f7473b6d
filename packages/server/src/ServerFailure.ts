import { type ErrorBody, type ErrorTag, statusOf } from '@headwater/backend-http/protocol'
import * as Data from 'effect/Data'
import type { StorageFailed } from './LogStorage.ts'

type ErrorFields = Omit<ErrorBody['error'], 'tag' | 'message'>

/** What ends a request with something else than a 200: one row of the table "Status codes" in Protocol.ts. */
export class ServerFailure extends Data.TaggedError('ServerFailure')<{
  readonly tag: ErrorTag
  readonly detail: string
  readonly fields?: ErrorFields
  /** Methods this address takes, with `MethodNotAllowed`. */
  readonly allow?: string
}> {
  override get message(): string {
    return `${this.tag}: ${this.detail}`
  }
  get isRetryable(): boolean {
    return statusOf[this.tag] >= 500 || this.tag === 'RateLimited'
  }
  get body(): ErrorBody {
    return { error: { tag: this.tag, message: this.detail, ...this.fields } }
  }
}

/** Clients come back after a second; a full disk is not fixed sooner. */
const storageRetryMs = 1_000

/** The detail stays in the server's log: it may name paths. */
export const storageFailure = (_error: StorageFailed): ServerFailure =>
  new ServerFailure({
    tag: 'Unavailable',
    detail: 'the log storage failed; the operator finds the reason in the server log',
    fields: { retryAfterMs: storageRetryMs },
  })

export const resetFailure = (expected: string | null, received: string): ServerFailure =>
  new ServerFailure({
    tag: 'BackendReset',
    detail: `this store's log is ${received}, not ${expected}`,
    fields: { expected, received },
  })

export const historyFailure = (after: number, headGlobal: number): ServerFailure =>
  new ServerFailure({
    tag: 'HistoryChanged',
    detail: `the log does not hold e${after} as it was read; it ends at e${headGlobal}`,
    fields: { headGlobal },
  })

export const stoppingFailure = (): ServerFailure =>
  new ServerFailure({ tag: 'Unavailable', detail: 'the server is stopping', fields: { retryAfterMs: storageRetryMs } })

export const failureResponse = (failure: ServerFailure): Response => {
  const headers = new Headers({ 'content-type': 'application/json' })
  const retryAfterMs = failure.fields?.retryAfterMs
  if (retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  if (failure.allow !== undefined) headers.set('allow', failure.allow)
  if (failure.tag === 'Unauthorized') headers.set('www-authenticate', 'Bearer')
  return new Response(JSON.stringify(failure.body), { status: statusOf[failure.tag], headers })
}
