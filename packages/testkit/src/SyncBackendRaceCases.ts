import { type BackendEvent, isSameEvent } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import type { SyncBackendCase } from './SyncBackendCase.ts'
import {
  type SuiteClient,
  connect,
  endOf,
  eventsAfter,
  expectContiguous,
  expectEqual,
  expectLog,
  expectTrue,
  renumber,
  root,
} from './SyncBackendFixture.ts'
import { followOn, land } from './SyncBackendReconnect.ts'

const accepted = (head: { readonly global: number; readonly eventId: string | null }) => ({ _tag: 'Accepted', head })

const racerNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => `client-${letter}`)
const batchSize = 7
const batchesEach = 5

/** Batches of one client, each its own events; numbered when they are pushed. */
const batchesFor = (clientId: string): Array<Array<BackendEvent>> =>
  Array.from({ length: batchesEach }, () => eventsAfter(root, batchSize, { clientId }))

const landAll = (client: SuiteClient, batches: ReadonlyArray<ReadonlyArray<BackendEvent>>) =>
  Effect.gen(function* () {
    let head = (yield* client.backend.ping).head
    for (const batch of batches) head = yield* land(client, renumber(head, batch))
  })

/** Cases about several clients at once, and about messages that overtake each other. */
export const raceCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'race: of 8 clients with one parent exactly one wins, the others get the head',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const racers = yield* Effect.forEach(racerNames, (clientId) => connect(under.provider, storeId, clientId))
        const answers = yield* Effect.forEach(
          racers,
          (racer, index) => racer.push(eventsAfter(root, 2, { clientId: racerNames[index]! })),
          { concurrency: 'unbounded' },
        )
        const winners = answers.filter(({ _tag }) => _tag === 'Accepted')
        expectEqual('winners', winners.length, 1)
        const log = yield* racers[0]!.log()
        expectEqual('events in the log', log.length, 2)
        for (const answer of answers) {
          expectTrue(
            `another answer to a loser than ${answer._tag}`,
            answer._tag === 'Accepted' || answer._tag === 'BackendAhead',
          )
          if (answer._tag === 'BackendAhead') expectEqual('head for a loser', answer.head, endOf(log))
        }
      }),
  },
  {
    name: 'race: 8 clients push without pause; each batch lands whole, once, and in the order of its client',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const racers = yield* Effect.forEach(racerNames, (clientId) => connect(under.provider, storeId, clientId))
        const pushed = racerNames.map(batchesFor)
        const total = racerNames.length * batchesEach * batchSize
        const following = yield* followOn(racers[0]!)
        yield* Effect.forEach(racers, (racer, index) => landAll(racer, pushed[index]!), { concurrency: 'unbounded' })
        yield* following.untilCount(total)
        const log = yield* racers[0]!.log()
        expectContiguous(log)
        expectEqual('events in the log', log.length, total)
        expectEqual('what was followed', following.events, log)
        for (const [index, batches] of pushed.entries()) {
          const places = batches.map((batch) => log.findIndex(({ id }) => id === batch[0]!.id))
          const inOrder = places.toSorted((x, y) => x - y)
          expectEqual(`order of ${racerNames[index]}'s batches`, places, inOrder)
          for (const [nth, batch] of batches.entries()) {
            const stored = log.slice(places[nth]!, places[nth]! + batchSize).map(({ id }) => id)
            const sent = batch.map(({ id }) => id)
            expectEqual('a batch, side by side', stored, sent)
          }
        }
        // Nobody ever sees the log end in the middle of a batch.
        for (const { head, events, isCaughtUp } of following.pages) {
          expectEqual('events behind the last whole batch, by the head of a page', head.global % batchSize, 0)
          const last = events.at(-1)?.global ?? 0
          if (isCaughtUp) expectEqual('events behind the last whole batch, in a page', last % batchSize, 0)
        }
      }),
  },
  {
    name: 'race: whoever pulls while others push gets the log up to its head, without gap or duplicate',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const writers = yield* Effect.forEach(racerNames.slice(0, 4), (each) => connect(under.provider, storeId, each))
        const reader = yield* connect(under.provider, storeId, 'client-r')
        const pushing = yield* Effect.forkChild(
          Effect.forEach(writers, (writer, index) => landAll(writer, batchesFor(racerNames[index]!)), {
            concurrency: 'unbounded',
          }),
          { startImmediately: true },
        )
        const total = writers.length * batchesEach * batchSize
        for (let known = 0; known < total;) {
          const pages = yield* reader.pages()
          const log = pages.flatMap((page) => [...page.events])
          expectContiguous(log)
          expectTrue(`at least the ${known} events of before, not ${log.length}`, log.length >= known)
          expectEqual('head of the last page', pages.at(-1)?.head, endOf(log))
          known = log.length
        }
        yield* Fiber.join(pushing)
      }),
  },
  {
    name: 'race: what is acknowledged is in every pull and ping that begins afterwards, whoever asks',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const writer = yield* connect(under.provider, storeId)
        const reader = yield* connect(under.provider, storeId, 'client-b')
        let head = root
        for (let round = 0; round < 20; round += 1) {
          const batch = eventsAfter(head, 2)
          expectEqual('answer', yield* writer.push(batch), accepted(endOf(batch)))
          expectEqual('head of ping', (yield* reader.backend.ping).head, endOf(batch))
          expectLog(yield* reader.log(head), batch, head)
          head = endOf(batch)
        }
      }),
  },
  {
    name: 'race: a batch that overtakes the one before it stores nothing; in order both are accepted',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 6)
        const [first, second] = [events.slice(0, 3), events.slice(3)]
        expectEqual('the second one first', yield* a.push(second), { _tag: 'HistoryChanged', head: root })
        expectLog(yield* a.log(), [])
        expectEqual('the first one', yield* a.push(first), accepted(endOf(first)))
        expectEqual('the second one', yield* a.push(second), accepted(endOf(second)))
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'race: a copy of a batch that arrives late, after its client moved on, changes nothing',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const b = yield* connect(under.provider, storeId, 'client-b')
        const theirs = eventsAfter(root, 2, { clientId: 'client-b' })
        yield* b.pushAll(theirs)
        const early = eventsAfter(root, 3)
        expectEqual('behind the head', (yield* a.push(early))._tag, 'BackendAhead')
        const moved = renumber(endOf(theirs), early)
        yield* a.pushAll(moved)
        const more = eventsAfter(endOf(moved), 1)
        yield* a.pushAll(more)
        expectEqual('as it was numbered first', yield* a.push(early), accepted(endOf(more)))
        expectEqual('as it landed', yield* a.push(moved), accepted(endOf(more)))
        expectEqual('twice at once', yield* Effect.all([a.push(moved), a.push(early)], { concurrency: 2 }), [
          accepted(endOf(more)),
          accepted(endOf(more)),
        ])
        expectLog(yield* a.log(), [...theirs, ...moved, ...more])
      }),
  },
  {
    name: 'race: one batch sent twice at the same moment is stored once',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 50)
        const both = yield* Effect.all([a.push(events), a.push(events)], { concurrency: 2 })
        expectEqual('answers', both, [accepted(endOf(events)), accepted(endOf(events))])
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'race: a forged id or clientId never removes, replaces or moves an event of another client',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const thief = yield* connect(under.provider, storeId, 'client-b')
        const log = eventsAfter(root, 3)
        yield* a.pushAll(log)
        const { id } = log[1]!
        const forged = eventsAfter(endOf(log), 1, { id, clientId: 'client-b' })
        expectEqual('its id', yield* thief.push(forged), {
          _tag: 'Rejected',
          rejections: [{ eventId: id, reason: 'DuplicateId' }],
        })
        // In the name of the other client: a backend that binds clients refuses it, any other takes it as one more event.
        const posing = eventsAfter(endOf(log), 1, { clientId: 'client-a' })
        const answer = yield* thief.push(posing)
        expectTrue(`Accepted or Rejected, not ${answer._tag}`, ['Accepted', 'Rejected'].includes(answer._tag))
        const stored = answer._tag === 'Accepted' ? [...log, ...posing] : log
        expectEqual('another order', (yield* thief.push(renumber(root, log.toReversed())))._tag, 'BackendAhead')
        const after = yield* a.log()
        expectLog(after, stored)
        for (const [index, event] of log.entries()) expectTrue('the same event', isSameEvent(after[index]!, event))
        expectEqual('still known', yield* a.push(log), accepted(endOf(stored)))
      }),
  },
]
