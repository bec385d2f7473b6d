/** What the cases of `syncBackendSuite` are written with: building events, pulling, and saying what was expected. */
import {
  type BackendEvent,
  type BackendInfo,
  type BackendPosition,
  type PullPage,
  type PulledEvent,
  type PushAnswer,
  type SyncBackend,
  type SyncBackendError,
  type SyncBackendProvider,
  batchBytesMax,
  batchEventsMax,
  eventSizeBytes,
} from '@headwater/core/backend'
import * as Deferred from 'effect/Deferred'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import type * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import { AssertionFailed, equal, fail, isTrue } from './Assert.ts'

export const root: BackendPosition = { global: 0, eventId: null }

/** Fails unless both are deeply equal. */
export const expectEqual = (what: string, actual: unknown, expected: unknown): void => equal(actual, expected, what)

/** Fails unless it holds; `what` says what should. */
export const expectTrue = (what: string, holds: boolean): void => isTrue(holds, what)

export interface EventOptions {
  readonly clientId?: string
  readonly name?: string
  readonly argsJson?: string | ((index: number) => string)
  readonly id?: string
}

/** `count` new events directly behind `parent`, contiguous. */
export const eventsAfter = (
  parent: BackendPosition,
  count: number,
  options: EventOptions = {},
): Array<BackendEvent> => {
  const events: Array<BackendEvent> = []
  let before = parent
  for (let index = 0; index < count; index += 1) {
    const args = options.argsJson ?? `{"index":${index}}`
    const event: BackendEvent = {
      global: before.global + 1,
      parentGlobal: before.global,
      parentId: before.eventId,
      id: options.id ?? crypto.randomUUID(),
      name: options.name ?? 'suiteEvent',
      argsJson: typeof args === 'string' ? args : args(index),
      clientId: options.clientId ?? 'client-a',
      sessionId: 'session-1',
      createdAt: 1_700_000_000_000 + index,
    }
    events.push(event)
    before = positionOf(event)
  }
  return events
}

/** The same events, renumbered behind another parent: what a client does when it was not first. */
export const renumber = (parent: BackendPosition, events: ReadonlyArray<BackendEvent>): Array<BackendEvent> => {
  let before = parent
  return events.map((event) => {
    const moved = { ...event, global: before.global + 1, parentGlobal: before.global, parentId: before.eventId }
    before = positionOf(moved)
    return moved
  })
}

export const positionOf = (event: { readonly global: number; readonly id: string }): BackendPosition => ({
  global: event.global,
  eventId: event.id,
})

/** Position of the last of them, `before` if there are none. */
export const endOf = (events: ReadonlyArray<BackendEvent>, before: BackendPosition = root): BackendPosition => {
  const last = events.at(-1)
  return last === undefined ? before : positionOf(last)
}

/** Splits events into batches that keep the protocol's limits. */
export const batchesOf = (events: ReadonlyArray<BackendEvent>): Array<Array<BackendEvent>> => {
  const batches: Array<Array<BackendEvent>> = []
  let bytes = Infinity
  for (const event of events) {
    const size = eventSizeBytes(event)
    if (bytes + size > batchBytesMax || (batches.at(-1)?.length ?? 0) >= batchEventsMax) {
      batches.push([])
      bytes = 0
    }
    bytes += size
    batches.at(-1)?.push(event)
  }
  return batches
}

/** One client of one store, as the cases use it. */
export interface SuiteClient {
  readonly backend: SyncBackend
  readonly info: BackendInfo
  /** Pushes events as one batch behind their own first parent. */
  readonly push: (events: ReadonlyArray<BackendEvent>) => Effect.Effect<PushAnswer, SyncBackendError>
  /** Pushes all of them in as many batches as the limits ask for; every one must be accepted. */
  readonly pushAll: (events: ReadonlyArray<BackendEvent>) => Effect.Effect<BackendPosition, SyncBackendError>
  /** Every page up to the first caught-up one. */
  readonly pages: (after?: BackendPosition) => Effect.Effect<Array<PullPage>, SyncBackendError>
  readonly log: (after?: BackendPosition) => Effect.Effect<Array<PulledEvent>, SyncBackendError>
  readonly live: (after?: BackendPosition) => Stream.Stream<PullPage, SyncBackendError>
}

/** Connects a client and asks which log this is. */
export const connect = (
  provider: SyncBackendProvider,
  storeId: string,
  clientId = 'client-a',
): Effect.Effect<SuiteClient, SyncBackendError, Scope.Scope> =>
  Effect.gen(function* () {
    const backend = yield* provider.make({ storeId, clientId })
    const info = yield* backend.ping
    return suiteClient(backend, info)
  })

