/**
 * Headwater's sync protocol over HTTP, version 1. This file is the protocol: client and server are written from it and
 * import it, nothing else describes it.
 *
 * ## Endpoints
 *
 * | Method and path                  | Query                                     | Answer                                     |
 * | -------------------------------- | ----------------------------------------- | ------------------------------------------ |
 * | `GET  /health`                   |                                           | 200 {@link Health}; needs no token         |
 * | `GET  /v1/stores/:storeId`       | `after, afterId, backendId, cursor`       | 200 {@link StoreInfo}, if it holds that place |
 * | `POST /v1/stores/:storeId/push`  |                                           | body {@link PushRequest}, 200 {@link PushResponse} |
 * | `GET  /v1/stores/:storeId/pull`  | `after, afterId, backendId, cursor, live` | 200 {@link Page}, or a stream of them      |
 * | `GET  /v1/stores/:storeId/shape` | of Electric's protocol, see below         | what Electric answers; only where the server has one |
 *
 * The first path segment is the version of the protocol; a server behind a prefix (`https://host/sync`) has its paths
 * below the prefix. `:storeId` matches `storeIdPattern`.
 *
 * Query of a pull: `after` and `afterId` are the durable position (`after=0` and no `afterId` at the root), `backendId`
 * the log it belongs to (absent before the first contact), `cursor` the opaque text of the last page stored
 * (a server should have it name an append, see `PullRequest.cursor`; what follows a `/` in it is the client's own), `live`
 * one of {@link LiveMode}:
 *
 * | `live`           | Answer                                                                                      |
 * | ---------------- | ------------------------------------------------------------------------------------------- |
 * | `none` (default) | the next page, at once; empty if caught up                                                  |
 * | `poll`           | the next page, or an empty one after at most one heartbeat without news                     |
 * | `sse`            | `text/event-stream` of pages, first the backlog, then everything appended, until either side ends it |
 *
 * ## Headers
 *
 * | Header                | From   | Meaning                                                                             |
 * | --------------------- | ------ | ----------------------------------------------------------------------------------- |
 * | `headwater-protocol`  | both   | the protocol version again, so that a proxy that rewrites paths is noticed           |
 * | `headwater-client`    | client | its `clientId`; a claim, used for the turns under contention and for logs           |
 * | `authorization`       | client | `Bearer <token>`, made anew for every request                                       |
 * | `retry-after`         | server | whole seconds, with 429 and 503                                                     |
 *
 * ## Status codes
 *
 * Every judgement of a push (accepted, ahead, rejected, history changed) is a 200: the request did what it is for.
 * Everything else is an {@link ErrorBody} with one of these tags:
 *
 * | Status | `tag`              | Further fields          | The client sees                |
 * | ------ | ------------------ | ----------------------- | ------------------------------ |
 * | 400    | `MalformedRequest` |                         | `ProtocolError`                |
 * | 400    | `InvalidStoreId`   |                         | `ProtocolError`                |
 * | 400    | `UnknownVersion`   | `versions`              | `ProtocolError`                |
 * | 401    | `Unauthorized`     |                         | `Unauthorized`                 |
 * | 403    | `Forbidden`        |                         | `Unauthorized`                 |
 * | 403    | `ClientBound`      |                         | `Unauthorized`: another principal used this clientId first |
 * | 404    | `NotFound`         |                         | `ProtocolError`                |
 * | 405    | `MethodNotAllowed` |                         | `ProtocolError`                |
 * | 409    | `BackendReset`     | `expected, received`    | `BackendReset`                 |
 * | 409    | `HistoryChanged`   | `headGlobal`            | `HistoryChanged` (not of a push) |
 * | 410    | `PlaceUnknown`     |                         | starts over (of a shape only)  |
 * | 413    | `BatchTooLarge`    |                         | `BatchTooLarge`                |
 * | 429    | `RateLimited`      | `retryAfterMs`?         | `RateLimited`                  |
 * | 500    | `Internal`         |                         | `Unavailable`                  |
 * | 503    | `Unavailable`      | `retryAfterMs`?         | `Unavailable`                  |
 *
 * A status without such a body comes from something in between: 401/403 → `Unauthorized`, 408/504 → `TimedOut`,
 * 413 → `BatchTooLarge`, 429 → `RateLimited`, other 5xx → `Unavailable`, everything else → `ProtocolError`.
 * Whatever the status says: a body that broke off is no answer, and the client sees `Unreachable`.
 *
 * ## The event stream
 *
 * | Field                               | Meaning                                                            |
 * | ----------------------------------- | ------------------------------------------------------------------ |
 * | `id: 42` then `data: {Page}`        | a page; the id is the global number of the last event sent so far  |
 * | `event: failure`, `data: {ErrorBody}` | the stream ends with this error                                  |
 * | `: heartbeat`                       | a comment, at least every `heartbeatMs`                            |
 *
 * A stream that ends without `failure` was cut. It resumes from the client's durable position, in the query; the
 * standard `Last-Event-ID` is not used, because it lives in the memory of a connection and names no event id.
 *
 * ## The shape
 *
 * Electric's HTTP protocol (`/v1/shape`) for one shape: the rows of `headwater_events` of this store, with the columns of
 * {@link shapeColumns}. Table, columns and condition are the server's. A request that names any of them (`table`, `where`,
 * `params`, `columns`, `replica`, `log` other than `full`, `subset__…`, `secret`) is a 403, whatever it says.
 *
 * | From Electric                                   | The client gets                                                  |
 * | ----------------------------------------------- | ---------------------------------------------------------------- |
 * | 200, 304, 409 (`must-refetch`)                  | the same, with Electric's own headers                            |
 * | 400, the offset is beyond the shape             | 410 `PlaceUnknown`: the shape is still this one, its end is not  |
 * | 429                                             | 429 `RateLimited`                                                |
 * | any other status, no answer, none of Electric's | 503 `Unavailable`; the reason is in the server's log             |
 *
 * In an event stream the server adds a `: heartbeat` comment where Electric is silent for longer than `heartbeatMs`.
 *
 * ## Limits
 *
 * `batchEventsMax`, `batchBytesMax`, `eventBytesMax`, `pageEventsMax`, `pageBytesMax` of `@headwater/core/backend`,
 * counted in bytes of an event's JSON. {@link bodyBytesMax} holds a whole push and is checked before parsing.
 *
 * **Source**  spec section 9.
 */
