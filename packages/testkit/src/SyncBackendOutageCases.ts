import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { type SyncBackendCase, use } from './SyncBackendCase.ts'
import {
  connect,
  endOf,
  eventsAfter,
  expectContiguous,
  expectEqual,
  expectLog,
  expectTrue,
  failureOf,
  follow,
  positionOf,
  reasonOf,
  renumber,
  root,
} from './SyncBackendFixture.ts'
import { again, followOn, isAway, land } from './SyncBackendReconnect.ts'

const clientIds = ['client-a', 'client-b', 'client-c']

/** Cases about answers and servers that are lost and come back, and about logs that turn out to be other ones. */
export const outageCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'lost answer: the retry is accepted, wherever the batch stands by then, and nothing is there twice',
    needs: ['loseAnswer'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 5)
        yield* use(under.loseNextAnswer)
        const lost = yield* failureOf('the push', a.push(events))
        expectTrue(`a lost answer to be retryable, not ${lost.reason._tag}`, lost.isRetryable)
        const b = yield* connect(under.provider, storeId, 'client-b')
        const theirs = eventsAfter(endOf(events), 2, { clientId: 'client-b' })
        yield* b.pushAll(theirs)
        expectEqual('retry', yield* again(a.push(events)), { _tag: 'Accepted', head: endOf(theirs) })
        expectLog(yield* a.log(), [...events, ...theirs])
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
    name: 'restart: a live stream goes on, or ends retryable and resumes from the durable position',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 6)
        yield* a.pushAll(log.slice(0, 2))
        const following = yield* followOn(a)
        for (const count of [2, 4]) {
          yield* following.untilCount(count)
          yield* use(under.restart)
          yield* again(a.push(log.slice(count, count + 2)))
        }
        yield* following.untilCount(6)
        expectLog(following.events, log)
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
    name: 'restart: during a pull the pages so far are right, and the rest comes from where they ended',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 5_000)
        yield* a.pushAll(log)
        for (const isLive of [false, true]) {
          const got: Array<(typeof log)[number] & { readonly syncMetadataJson: string | null }> = []
          let cursor: string | null = null
          let restarts = 0
          const pull = Effect.suspend(() =>
            a.backend.pull({ backendId: a.info.backendId, after: endOf(got), cursor, isLive }).pipe(
              Stream.tap((page) =>
                Effect.suspend(() => {
                  got.push(...page.events)
                  cursor = page.cursor
                  return restarts++ < 3 ? use(under.restart) : Effect.void
                }),
              ),
              Stream.takeUntil(() => got.length >= log.length),
              Stream.runDrain,
            ),
          )
          yield* again(pull)
          expectLog(got, log)
        }
      }),
  },
  {
    name: 'restart: several in a row while three clients push and two follow: nothing is lost, nothing is there twice',
    needs: ['restart'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const clients = yield* Effect.forEach(clientIds, (clientId) => connect(under.provider, storeId, clientId))
        const pushed = clientIds.map((clientId) => Array.from({ length: 20 }, () => eventsAfter(root, 3, { clientId })))
        const followers = [yield* followOn(clients[0]!), yield* followOn(clients[1]!)]
        const pushing = Effect.forEach(
          clients,
          (client, index) =>
            Effect.gen(function* () {
              let head = root
              for (const batch of pushed[index]!) head = yield* land(client, renumber(head, batch))
            }),
          { concurrency: 'unbounded' },
        )
        const restarting = Effect.gen(function* () {
          for (const count of [10, 40, 70, 100]) {
            yield* followers[0]!.untilCount(count)
            yield* use(under.restart)
          }
        })
        yield* Effect.all([pushing, restarting], { concurrency: 'unbounded' })
        const total = clientIds.length * 20 * 3
        for (const follower of followers) yield* follower.untilCount(total)
        const log = yield* again(clients[0]!.log())
        expectContiguous(log)
        const ids = pushed.flat(2).map(({ id }) => id)
        expectEqual('the ids in the log', log.map(({ id }) => id).toSorted(), ids.toSorted())
        for (const { events } of followers) expectEqual('what was followed', events, log)
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
        yield* use(under.replaceLog, storeId)
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
        yield* use(under.restore, storeId, 2)
        const end = yield* following.end
        expectTrue(`another end of the stream than ${end}`, end === 'HistoryChanged' || isAway(end))
        expectEqual('pull', yield* reasonOf('pull', a.pages(endOf(log))), 'HistoryChanged')
        const changed = { _tag: 'HistoryChanged', head: positionOf(log[1]!) }
        expectEqual('push', yield* a.push(eventsAfter(endOf(log), 1)), changed)
        expectLog(yield* a.log(), log.slice(0, 2))
        const other = eventsAfter(positionOf(log[1]!), 3, { clientId: 'client-b' })
        yield* a.pushAll(other)
        expectEqual('pull behind a fork', yield* reasonOf('pull', a.pages(endOf(log))), 'HistoryChanged')
        // What the restore lost is unknown again: a client that pushes it anew is not told that it is there already.
        const lost = renumber(endOf(other), log.slice(2))
        yield* a.pushAll(lost)
        expectLog(yield* a.log(), [...log.slice(0, 2), ...other, ...lost])
      }),
  },
]
