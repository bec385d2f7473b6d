import type { PullPage, PushAnswer, PushBatch, SyncBackendProvider } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'

/** Who looks on as batches and pages pass a place. */
export interface Passages {
  readonly onPush?: (batch: PushBatch) => void
  readonly onAnswer?: (batch: PushBatch, answer: PushAnswer) => void
  readonly onPage?: (page: PullPage) => void
}

/** A backend that tells what passes it, and changes nothing. */
export const watchedBackend = (
  inner: SyncBackendProvider,
  { onPush, onAnswer, onPage }: Passages,
): SyncBackendProvider => ({
  name: inner.name,
  make: (context) =>
    Effect.map(inner.make(context), (backend) => ({
      ...backend,
      push: (batch) =>
        Effect.suspend(() => {
          onPush?.(batch)
          return Effect.tap(backend.push(batch), (answer) => Effect.sync(() => onAnswer?.(batch, answer)))
        }),
      pull: (request) => Stream.tap(backend.pull(request), (page) => Effect.sync(() => onPage?.(page))),
    })),
})
