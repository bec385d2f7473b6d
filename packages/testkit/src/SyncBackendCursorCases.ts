import type { BackendEvent, BackendPosition, PullPage, SyncBackendError } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { type SyncBackendCase, use } from './SyncBackendCase.ts'
import {
  type SuiteClient,
  connect,
  endOf,
  eventsAfter,
  expectEqual,
  expectLog,
  positionOf,
  reasonOf,
  renumber,
  root,
} from './SyncBackendFixture.ts'
import { again } from './SyncBackendReconnect.ts'

/** The cursor of a client that has pulled everything. */
const cursorOf = (client: SuiteClient): Effect.Effect<string | null, SyncBackendError> =>
  Effect.map(client.pages(), (pages) => pages.at(-1)?.cursor ?? null)

const resume = (
  { backend, info }: SuiteClient,
  after: BackendPosition,
  cursor: string | null,
  isLive: boolean,
): Stream.Stream<PullPage, SyncBackendError> => backend.pull({ backendId: info.backendId, after, cursor, isLive })

/** Fails unless a client that resumes there gets the rest, and nothing else. */
const expectResumed = (
  client: SuiteClient,
  after: BackendPosition,
  cursor: string | null,
  rest: ReadonlyArray<BackendEvent>,
): Effect.Effect<void, SyncBackendError> =>
  Effect.gen(function* () {
    for (const isLive of [false, true]) {
      const pages = resume(client, after, cursor, isLive).pipe(Stream.takeUntil(({ isCaughtUp }) => isCaughtUp))
      const got = yield* Stream.runCollect(pages)
      expectLog(
        got.flatMap(({ events }) => events),
        rest,
        after,
      )
    }
  })

/** Cases about what a cursor knows that a position does not: which append wrote what stands there. */
export const cursorCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'restore: the same event at the same place behind other events is HistoryChanged for who resumes with its cursor',
    needs: ['restore'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const b = yield* connect(under.provider, storeId, 'client-b')
        const log = eventsAfter(root, 4)
        yield* a.pushAll(log)
        const lost = eventsAfter(endOf(log), 2)
        yield* a.pushAll(lost)
        const before = yield* cursorOf(a)
        const theirs = eventsAfter(endOf(lost), 1, { clientId: 'client-b' })
        yield* b.pushAll(theirs)
        const cursor = yield* cursorOf(a)
        yield* use(under.restore, storeId, 4)
        // As many appends as there were: a mark that is a count would be the same again.
        const others = eventsAfter(endOf(log), 2, { clientId: 'client-c' })
        yield* b.pushAll(others)
        const moved = renumber(endOf(others), theirs)
        yield* b.pushAll(moved)
        expectEqual('the place of the event that came again', endOf(moved), endOf(theirs))
        // The older cursor: the last event came with the answer to a push.
        for (const [what, each] of Object.entries({ 'its cursor': cursor, 'the cursor before it': before })) {
          for (const isLive of [false, true]) {
            const pulling = Stream.runDrain(Stream.take(resume(a, endOf(theirs), each, isLive), 1))
            expectEqual(`${isLive ? 'live' : 'once'}, ${what}`, yield* reasonOf('pull', pulling), 'HistoryChanged')
          }
        }
        // Who has not seen what was lost has nothing to be told.
        yield* expectResumed(a, endOf(log), null, [...others, ...moved])
      }),
  },
  {
    name: 'restore: a cursor that the restore did not reach is still good, a cursor beyond the head is not',
    needs: ['restore'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4)
        yield* a.pushAll(log.slice(0, 2))
        const early = yield* cursorOf(a)
        yield* a.pushAll(log.slice(2))
        const cursor = yield* cursorOf(a)
        const lost = eventsAfter(endOf(log), 2)
        yield* a.pushAll(lost)
        const late = yield* cursorOf(a)
        yield* use(under.restore, storeId, 4)
        yield* expectResumed(a, endOf(log), cursor, [])
        for (const isLive of [false, true]) {
          const pulling = Stream.runDrain(Stream.take(resume(a, endOf(log), late, isLive), 1))
          expectEqual('a cursor beyond the head', yield* reasonOf('pull', pulling), 'HistoryChanged')
        }
        const others = eventsAfter(endOf(log), 3, { clientId: 'client-c' })
        yield* a.pushAll(others)
        yield* expectResumed(a, endOf(log), cursor, others)
        yield* expectResumed(a, endOf(log), early, others)
        yield* expectResumed(a, positionOf(log[1]!), early, [...log.slice(2), ...others])
      }),
  },
  {
    name: 'restart: a cursor from before is good afterwards',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 6)
        yield* a.pushAll(log.slice(0, 2))
        const first = yield* cursorOf(a)
        yield* a.pushAll(log.slice(2, 4))
        const second = yield* cursorOf(a)
        yield* use(under.restart)
        yield* again(a.backend.ping)
        yield* expectResumed(a, positionOf(log[1]!), first, log.slice(2, 4))
        yield* a.pushAll(log.slice(4))
        yield* expectResumed(a, positionOf(log[3]!), second, log.slice(4))
        yield* expectResumed(a, positionOf(log[3]!), first, log.slice(4))
      }),
  },
]
