/** A backend that is wrong in two ways, for the report that its author reads. Fails on purpose. */
import { test } from 'node:test'
import { memoryBackend, syncBackendSuite } from '@headwater/testkit'
import * as Effect from 'effect/Effect'

syncBackendSuite({
  test,
  capabilities: [],
  timeoutMs: 2_000,
  makeBackend: async () => {
    const memory = memoryBackend()
    return {
      provider: {
        name: 'wrong',
        make: (context) =>
          Effect.map(memory.make(context), (backend) => ({
            ...backend,
            // Acknowledges what it does not store, and never says so on a live stream.
            push: (batch) =>
              Effect.succeed({
                _tag: 'Accepted' as const,
                head: { global: batch.events.at(-1)?.global ?? 0, eventId: batch.events.at(-1)?.id ?? null },
              }),
          })),
      },
      close: async () => undefined,
    }
  },
})
