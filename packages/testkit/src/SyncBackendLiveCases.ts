import type { PullPage } from '@headwater/core/backend'
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
  follow,
  positionOf,
  root,
  type SuiteClient,
} from './SyncBackendFixture.ts'
import { land } from './SyncBackendReconnect.ts'

const holding = (count: number) => (pages: ReadonlyArray<PullPage>) =>
  pages.reduce((sum, page) => sum + page.events.length, 0) >= count

/** Cases about streams that stay open. */
export const liveCases: ReadonlyArray<SyncBackendCase> = [
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
    name: 'live: 20 readers are all told the same, in the same order',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 40)
        const readers = Array.from({ length: 20 }, (_, index) => `client-${index}`)
        const readings = yield* Effect.forEach(readers, (clientId) =>
          Effect.flatMap(connect(under.provider, storeId, clientId), (client) =>
            Effect.forkChild(
              client.live().pipe(
                Stream.mapAccum(
                  () => 0,
                  (count, page) => {
                    const sum = count + page.events.length
                    return [sum, [{ page, sum }]] as const
                  },
                ),
                Stream.takeUntil(({ sum }) => sum >= log.length),
                Stream.runCollect,
              ),
              { startImmediately: true },
            ),
          ),
        )
        for (const event of log) yield* a.push([event])
        expectEqual('head', (yield* a.backend.ping).head, positionOf(log.at(-1)!))
        for (const reading of readings) {
          const told = yield* Fiber.join(reading)
          expectLog(
            told.flatMap(({ page }) => [...page.events]),
            log,
          )
        }
      }),
  },
]

/** 20 batches of 3, each landed before the next. */
const pushRacing = (client: SuiteClient, clientId: string) =>
  Effect.gen(function* () {
    let head = (yield* client.backend.ping).head
    for (let landed = 0; landed < 20; landed += 1) head = yield* land(client, eventsAfter(head, 3, { clientId }))
  })
