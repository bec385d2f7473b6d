import { PushRequest } from '@headwater/backend-http/protocol'
import * as Effect from 'effect/Effect'
import * as Schema from 'effect/Schema'
import { parsePush } from './PushBody.ts'
import { batchFault } from './PushJudgement.ts'
import { ServerFailure } from './ServerFailure.ts'
import type { ServerRequest } from './ServerRequest.ts'

const decodePush = Schema.decodeUnknownEffect(Schema.fromJsonString(PushRequest))

/** The batch of a push. **Fails with** `MalformedRequest`, `BatchTooLarge`; nothing is parsed before it is measured. */
export const readPush = (request: ServerRequest, bytesMax: number): Effect.Effect<PushRequest, ServerFailure> =>
  Effect.gen(function* () {
    // Also keeps a foreign web page from pushing without a CORS preflight.
    if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
      return yield* malformed('send the batch with content-type: application/json')
    }
    const text = yield* readText(request, bytesMax)
    const batch =
      parsePush(text) ??
      (yield* Effect.catchTag(decodePush(text), 'SchemaError', (error) => malformed(error.message.slice(0, 500))))
    const fault = batchFault(batch)
    return fault === undefined ? batch : yield* malformed(fault)
  })

export const malformed = (detail: string): Effect.Effect<never, ServerFailure> =>
  Effect.fail(new ServerFailure({ tag: 'MalformedRequest', detail }))

const readText = (request: ServerRequest, bytesMax: number): Effect.Effect<string, ServerFailure> =>
  Effect.suspend(() => {
    const declared = Number(request.headers.get('content-length') ?? 0)
    if (declared > bytesMax) return Effect.fail(tooLarge(bytesMax))
    return Effect.tryPromise({
      try: () => request.text(bytesMax),
      catch: () => new ServerFailure({ tag: 'MalformedRequest', detail: 'the body ended before it was complete' }),
    }).pipe(Effect.flatMap((text) => (text === undefined ? Effect.fail(tooLarge(bytesMax)) : Effect.succeed(text))))
  })

const tooLarge = (bytesMax: number): ServerFailure =>
  new ServerFailure({
    tag: 'BatchTooLarge',
    detail: `at most ${bytesMax} bytes are taken in one request; push fewer events`,
  })