import { batchBytesMax, batchEventsMax, heartbeatMs, pageEventsMax } from '@headwater/core/backend'
import * as Schema from 'effect/Schema'

/** The version this file describes. */
export const protocolVersion = 1
/** What a server that knows this file answers with `UnknownVersion`. */
export const protocolVersions: ReadonlyArray<number> = [protocolVersion]

export const protocolHeader = 'headwater-protocol'
export const clientHeader = 'headwater-client'

/** A batch, its commas, and 64 KiB for `backendId` and `parent`, which are short. */
export const bodyBytesMax = batchBytesMax + batchEventsMax + 64 * 1024
/** Longest silent wait of `live=poll`: one heartbeat, so that client and proxies treat both ways alike. */
export const pollWaitMs = heartbeatMs
/** Longest `backendId`, event id, `clientId`, `sessionId` or event name that is taken. Ours have 36; names are short. */
export const identifierLengthMax = 256

const Identifier = Schema.String.pipe(Schema.check(Schema.isBetweenLength(1, identifierLengthMax)))

/** Schema of the port's `BackendPosition`. */
export const Position = Schema.Struct({
  global: Schema.Natural,
  eventId: Schema.NullOr(Identifier),
})

/** Schema of the port's `BackendEvent`: exactly what a client sends for an event. */
export const WireEvent = Schema.Struct({
  global: Schema.Natural,
  parentGlobal: Schema.Natural,
  parentId: Schema.NullOr(Identifier),
  id: Identifier,
  name: Identifier,
  argsJson: Schema.String,
  clientId: Identifier,
  sessionId: Identifier,
  createdAt: Schema.Finite,
})

/** Schema of the port's `PulledEvent`. */
export const WirePulledEvent = Schema.Struct({
  ...WireEvent.fields,
  syncMetadataJson: Schema.NullOr(Schema.String),
})

/** Body of a push. The limits of a batch are checked apart from the schema: they are a 413, not a 400. */
export const PushRequest = Schema.Struct({
  backendId: Identifier,
  parent: Position,
  events: Schema.Array(WireEvent).pipe(Schema.check(Schema.isMinLength(1))),
})
export type PushRequest = typeof PushRequest.Type

