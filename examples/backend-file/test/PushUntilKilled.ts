/** A process that pushes batches of 3 and tells each head that was acknowledged, until it is killed. */
import { fileBackend } from '@headwater/example-backend-file'
import * as Effect from 'effect/Effect'
import { batchAfter } from './Batches.ts'

const [directory = '.', clientId = 'client-a'] = process.argv.slice(2)

await Effect.gen(function* () {
  const backend = yield* fileBackend({ directory }).make({ storeId: 'crash', clientId })
  const { backendId, head } = yield* backend.ping
  let parent = head
  for (;;) {
    const answer = yield* backend.push({ backendId, parent, events: batchAfter(parent, clientId) })
    if (answer._tag !== 'Accepted') throw new Error(`expected Accepted, got ${answer._tag}`)
    parent = answer.head
    process.stdout.write(`${parent.global} ${parent.eventId}\n`)
    // Lets a kill in between.
    yield* Effect.yieldNow
  }
}).pipe(Effect.scoped, Effect.runPromise)
