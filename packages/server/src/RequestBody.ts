import { PushRequest } from '@headwater/backend-http/protocol'
import * as Effect from 'effect/Effect'
import * as Schema from 'effect/Schema'
import { batchFault } from './PushJudgement.ts'
import { ServerFailure } from './ServerFailure.ts'

const decodePush = Schema.decodeUnknownEffect(Schema.fromJsonString(PushRequest))

/** The batch of a push. **Fails with** `MalformedRequest`, `BatchTooLarge`; nothing is parsed before it is measured. */
export const readPush = (request: Request, bytesMax: number): Effect.Effect<PushRequest, ServerFailure> =>
  Effect.gen(function* () {
    // Also keeps a foreign web page from pushing without a CORS preflight.
    if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
      return yield* malformed('send the batch with content-type: application/json')
    }
    const text = yield* readText(request, bytesMax)
    const batch = yield* Effect.catchTag(decodePush(text), 'SchemaError', (error) =>
      malformed(error.message.slice(0, 500)),
    )
    const fault = batchFault(batch)
    return fault === undefined ? batch : yield* malformed(fault)
  })

export const malformed = (detail: string): Effect.Effect<never, ServerFailure> =>
  Effect.fail(new ServerFailure({ tag: 'MalformedRequest', detail }))

const readText = (request: Request, bytesMax: number): Effect.Effect<string, ServerFailure> =>
  Effect.suspend(() => {
    const declared = Number(request.headers.get('content-length') ?? 0)
    if (declared > bytesMax) return Effect.fail(tooLarge(bytesMax))
    return Effect.tryPromise({
      try: () => readUpTo(request, bytesMax),
      catch: (error) =>
        error instanceof ServerFailure
          ? error
          : new ServerFailure({ tag: 'MalformedRequest', detail: 'the body ended before it was complete' }),
    })
  })

const readUpTo = async (request: Request, bytesMax: number): Promise<string> => {
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    chunks.push(chunk)
  }
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
}

const tooLarge = (bytesMax: number): ServerFailure =>
  new ServerFailure({
    tag: 'BatchTooLarge',
    detail: `at most ${bytesMax} bytes are taken in one request; push fewer events`,
  })
