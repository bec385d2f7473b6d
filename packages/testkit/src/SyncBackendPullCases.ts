import { type PullPage, pageEventsMax } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import * as Stream from 'effect/Stream'
import type { SyncBackendCase } from './SyncBackendCase.ts'
import {
  connect,
  endOf,
  eventsAfter,
  expectContiguous,
  expectEqual,
  expectLog,
  expectTrue,
  follow,
  positionOf,
  reasonOf,
  renumber,
  root,
  type SuiteClient,
} from './SyncBackendFixture.ts'

const holding = (count: number) => (pages: ReadonlyArray<PullPage>) =>
  pages.reduce((sum, page) => sum + page.events.length, 0) >= count

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
        expectLog(
          pages.flatMap((page) => [...page.events]),
          log,
        )
        for (const [index, page] of pages.entries()) {
          const isLast = index === pages.length - 1
          expectTrue('a page within the limit', page.events.length > 0 && page.events.length <= pageEventsMax)
          expectEqual(`page ${index} is caught up`, page.isCaughtUp, isLast)
          const request = { backendId: page.backendId, after: endOf(page.events), cursor: page.cursor, isLive: false }
          const rest = yield* Stream.runCollect(a.backend.pull(request))
          expectLog(
            rest.flatMap((each) => [...each.events]),
            log.slice(endOf(page.events).global),
            endOf(page.events),
          )
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
    name: 'live: a caught-up log answers with one empty page, stays open, and delivers after silence',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const b = yield* connect(under.provider, storeId, 'client-b')
        const following = yield* follow(a.live())
        yield* following.until((pages) => pages.length > 0)
        const { events, isCaughtUp } = following.pages[0]!
        expectEqual('first page', { events, isCaughtUp }, { events: [], isCaughtUp: true })
        for (let i = 0; i < 5; i += 1) yield* b.backend.ping
        const log = eventsAfter(root, 2, { clientId: 'client-b' })
        yield* b.pushAll(log)
        yield* following.until(holding(2))
        const more = eventsAfter(endOf(log), 1, { clientId: 'client-b' })
        yield* b.pushAll(more)
        yield* following.until(holding(3))
        expectLog(following.events(), [...log, ...more])
      }),
  },
  {
    name: 'live: the backlog comes first, then what is appended, without gap or duplicate under concurrent pushes',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const writers = ['client-a', 'client-b', 'client-c']
        const clients = yield* Effect.forEach(writers, (clientId) => connect(under.provider, storeId, clientId))
        yield* clients[0]!.pushAll(eventsAfter(root, 1_500))
        const early = yield* follow(clients[0]!.live())
        const late = yield* Effect.forkChild(
          Effect.flatMap(clients[1]!.log(), (log) => follow(clients[1]!.live(endOf(log)))),
        )
        yield* Effect.forEach(clients, (client, index) => pushRacing(client, writers[index]!), {
          concurrency: 'unbounded',
        })
        yield* early.until(holding(1_500 + 3 * 20 * 3))
        const log = yield* clients[0]!.log()
        expectEqual('events in the log', log.length, 1_500 + 3 * 20 * 3)
        expectEqual('what the early one followed', early.events(), log)
        const follower = yield* Fiber.join(late)
        yield* follower.until((pages) => pages.at(-1)?.head.global === log.length && pages.at(-1)?.isCaughtUp === true)
        expectContiguous(early.events())
        const seen = follower.events()
        expectEqual('what the late one followed', seen, log.slice(log.length - seen.length))
      }),
  },
  {
    name: 'live: a reader that stops reading gets everything later, in order',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4_000, { argsJson: JSON.stringify('x'.repeat(500)) })
        yield* a.pushAll(log.slice(0, 2_000))
        const b = yield* connect(under.provider, storeId, 'client-b')
        const read: Array<string> = []
        let isFirst = true
        yield* b.live().pipe(
          Stream.tap(() => {
            if (!isFirst) return Effect.void
            isFirst = false
            return a.pushAll(log.slice(2_000))
          }),
          Stream.tap((page) => Effect.sync(() => read.push(...page.events.map(({ id }) => id)))),
          Stream.takeUntil(() => read.length >= log.length),
          Stream.runDrain,
        )
        expectEqual(
          'ids',
          read,
          log.map(({ id }) => id),
        )
      }),
  },
  {
    name: 'live: an interrupted reader ends at once and disturbs nobody',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const [gone, stays] = [yield* follow(a.live()), yield* follow(a.live())]
        yield* gone.until((pages) => pages.length > 0)
        yield* gone.stop
        yield* a.pushAll(eventsAfter(root, 1))
        yield* stays.until(holding(1))
        expectEqual('pages of the one that is gone', gone.pages.length, 1)
      }),
  },
  {
    name: 'stores: several do not see each other, and take the same ids',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const storeIds = [storeId, `${storeId.slice(0, 40)}-2`, `${storeId.slice(0, 40)}_3`]
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
        expectEqual('different logs', new Set(clients.map(({ info }) => info.backendId)).size, 3)
      }),
  },
]

/** Pushes 20 batches of 3, rebasing each until it lands. */
const pushRacing = (client: SuiteClient, clientId: string) =>
  Effect.gen(function* () {
    let head = (yield* client.backend.ping).head
    for (let landed = 0; landed < 20;) {
      const batch = renumber(head, eventsAfter(head, 3, { clientId }))
      const answer = yield* client.push(batch)
      expectTrue(
        `another answer to a racing batch than ${answer._tag}`,
        answer._tag === 'Accepted' || answer._tag === 'BackendAhead',
      )
      if (answer._tag === 'Accepted') landed += 1
      if ('head' in answer) head = answer.head
    }
  })
