import {
  BackendReset,
  BatchTooLarge,
  HistoryChanged,
  ProtocolError,
  RateLimited,
  type SyncBackendReason,
  TimedOut,
  Unauthorized,
  Unavailable,
  Unreachable,
} from '@headwater/core/backend'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'
import { ErrorBody } from './Protocol.ts'

const decodeErrorBody = Schema.decodeUnknownOption(Schema.fromJsonString(ErrorBody))

/** What an answer is whose end did not arrive, although nobody said so. */
export const brokenOff = new Unreachable({ detail: 'the answer broke off' })

/**
 * Whether a body is the beginning of an answer: those of the protocol are JSON objects. A connection that is closed to
 * say where a body ends does not tell a broken one from a whole one (a proxy that speaks HTTP/1.0).
 */
export const isBrokenOff = (text: string): boolean => {
  const start = text.trimStart()
  if (start === '') return true
  if (!start.startsWith('{')) return false
  try {
    JSON.parse(start)
    return false
  } catch {
    return true
  }
}

/** Why an answer that is not 2xx failed. **Fails with** never. */
export const reasonOf = async (response: Response): Promise<SyncBackendReason> => {
  const text = await response.text().catch(() => '{')
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'), response.headers.get('date'))
  const body = decodeErrorBody(text)
  if (Option.isSome(body)) return reasonOfBody(body.value, retryAfterMs)
  const reason = reasonOfStatus(response.status, response.statusText, retryAfterMs)
  // Nobody stops for good over something that was not heard to its end.
  return reason._tag === 'ProtocolError' && text !== '' && isBrokenOff(text) ? brokenOff : reason
}

/** The table "Status codes" of Protocol.ts. */
export const reasonOfBody = ({ error }: ErrorBody, fromHeaderMs?: number): SyncBackendReason => {
  const retryAfterMs = error.retryAfterMs ?? fromHeaderMs
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs }
  switch (error.tag) {
    case 'Unauthorized':
    case 'Forbidden':
    case 'ClientBound':
      return new Unauthorized({ detail: error.message })
    case 'BackendReset':
      return new BackendReset({ expected: error.expected ?? null, received: error.received ?? 'unknown' })
    case 'HistoryChanged':
      return new HistoryChanged({ detail: error.message, headGlobal: error.headGlobal ?? 0 })
    case 'BatchTooLarge':
      return new BatchTooLarge({ detail: error.message })
    case 'RateLimited':
      return new RateLimited(delay)
    case 'Internal':
    case 'PlaceUnknown':
    case 'Unavailable':
      return new Unavailable({ detail: error.message, ...delay })
    case 'MalformedRequest':
    case 'InvalidStoreId':
    case 'UnknownVersion':
    case 'NotFound':
    case 'MethodNotAllowed':
      return new ProtocolError({ detail: `${error.tag}: ${error.message}` })
  }
}

/** An answer from something between client and server. */
const reasonOfStatus = (status: number, statusText: string, retryAfterMs: number | undefined): SyncBackendReason => {
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs }
  const detail = `${status} ${statusText}`.trim()
  if (status === 401 || status === 403) return new Unauthorized({ detail })
  if (status === 408 || status === 504) return new TimedOut({ afterMs: 0 })
  if (status === 413) return new BatchTooLarge({ detail })
  if (status === 429) return new RateLimited(delay)
  if (status >= 500) return new Unavailable({ detail, ...delay })
  return new ProtocolError({ detail: `${detail} without an error body of the protocol` })
}

/**
 * `Retry-After` in ms: whole seconds, or a date, which is taken relative to the answer's own `Date` so that no clock of
 * ours is compared with one of theirs.
 */
export const retryAfterOf = (retryAfter: string | null, date: string | null): number | undefined => {
  if (retryAfter === null) return undefined
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter) * 1000
  const delayMs = Date.parse(retryAfter) - Date.parse(date ?? '')
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : undefined
}
