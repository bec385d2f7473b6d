import { clientHeader, type PushRequest } from '@headwater/backend-http/protocol'
import { type Rejection, batchExcess } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import type { Principal } from './Authorization.ts'
import { refuseArgs } from './EventValidation.ts'
import type { ServerContext } from './ServerContext.ts'
import type { AppendAnswer, AppendRequest } from './LogStorage.ts'
import { readPush } from './RequestBody.ts'
import { ServerFailure, resetFailure, storageFailure } from './ServerFailure.ts'
import type { ServerRequest } from './ServerRequest.ts'
import { inSpan } from './Span.ts'

/** What a push came to, for the answer and for the log. */
export interface PushOutcome {
  readonly text: string
  readonly tag: string
  readonly events: number
  readonly bytes: number
}

/**
 * Judges a pushed batch. The order is the port's: known ids, validation of what is new, parent; before all of it the
 * shape and size of the batch, behind it the answer's text.
 */
export const pushRoute = (
  server: ServerContext,
  request: ServerRequest,
  storeId: string,
  principal: Principal,
): Effect.Effect<PushOutcome, ServerFailure> =>
  Effect.gen(function* () {
    const batch = yield* readPush(request, server.limits.bodyBytes)
    const append = yield* appendRequestOf(storeId, batch, principal)
    const answer = yield* judge(server, append, principal)
    const clientId = request.headers.get(clientHeader) ?? batch.events[0]?.clientId ?? ''
    const turn = answer === undefined ? server.turns.enter(storeId, clientId) : undefined
    if (turn !== undefined) yield* Effect.promise(() => turn)
    const final = answer ?? (yield* Effect.mapError(server.storage.append(append), failed(server)))
    if (final._tag === 'Accepted' || final._tag === 'BackendAhead') server.turns.note(storeId, clientId, final._tag)
    const text = yield* textOf(batch, final)
    return { text, tag: final._tag, events: batch.events.length, bytes: text.length }
  }).pipe(inSpan('headwater.push', { storeId }))

const failed = (server: ServerContext) => (error: Parameters<typeof storageFailure>[0]) => {
  server.log({ level: 'error', event: 'failed', operation: error.operation, detail: error.detail })
  return storageFailure(error)
}

/** Steps 1 and 2, if there is anything to validate: an answer, or `undefined` to append. */
const judge = (
  server: ServerContext,
  append: AppendRequest,
  principal: Principal,
): Effect.Effect<AppendAnswer | undefined, ServerFailure> =>
  Effect.gen(function* () {
    const { events } = append.batch
    const argsRejections = refuseArgs(events)
    if (server.validation === undefined && argsRejections.length === 0) return undefined
    const known = yield* Effect.mapError(server.storage.judgeKnown(append), failed(server))
    if (known._tag !== 'Fresh') return known
    const fresh = events.slice(known.from)
    const rejections: ReadonlyArray<Rejection> =
      argsRejections.length > 0 || server.validation === undefined
        ? argsRejections.filter(({ eventId }) => fresh.some((event) => event.id === eventId))
        : yield* server.validation.check(principal, fresh, { storeId: append.storeId })
    return rejections.length > 0 ? { _tag: 'Rejected', rejections } : undefined
  })

/** Makes the stored text of each event, which is also what its size is taken from. */
const appendRequestOf = (
  storeId: string,
  batch: PushRequest,
  principal: Principal,
): Effect.Effect<AppendRequest, ServerFailure> =>
  Effect.suspend(() => {
    const author = principal.id === null ? null : JSON.stringify({ author: principal.id })
    const tail = `,"syncMetadataJson":${JSON.stringify(author)}}`
    const sizes: Array<number> = []
    const eventsJson = batch.events.map((event) => {
      const json = JSON.stringify(event)
      sizes.push(Buffer.byteLength(json))
      return json.slice(0, -1) + tail
    })
    const excess = batchExcess(sizes)
    if (excess !== undefined) return Effect.fail(new ServerFailure({ tag: 'BatchTooLarge', detail: excess }))
    const mayPushForOthers = principal.mayPushForOthers ?? false
    return Effect.succeed({ storeId, batch, eventsJson, principalId: principal.id, mayPushForOthers })
  })

const textOf = (batch: PushRequest, answer: AppendAnswer): Effect.Effect<string, ServerFailure> => {
  switch (answer._tag) {
    case 'Accepted':
      return Effect.succeed(JSON.stringify({ _tag: answer._tag, head: answer.head }))
    case 'BackendAhead': {
      const missing = answer.missingJson === undefined ? '' : `,"missing":[${answer.missingJson.join(',')}]`
      return Effect.succeed(`{"_tag":"BackendAhead","head":${JSON.stringify(answer.head)}${missing}}`)
    }
    case 'Rejected':
    case 'HistoryChanged':
      return Effect.succeed(JSON.stringify(answer))
    case 'BackendReset':
      return Effect.fail(resetFailure(batch.backendId, answer.backendId))
    case 'ClientBound': {
      const detail = `client ${answer.clientId} belongs to another user of this store; sign in as that user, or use a new client`
      return Effect.fail(new ServerFailure({ tag: 'ClientBound', detail }))
    }
  }
}
