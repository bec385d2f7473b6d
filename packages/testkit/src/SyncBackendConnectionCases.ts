import type { ConnectionState, PullPage } from '@headwater/core/backend'
import * as Deferred from 'effect/Deferred'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import * as Stream from 'effect/Stream'
import { type SyncBackendCase, use } from './SyncBackendCase.ts'
import {
  connect,
  endOf,
  eventsAfter,
  expectEqual,
  expectLog,
  expectTrue,
  failureOf,
  follow,
  reasonOf,
  root,
} from './SyncBackendFixture.ts'
import { again, followOn, isAway, stateOf } from './SyncBackendReconnect.ts'

const holding = (count: number) => (pages: ReadonlyArray<PullPage>) =>
  pages.reduce((sum, page) => sum + page.events.length, 0) >= count

/** Two pages, and what a kernel buffers of a connection on loopback (about 6 MB): far less than the log of the case. */
const bufferedBytesMax = 16 * 1024 * 1024

/** Cases about the way between client and backend: its state, its token, its speed. */
export const connectionCases: ReadonlyArray<SyncBackendCase> = [
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
        yield* use(under.setOnline, false)
        expectTrue('the stream to end as away', isAway(yield* following.end))
        expectTrue('ping to fail as away', isAway(yield* reasonOf('ping', a.backend.ping)))
        expectTrue('push to fail as away', isAway(yield* reasonOf('push', a.push(eventsAfter(endOf(log), 1)))))
        expectTrue('pull to fail as away', isAway(yield* reasonOf('pull', a.pages())))
        expectEqual('state', yield* stateOf(a.backend), 'offline')
        yield* use(under.setOnline, true)
        yield* again(a.backend.ping)
        expectLog(yield* a.log(), log)
        expectEqual('state', yield* stateOf(a.backend), 'online')
      }),
  },
  {
    name: 'token: an expired one is Unauthorized for every call, a renewed one works without reconnecting',
    needs: ['token'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 1)
        yield* use(under.setAuthorized, false)
        expectEqual('ping', yield* reasonOf('ping', a.backend.ping), 'Unauthorized')
        expectEqual('push', yield* reasonOf('push', a.push(events)), 'Unauthorized')
        expectEqual('pull', yield* reasonOf('pull', a.pages()), 'Unauthorized')
        expectEqual('live', yield* reasonOf('live', Stream.runDrain(a.live())), 'Unauthorized')
        yield* use(under.setAuthorized, true)
        yield* a.pushAll(events)
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'connection: whoever watches is told offline and online again, in this order; a late one the present state',
    needs: ['offline'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const told: Array<ConnectionState> = []
        const isWatching = yield* Deferred.make<void>()
        const watching = yield* Effect.forkChild(
          a.backend.connection.pipe(
            Stream.tap((state) => {
              told.push(state)
              return state === 'online' ? Deferred.succeed(isWatching, undefined) : Effect.void
            }),
            Stream.takeUntil((state) => state === 'online' && told.includes('offline')),
            Stream.runDrain,
          ),
          { startImmediately: true },
        )
        yield* Deferred.await(isWatching)
        yield* use(under.setOnline, false)
        expectTrue('ping to fail as away', isAway(yield* reasonOf('ping', a.backend.ping)))
        expectEqual('state while away', yield* stateOf(a.backend), 'offline')
        yield* use(under.setOnline, true)
        yield* again(a.backend.ping)
        yield* Fiber.join(watching)
        const changes = told.filter((state) => state !== 'connecting')
        expectEqual('what was told', [changes[0], changes.at(-1)], ['online', 'online'])
        expectTrue('offline in between', changes.includes('offline'))
        expectEqual('state afterwards', yield* stateOf(a.backend), 'online')
      }),
  },
  {
    name: 'token: a stream that was open when it expired goes on or ends Unauthorized; with the new one nothing is missing',
    needs: ['token'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 6)
        yield* a.pushAll(log.slice(0, 2))
        const following = yield* followOn(a)
        yield* following.untilCount(2)
        for (const from of [2, 4]) {
          yield* use(under.setAuthorized, false)
          expectEqual('push', yield* reasonOf('push', a.push(log.slice(from, from + 2))), 'Unauthorized')
          yield* use(under.setAuthorized, true)
          yield* a.pushAll(log.slice(from, from + 2))
          yield* following.untilCount(from + 2)
        }
        expectLog(following.events, log)
      }),
  },
  {
    name: 'rate limit: "too many requests" is RateLimited with the time to come back, retryable, and stores nothing',
    needs: ['rateLimit'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 2)
        yield* use(under.setRateLimit, 3_000)
        const failures = [
          yield* failureOf('ping', a.backend.ping),
          yield* failureOf('push', a.push(events)),
          yield* failureOf('pull', a.pages()),
          yield* failureOf('live', Stream.runDrain(a.live())),
        ]
        for (const { operation, reason, isRetryable } of failures) {
          expectEqual(`${operation}: reason`, reason._tag, 'RateLimited')
          if (reason._tag === 'RateLimited') expectEqual(`${operation}: hint`, reason.retryAfterMs, 3_000)
          expectTrue(`${operation} to be retryable`, isRetryable)
        }
        yield* use(under.setRateLimit, null)
        expectLog(yield* a.log(), [])
        yield* a.pushAll(events)
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'heartbeat: a live stream whose connection is open but dead ends with TimedOut, and resumes',
    needs: ['stall'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 3)
        yield* a.pushAll(log.slice(0, 1))
        const following = yield* follow(a.live())
        yield* following.until(holding(1))
        yield* use(under.setStalled, true)
        expectEqual('end of the stream', yield* following.end, 'TimedOut')
        yield* use(under.setStalled, false)
        yield* again(a.push(log.slice(1)))
        const resumed = yield* followOn(a, endOf(following.events()))
        yield* resumed.untilCount(2)
        expectLog([...following.events(), ...resumed.events], log)
      }),
  },
  {
    name: 'heartbeat: a live stream without news for longer than two heartbeats stays open and delivers',
    needs: ['silence'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const following = yield* follow(a.live())
        yield* following.until((pages) => pages.length > 0)
        yield* use(under.passSilence)
        const log = eventsAfter(root, 2)
        yield* a.pushAll(log)
        yield* following.until(holding(2))
        expectLog(following.events(), log)
      }),
  },
  {
    name: 'slow reader: one that stops reading costs the server a page or two, disturbs nobody, and gets everything later',
    needs: ['slowReader'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const slow = yield* connect(under.provider, storeId, 'client-b')
        const log = eventsAfter(root, 48, { argsJson: JSON.stringify('x'.repeat(1_000_000)) })
        yield* a.pushAll(log.slice(0, 40))
        const [hasRead, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        let count = 0
        const reading = yield* Effect.forkChild(
          slow.live().pipe(
            Stream.tap(() => Effect.andThen(Deferred.succeed(hasRead, undefined), Deferred.await(goOn))),
            Stream.takeUntil((page) => (count += page.events.length) >= log.length),
            Stream.runCollect,
          ),
        )
        yield* Deferred.await(hasRead)
        yield* a.pushAll(log.slice(40))
        // The server has every occasion to read on for the slow one.
        yield* Effect.repeat(a.backend.ping, { times: 200 })
        const bufferedBytes = under.bufferedBytes?.() ?? Infinity
        expectTrue(
          `at most ${bufferedBytesMax} bytes to be held for a reader that stands still, not ${bufferedBytes}`,
          bufferedBytes <= bufferedBytesMax,
        )
        yield* Deferred.succeed(goOn, undefined)
        const pages = yield* Fiber.join(reading)
        expectLog(
          pages.flatMap((page) => [...page.events]),
          log,
        )
      }),
  },
]
