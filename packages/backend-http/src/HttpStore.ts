/** What a connection asks of one store: which log it is, whether that holds a place, and to take a batch. */
import type {
  BackendEvent,
  BackendInfo,
  BackendPosition,
  PushAnswer,
  PushBatch,
  SyncBackendError,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { type HttpConnection, noted, readerOf, sendAndRead } from './HttpConnection.ts'
import { PushResponse, StoreInfo } from './Protocol.ts'

/** Where a client stands, as far as a server can check it. */
export interface HttpPlace {
  readonly after: BackendPosition
  /** What the server gave with the last page; `null` if it names nothing. */
  readonly cursor: string | null
  /** `null` takes any log. */
  readonly backendId: string | null
}

const readInfo = readerOf(StoreInfo)
const readPushAnswer = readerOf(PushResponse)

/** Which log the store has and where it ends. */
export const ping = (connection: HttpConnection): Effect.Effect<BackendInfo, SyncBackendError> =>
  infoOf(connection, 'ping', '')

/** As {@link ping}. **Fails with** `BackendReset`, `HistoryChanged` too, if the log does not hold the place. */
export const pingAt = (connection: HttpConnection, place: HttpPlace): Effect.Effect<BackendInfo, SyncBackendError> =>
  infoOf(connection, 'pull', `?${queryOf(place)}`)

const infoOf = (
  connection: HttpConnection,
  operation: 'ping' | 'pull',
  path: string,
): Effect.Effect<BackendInfo, SyncBackendError> =>
  sendAndRead(connection, { operation, path }, readInfo).pipe(noted(connection))

/** Has a batch judged. */
export const push = (connection: HttpConnection, batch: PushBatch): Effect.Effect<PushAnswer, SyncBackendError> =>
  Effect.suspend(() =>
    sendAndRead(connection, { operation: 'push', path: '/push', body: encodeBatch(batch) }, readPushAnswer),
  ).pipe(noted(connection))

/** The query that names a place. */
export const queryOf = ({ after, cursor, backendId }: HttpPlace): URLSearchParams => {
  const query = new URLSearchParams({ after: String(after.global) })
  if (after.eventId !== null) query.set('afterId', after.eventId)
  if (backendId !== null) query.set('backendId', backendId)
  if (cursor !== null) query.set('cursor', cursor)
  return query
}

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
