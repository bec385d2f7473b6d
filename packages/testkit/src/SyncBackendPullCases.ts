import { type PullPage, pageEventsMax } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import type { SyncBackendCase } from './SyncBackendCase.ts'
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

const holding = (count: number) => (pages: ReadonlyArray<PullPage>) =>
  pages.reduce((sum, page) => sum + page.events.length, 0) >= count

const eventsOf = (pages: ReadonlyArray<PullPage>) => pages.flatMap((page) => [...page.events])

/** Cases about pages, live streams, cursors and stores. */
export const pullCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'ping: an empty log has the root as head, and one id for every client',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const b = yield* connect(under.provider, storeId, 'client-b')
        expectEqual('head', a.info.head, root)
        expectEqual('backendId', b.info.backendId, a.info.backendId)
        expectTrue('a backendId that is not empty', a.info.backendId.length > 0)
      }),
  },
  {
    name: 'pull: an empty log is one empty caught-up page, and the stream ends',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const pages = yield* a.pages()
        expectEqual('pages', pages.length, 1)
        const { cursor: _, ...page } = pages[0]!
        expectEqual('page', page, { backendId: a.info.backendId, events: [], head: root, isCaughtUp: true })
      }),
  },
  {
    name: 'pull: before the first contact any log is taken',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const request = { backendId: null, after: root, cursor: null, isLive: false }
        const pages = yield* Stream.runCollect(a.backend.pull(request))
        expectEqual('backendId', pages[0]?.backendId, a.info.backendId)
      }),
  },
  {
    name: 'pull: nothing at or before the position is sent again',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 10)
        yield* a.pushAll(log)
        for (const count of [1, 5, 9, 10]) {
          const after = positionOf(log[count - 1]!)
          expectLog(yield* a.log(after), log.slice(count), after)
        }
      }),
  },
  {
    name: 'pull: 10,000 events come in pages within the limit, and every page is a place to resume from',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 10_000)
        yield* a.pushAll(log)
        const pages = yield* a.pages()
        expectLog(eventsOf(pages), log)
        expectEqual(
          'pages that are caught up',
          pages.map(({ isCaughtUp }) => isCaughtUp).indexOf(true),
          pages.length - 1,
        )
        // From each place one page, which ends at a place that is looked at too; everything that is left only from one.
        const middle = pages[Math.floor(pages.length / 2)]
        for (const page of pages) {
          expectTrue('a page within the limit', page.events.length > 0 && page.events.length <= pageEventsMax)
          const after = endOf(page.events)
          const rest = log.slice(after.global)
          for (const cursor of [page.cursor, null]) {
            for (const isLive of [false, true]) {
              const resumed = a.backend.pull({ backendId: page.backendId, after, cursor, isLive })
              const isWhole = !isLive && page === middle
              const got = eventsOf(yield* Stream.runCollect(isWhole ? resumed : Stream.take(resumed, 1)))
              expectTrue('a first page that is not empty, unless it is the end', rest.length === 0 || got.length > 0)
              expectLog(got, isWhole ? rest : rest.slice(0, got.length), after)
            }
          }
        }
      }),
  },
  {
    name: 'pull: the cursor of an empty page resumes behind what was there then',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4)
        let after = root
        for (const batch of [log.slice(0, 1), log.slice(1)]) {
          const { cursor } = (yield* a.pages(after)).at(-1)!
          yield* a.pushAll(batch)
          const request = { backendId: a.info.backendId, after, cursor, isLive: false }
          expectLog(eventsOf(yield* Stream.runCollect(a.backend.pull(request))), batch, after)
          after = endOf(batch)
        }
      }),
  },
  {
    name: 'pull: a position beyond the head, or another id there, is HistoryChanged',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        yield* a.pushAll(eventsAfter(root, 3))
        for (const global of [2, 3, 4, 100]) {
          const after = { global, eventId: 'nobody' }
          expectEqual(`once, e${global}`, yield* reasonOf('once', a.pages(after)), 'HistoryChanged')
          expectEqual(`live, e${global}`, yield* reasonOf('live', Stream.runDrain(a.live(after))), 'HistoryChanged')
        }
      }),
  },
  {
    name: 'stores: several do not see each other, and take the same ids',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        // The second and third differ in nothing but case: file systems that ignore it must not mix them up.
        const [upper, lower] = [storeId.slice(0, 40).toUpperCase(), storeId.slice(0, 40).toLowerCase()]
        const storeIds = [storeId, `${upper}-2`, `${lower}-2`, `_${storeId}`.padEnd(64, '-')]
        const clients = yield* Effect.forEach(storeIds, (each) => connect(under.provider, each))
        const events = eventsAfter(root, 3)
        const following = yield* follow(clients[2]!.live())
        yield* clients[0]!.pushAll(events)
        yield* clients[1]!.pushAll(events.slice(0, 2))
        expectLog(yield* clients[0]!.log(), events)
        expectLog(yield* clients[1]!.log(), events.slice(0, 2))
        expectLog(yield* clients[2]!.log(), [])
        yield* clients[2]!.pushAll(events.slice(0, 1))
        yield* following.until(holding(1))
        expectLog(following.events(), events.slice(0, 1))
        expectEqual('different logs', new Set(clients.map(({ info }) => info.backendId)).size, storeIds.length)
      }),
  },
]
