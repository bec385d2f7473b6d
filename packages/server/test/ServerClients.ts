import { httpBackend } from '@headwater/backend-http'
import type { BackendEvent, BackendPosition, PulledEvent, SyncBackend, SyncBackendError } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import * as Fiber from 'effect/Fiber'
import * as Schedule from 'effect/Schedule'
import * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import { endOf } from './LogStorageSuite.ts'
import { root } from './Requests.ts'

const run = Effect.runPromise

/** Tries again what fails retryable, as clients do. */
const again = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<A, SyncBackendError> =>
  Effect.retry(effect, { schedule: Schedule.spaced(50), while: (error) => error.isRetryable })

/** A client of a server, as core's leader is one. */
export interface Client {
  readonly backend: SyncBackend
  readonly backendId: string
  /** What the log holds, from the root, page after page. */
  readonly log: () => Promise<ReadonlyArray<PulledEvent>>
  /** Pushes these events until they are in the log, behind whatever came first. The answer is where they ended up. */
  readonly land: (events: ReadonlyArray<BackendEvent>) => Promise<BackendPosition>
  readonly close: () => Promise<void>
}

let clients = 0

/** One that is new. */
export const connect = async (url: string, storeId: string): Promise<Client> => {
  const scope = Scope.makeUnsafe()
  const clientId = `client-${clients++}`
  const made = httpBackend({ url }).make({ storeId, clientId })
  const backend = await run(Scope.provide(made, scope))
  const { backendId } = await run(again(backend.ping))
  let head = root
  const land = (events: ReadonlyArray<BackendEvent>): Effect.Effect<BackendPosition, SyncBackendError> =>
    Effect.gen(function* () {
      for (;;) {
        const batch = renumbered(head, events)
        const answer = yield* again(backend.push({ backendId, parent: head, events: batch }))
        if (answer._tag === 'Rejected' || answer._tag === 'HistoryChanged') {
          throw new Error(`expected Accepted or BackendAhead, got ${JSON.stringify(answer)}`)
        }
        head = answer.head
        if (answer._tag === 'Accepted') return head
      }
    })
  return {
    backend,
    backendId,
    log: async () => {
      const pages = await run(
        again(Stream.runCollect(backend.pull({ backendId, after: root, cursor: null, isLive: false }))),
      )
      return pages.flatMap((page) => [...page.events])
    },
    land: (events) => run(land(events)),
    close: () => run(Scope.close(scope, Exit.void)),
  }
}

const renumbered = (parent: BackendPosition, events: ReadonlyArray<BackendEvent>): ReadonlyArray<BackendEvent> => {
  let before = parent
  return events.map((each) => {
    const moved = { ...each, global: before.global + 1, parentGlobal: before.global, parentId: before.eventId }
    before = endOf([moved])
    return moved
  })
}

/** Follows a log from the root over every cut, as a client does: from the last position it has. */
export const follow = (client: Client): { readonly events: Array<PulledEvent>; readonly end: () => Promise<void> } => {
  const events: Array<PulledEvent> = []
  const once = Effect.suspend(() =>
    Stream.runForEach(
      client.backend.pull({ backendId: client.backendId, after: endOf(events), cursor: null, isLive: true }),
      (page) => Effect.sync(() => void events.push(...page.events)),
    ),
  )
  const fiber = Effect.runFork(again(once))
  return { events, end: () => run(Effect.asVoid(Fiber.interrupt(fiber))) }
}

/** Ends when the condition holds. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Ids that are missing, that are there twice, and events that do not follow the one before. */
export const faultsOf = (log: ReadonlyArray<PulledEvent>, pushed: ReadonlyArray<BackendEvent>) => {
  const ids = new Set(log.map(({ id }) => id))
  const gaps = log.filter((each, index) => {
    const before = index === 0 ? root : endOf(log.slice(index - 1, index))
    return each.parentId !== before.eventId || each.global !== before.global + 1
  })
  return { lost: pushed.filter(({ id }) => !ids.has(id)).length, twice: log.length - ids.size, gaps: gaps.length }
}
export const faultless = { lost: 0, twice: 0, gaps: 0 }