const suiteClient = (backend: SyncBackend, info: BackendInfo): SuiteClient => {
  const { backendId } = info
  const push: SuiteClient['push'] = (events) => {
    const first = events[0]
    const parent = first === undefined ? root : { global: first.parentGlobal, eventId: first.parentId }
    return backend.push({ backendId, parent, events })
  }
  const pages: SuiteClient['pages'] = (after = root) =>
    Stream.runCollect(backend.pull({ backendId, after, cursor: null, isLive: false }))
  return {
    backend,
    info,
    push,
    pushAll: (events) =>
      Effect.gen(function* () {
        for (const batch of batchesOf(events)) {
          expectEqual('answer to a batch', yield* push(batch), { _tag: 'Accepted', head: endOf(batch) })
        }
        return endOf(events)
      }),
    pages,
    log: (after) => Effect.map(pages(after), (all) => all.flatMap((page) => [...page.events])),
    live: (after = root) => backend.pull({ backendId, after, cursor: null, isLive: true }),
  }
}

/** Fails unless `log` is exactly `events`, from `after` on, without gap or duplicate. */
export const expectLog = (
  log: ReadonlyArray<PulledEvent>,
  events: ReadonlyArray<BackendEvent>,
  after: BackendPosition = root,
): void => {
  expectContiguous(log, after)
  expectEqual('number of events in the log', log.length, events.length)
  for (const [index, event] of events.entries()) {
    const { syncMetadataJson: _, ...stored } = log[index] ?? { syncMetadataJson: null }
    expectEqual(`event ${index} of the log`, stored, event)
  }
}

/** Fails unless every event follows the one before it. */
export const expectContiguous = (log: ReadonlyArray<PulledEvent>, after: BackendPosition = root): void => {
  let before = after
  for (const event of log) {
    const parent = { global: event.parentGlobal, eventId: event.parentId }
    expectEqual(`parent of event ${event.global}`, parent, before)
    expectEqual(`number behind ${before.global}`, event.global, before.global + 1)
    before = positionOf(event)
  }
  expectEqual('different ids', new Set(log.map(({ id }) => id)).size, log.length)
}

/** What an effect fails with; succeeding is a failure of the suite. */
export const failureOf = <A>(
  what: string,
  effect: Effect.Effect<A, SyncBackendError>,
): Effect.Effect<SyncBackendError> =>
  Effect.map(Effect.result(effect), (result) => {
    if (result._tag === 'Failure') return result.failure
    return fail(`${what}: expected a failure, got ${JSON.stringify(result.success)?.slice(0, 400)}`)
  })

/** As {@link failureOf}, the tag of its reason. */
export const reasonOf = <A>(what: string, effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<string> =>
  Effect.map(failureOf(what, effect), ({ reason }) => reason._tag)

/** A live pull that runs beside the case. */
export interface Following {
  readonly pages: ReadonlyArray<PullPage>
  readonly events: () => Array<PulledEvent>
  /** Ends as soon as the pages so far satisfy the condition. Fails if the stream ends before. */
  readonly until: (condition: (pages: ReadonlyArray<PullPage>) => boolean) => Effect.Effect<void, SyncBackendError>
  /** Why the stream ended. A live stream never ends well. */
  readonly end: Effect.Effect<string>
  readonly stop: Effect.Effect<void>
}

/** Follows a live pull in a fiber of the scope. */
export const follow = (
  stream: Stream.Stream<PullPage, SyncBackendError>,
): Effect.Effect<Following, never, Scope.Scope> =>
  Effect.gen(function* () {
    const pages: Array<PullPage> = []
    const waiting = new Set<() => void>()
    const ended = yield* Deferred.make<never, SyncBackendError>()
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(stream, (page) =>
        Effect.sync(() => {
          pages.push(page)
          waiting.forEach((check) => check())
        }),
      ).pipe(
        Effect.andThen(Effect.die(new AssertionFailed('the live stream ended without a failure'))),
        Effect.onExit((exit) => Deferred.done(ended, exit)),
      ),
      { startImmediately: true },
    )
    const reached = (condition: (pages: ReadonlyArray<PullPage>) => boolean): Effect.Effect<void> =>
      Effect.callback<void>((resume) => {
        const check = (): void => {
          if (!condition(pages)) return
          waiting.delete(check)
          resume(Effect.void)
        }
        waiting.add(check)
        check()
        return Effect.sync(() => waiting.delete(check))
      })
    return {
      pages,
      events: () => pages.flatMap((page) => [...page.events]),
      until: (condition) => Effect.raceFirst(reached(condition), Deferred.await(ended)),
      end: reasonOf('the live stream', Deferred.await(ended)),
      stop: Fiber.interrupt(fiber),
    }
  })