const Rejection = Schema.Struct({ eventId: Schema.String, reason: Schema.String })

/** Answer to a push, the port's `PushAnswer`. */
export const PushResponse = Schema.Union([
  Schema.TaggedStruct('Accepted', { head: Position }),
  Schema.TaggedStruct('BackendAhead', { head: Position, missing: Schema.optionalKey(Schema.Array(WirePulledEvent)) }),
  Schema.TaggedStruct('Rejected', { rejections: Schema.Array(Rejection) }),
  Schema.TaggedStruct('HistoryChanged', { head: Position }),
])
export type PushResponse = typeof PushResponse.Type

/** One page of a pull. **Shape** `events`: at most {@link pageEventsMax}, in order, at least one unless caught up. */
export const Page = Schema.Struct({
  backendId: Identifier,
  events: Schema.Array(WirePulledEvent).pipe(Schema.check(Schema.isMaxLength(pageEventsMax))),
  cursor: Schema.NullOr(Schema.String),
  head: Position,
  isCaughtUp: Schema.Boolean,
})
export type Page = typeof Page.Type

/** Which log this is and where it ends. */
export const StoreInfo = Schema.Struct({ backendId: Identifier, head: Position })
export type StoreInfo = typeof StoreInfo.Type

/** Answer of `GET /health`. */
export const Health = Schema.Struct({
  status: Schema.Literals(['ok', 'stopping']),
  versions: Schema.Array(Schema.Natural),
  /** Of a server with an Electric: pushes work without it, shapes do not. */
  electric: Schema.optionalKey(Schema.Literals(['active', 'starting', 'unreachable'])),
})
export type Health = typeof Health.Type

/** The columns of a shape, by what they are in a `PulledEvent`; the parent's number is the event's own less one. */
export const shapeColumns = {
  store_id: 'storeId',
  seq: 'global',
  event_id: 'id',
  parent_id: 'parentId',
  name: 'name',
  args: 'argsJson',
  client_id: 'clientId',
  session_id: 'sessionId',
  created_at: 'createdAt',
  sync_metadata: 'syncMetadataJson',
  mark: 'mark',
} as const

/** Electric's own headers, which a shape's answer has and which web pages have to be let read. */
export const shapeHeaders = [
  'electric-cursor',
  'electric-handle',
  'electric-has-data',
  'electric-offset',
  'electric-schema',
  'electric-up-to-date',
] as const

/** How a pull is answered; the table is at the head of this file. */
export const LiveMode = Schema.Literals(['none', 'poll', 'sse'])
export type LiveMode = typeof LiveMode.Type

export const ErrorTag = Schema.Literals([
  'MalformedRequest',
  'InvalidStoreId',
  'UnknownVersion',
  'Unauthorized',
  'Forbidden',
  'ClientBound',
  'NotFound',
  'MethodNotAllowed',
  'BackendReset',
  'HistoryChanged',
  'PlaceUnknown',
  'BatchTooLarge',
  'RateLimited',
  'Internal',
  'Unavailable',
])
export type ErrorTag = typeof ErrorTag.Type

/** Body of every answer that is not a 200, and of the stream's `failure`. `message` says what to do about it. */
export const ErrorBody = Schema.Struct({
  error: Schema.Struct({
    tag: ErrorTag,
    message: Schema.String,
    versions: Schema.optionalKey(Schema.Array(Schema.Natural)),
    expected: Schema.optionalKey(Schema.NullOr(Schema.String)),
    received: Schema.optionalKey(Schema.String),
    headGlobal: Schema.optionalKey(Schema.Natural),
    retryAfterMs: Schema.optionalKey(Schema.Finite),
  }),
})
export type ErrorBody = typeof ErrorBody.Type

/** Status of each error. */
export const statusOf: Readonly<Record<ErrorTag, number>> = {
  MalformedRequest: 400,
  InvalidStoreId: 400,
  UnknownVersion: 400,
  Unauthorized: 401,
  Forbidden: 403,
  ClientBound: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  BackendReset: 409,
  HistoryChanged: 409,
  PlaceUnknown: 410,
  BatchTooLarge: 413,
  RateLimited: 429,
  Internal: 500,
  Unavailable: 503,
}

/** Name of the stream event that carries an {@link ErrorBody}. */
export const failureEvent = 'failure'
