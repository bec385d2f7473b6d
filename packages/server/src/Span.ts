import * as Effect from 'effect/Effect'

/** A span for whoever gave the handler a tracer. Its name says where it is from, so no stack trace is taken for it. */
export const inSpan =
  (name: string, attributes: Record<string, unknown>) =>
  <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.withSpan(self, name, { attributes, captureStackTrace: false })
