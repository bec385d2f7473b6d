/** What the cases of `syncBackendSuite` do as an engine does it: try again, come first in the end, resume a live pull. */
import {
  type BackendEvent,
  type BackendPosition,
  type ConnectionState,
  type PullPage,
  type PulledEvent,
  type SyncBackend,
  type SyncBackendError,
} from '@headwater/core/backend'
import * as Deferred from 'effect/Deferred'
import * as Effect from 'effect/Effect'
import * as Schedule from 'effect/Schedule'
import type * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import { AssertionFailed, fail } from './Assert.ts'
import { type SuiteClient, endOf, renumber, root } from './SyncBackendFixture.ts'

/** Whether the reason of a failure says that the backend is away for the moment. */
export const isAway = (tag: string): boolean => tag === 'Unreachable' || tag === 'TimedOut' || tag === 'Unavailable'

/** The state that a subscriber is told first. */
export const stateOf = (backend: SyncBackend): Effect.Effect<ConnectionState | undefined> =>
  Effect.map(Stream.runCollect(Stream.take(backend.connection, 1)), ([state]) => state)

/** Short, so that cases are quick; not none, so that a backend that is starting gets to run. */
const retryMs = 20

/** Tries again what fails retryable, for as long as the case may take. */
export const again = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<A, SyncBackendError> =>
  Effect.retry(effect, { schedule: Schedule.spaced(retryMs), while: (error) => error.isRetryable })

/** Pushes these events until they are in the log: tries again, and renumbers them when others came first. */
export const land = (
  client: SuiteClient,
  events: ReadonlyArray<BackendEvent>,
): Effect.Effect<BackendPosition, SyncBackendError> =>
  Effect.gen(function* () {
    let batch = events
    for (;;) {
      const answer = yield* again(client.push(batch))
      if (answer._tag === 'Accepted') return answer.head
      if (answer._tag !== 'BackendAhead') return fail(`a racing batch: expected BackendAhead, got ${answer._tag}`)
      batch = renumber(answer.head, batch)
    }
  })

/** A live pull that is opened again, from where it stood, whenever it ends retryable. */
export interface Resuming {
  readonly events: ReadonlyArray<PulledEvent>
  readonly pages: ReadonlyArray<PullPage>
  /** How often it was opened again. */
  readonly resumed: () => number
  /** Ends when it has delivered that many events. Fails as the pull does, if that is not retryable. */
  readonly untilCount: (count: number) => Effect.Effect<void, SyncBackendError>
}

/** Follows the log from `after` in a fiber of the scope, over every cut. */
export const followOn = (
  client: SuiteClient,
  after: BackendPosition = root,
): Effect.Effect<Resuming, never, Scope.Scope> =>
  Effect.gen(function* () {
    const events: Array<PulledEvent> = []
    const pages: Array<PullPage> = []
    const waiting = new Set<() => void>()
    const failed = yield* Deferred.make<never, SyncBackendError>()
    let opened = 0
    const once = Effect.suspend(() => {
      opened += 1
      return Stream.runForEach(client.live(endOf(events, after)), (page) =>
        Effect.sync(() => {
          pages.push(page)
          events.push(...page.events)
          waiting.forEach((check) => check())
        }),
      ).pipe(Effect.andThen(Effect.die(new AssertionFailed('the live stream ended without a failure'))))
    })
    yield* Effect.forkScoped(
      Effect.onExit(again(once), (exit) =>
        exit._tag === 'Failure' ? Deferred.failCause(failed, exit.cause) : Effect.void,
      ),
      { startImmediately: true },
    )
    const reached = (count: number): Effect.Effect<void> =>
      Effect.callback<void>((resume) => {
        const check = (): void => {
          if (events.length < count) return
          waiting.delete(check)
          resume(Effect.void)
        }
        waiting.add(check)
        check()
        return Effect.sync(() => waiting.delete(check))
      })
    return {
      events,
      pages,
      resumed: () => opened - 1,
      untilCount: (count) => Effect.raceFirst(reached(count), Deferred.await(failed)),
    }
  })
