import type { ConnectionState, SyncBackend, SyncBackendError } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { type SyncBackendCase, use } from './SyncBackendCase.ts'
import {
  connect,
  endOf,
  eventsAfter,
  expectEqual,
  expectLog,
  expectTrue,
  follow,
  positionOf,
  reasonOf,
  root,
} from './SyncBackendFixture.ts'

/** Cases about what is lost, comes back, expires, or turns out to be something else. */
export const outageCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'connection: the present state comes first, and is online after an answer',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        expectEqual('state', yield* stateOf(a.backend), 'online')
      }),
  },
  {
    name: 'connection: offline calls fail retryable, streams end, and everything works again afterwards',
    needs: ['offline'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 2)
        yield* a.pushAll(log)
        const following = yield* follow(a.live())
        yield* following.until((pages) => pages.length > 0)
        yield* use(under.setOnline && (async () => under.setOnline?.(false)))
        expectTrue('the stream to end as away', isAway(yield* following.end))
        expectTrue('ping to fail as away', isAway(yield* reasonOf('ping', a.backend.ping)))
        expectTrue('push to fail as away', isAway(yield* reasonOf('push', a.push(eventsAfter(endOf(log), 1)))))
        expectTrue('pull to fail as away', isAway(yield* reasonOf('pull', a.pages())))
        expectEqual('state', yield* stateOf(a.backend), 'offline')
        yield* use(under.setOnline && (async () => under.setOnline?.(true)))
        yield* again(a.backend.ping)
        expectLog(yield* a.log(), log)
        expectEqual('state', yield* stateOf(a.backend), 'online')
      }),
  },
  {
    name: 'restart: between requests nothing is lost, and the log keeps its id',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4)
        yield* a.pushAll(log.slice(0, 2))
        yield* use(under.restart)
        yield* again(a.backend.ping)
        expectEqual('info', yield* a.backend.ping, { backendId: a.info.backendId, head: positionOf(log[1]!) })
        yield* a.pushAll(log.slice(2))
        yield* use(under.restart)
        yield* again(a.backend.ping)
        expectLog(yield* a.log(), log)
      }),
  },
  {
    name: 'restart: a live stream ends retryable and resumes from the durable position',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4)
        yield* a.pushAll(log.slice(0, 2))
        const before = yield* follow(a.live())
        yield* before.until((pages) => pages.some(({ events }) => events.length > 0))
        yield* use(under.restart)
        expectTrue('the stream to end as away', isAway(yield* before.end))
        yield* again(a.backend.ping)
        yield* a.pushAll(log.slice(2))
        const after = yield* follow(a.live(endOf(before.events())))
        yield* after.until((pages) => pages.some(({ events }) => events.length > 0))
        expectLog([...before.events(), ...after.events()], log)
      }),
  },
  {
    name: 'restart: during a push the retry is accepted and nothing is there twice',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 500)
        const [first] = yield* Effect.all([Effect.result(a.push(events)), use(under.restart)], {
          concurrency: 'unbounded',
        })
        if (first._tag === 'Failure') expectTrue('a cut push to be retryable', first.failure.isRetryable)
        expectEqual('retry', yield* again(a.push(events)), { _tag: 'Accepted', head: endOf(events) })
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'token: an expired one is Unauthorized for every call, a renewed one works without reconnecting',
    needs: ['token'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 1)
        yield* use(under.setAuthorized && (async () => under.setAuthorized?.(false)))
        expectEqual('ping', yield* reasonOf('ping', a.backend.ping), 'Unauthorized')
        expectEqual('push', yield* reasonOf('push', a.push(events)), 'Unauthorized')
        expectEqual('pull', yield* reasonOf('pull', a.pages()), 'Unauthorized')
        expectEqual('live', yield* reasonOf('live', Stream.runDrain(a.live())), 'Unauthorized')
        yield* use(under.setAuthorized && (async () => under.setAuthorized?.(true)))
        yield* a.pushAll(events)
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'log id: a client of another log is refused with BackendReset, and stores nothing',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const batch = { backendId: 'another-log', parent: root, events: eventsAfter(root, 1) }
        expectEqual('push', yield* reasonOf('push', a.backend.push(batch)), 'BackendReset')
        for (const isLive of [false, true]) {
          const request = { backendId: 'another-log', after: root, cursor: null, isLive }
          expectEqual('pull', yield* reasonOf('pull', Stream.runDrain(a.backend.pull(request))), 'BackendReset')
        }
        expectLog(yield* a.log(), [])
      }),
  },
  {
    name: 'log id: a replaced log ends its streams and refuses its old clients',
    needs: ['replaceLog'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 2)
        yield* a.pushAll(log)
        const following = yield* follow(a.live())
        yield* following.until((pages) => pages.length > 0)
        yield* use(under.replaceLog && (async () => under.replaceLog?.(storeId)))
        const end = yield* following.end
        expectTrue(
          `another end of the stream than ${end}`,
          end === 'BackendReset' || end === 'HistoryChanged' || isAway(end),
        )
        expectEqual('push', yield* reasonOf('push', a.push(eventsAfter(endOf(log), 1))), 'BackendReset')
        expectEqual('pull', yield* reasonOf('pull', a.pages(endOf(log))), 'BackendReset')
      }),
  },
  {
    name: 'restore: a shorter log ends its streams and is HistoryChanged for who is ahead of it',
    needs: ['restore'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4)
        yield* a.pushAll(log)
        const following = yield* follow(a.live())
        yield* following.until((pages) => pages.length > 0)
        yield* use(under.restore && (async () => under.restore?.(storeId, 2)))
        const end = yield* following.end
        expectTrue(`another end of the stream than ${end}`, end === 'HistoryChanged' || isAway(end))
        expectEqual('pull', yield* reasonOf('pull', a.pages(endOf(log))), 'HistoryChanged')
        const changed = { _tag: 'HistoryChanged', head: positionOf(log[1]!) }
        expectEqual('push', yield* a.push(eventsAfter(endOf(log), 1)), changed)
        expectLog(yield* a.log(), log.slice(0, 2))
        const other = eventsAfter(positionOf(log[1]!), 3, { clientId: 'client-b' })
        yield* a.pushAll(other)
        expectEqual('pull behind a fork', yield* reasonOf('pull', a.pages(endOf(log))), 'HistoryChanged')
      }),
  },
]

const stateOf = (backend: SyncBackend): Effect.Effect<ConnectionState | undefined> =>
  Effect.map(Stream.runCollect(Stream.take(backend.connection, 1)), ([state]) => state)

/**
 * As an engine does it: what fails retryable is tried again. Right after a restart a call may meet a connection that was
 * kept open and is dead by now.
 */
const again = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<A, SyncBackendError> =>
  Effect.retry(effect, { times: 5, while: (error) => error.isRetryable })

const isAway = (tag: string): boolean => tag === 'Unreachable' || tag === 'TimedOut' || tag === 'Unavailable'
