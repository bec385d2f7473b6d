import {
  type PullPage,
  batchBytesMax,
  batchEventsMax,
  eventBytesMax,
  eventSizeBytes,
  pageBytesMax,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { type SyncBackendCase } from './SyncBackendCase.ts'
import {
  batchesOf,
  connect,
  endOf,
  eventsAfter,
  expectEqual,
  expectLog,
  expectTrue,
  positionOf,
  reasonOf,
  root,
} from './SyncBackendFixture.ts'

const accepted = (head: { readonly global: number; readonly eventId: string | null }) => ({ _tag: 'Accepted', head })

/** One event of exactly that many bytes on the wire, filled with a letter of so many UTF-8 bytes. */
const sized = (parent: Parameters<typeof eventsAfter>[0], bytes: number, letter = 'x') => {
  const [empty] = eventsAfter(parent, 1, { argsJson: '""' })
  const room = bytes - eventSizeBytes(empty!)
  const letters = letter.repeat(Math.floor(room / eventLetterBytes(letter)))
  const rest = 'x'.repeat(room - eventLetterBytes(letter) * Math.floor(room / eventLetterBytes(letter)))
  return { ...empty!, argsJson: `"${letters}${rest}"` }
}

const eventLetterBytes = (letter: string): number => new TextEncoder().encode(letter).length

const pageBytes = (page: PullPage): number => page.events.reduce((sum, event) => sum + eventSizeBytes(event), 0)

/** Cases about sizes, and about contents that are easily mangled. */
export const limitCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'limits: 60 events of 120 kB and 1,800 of 1 kB arrive in batches within the limits',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const large = eventsAfter(root, 60, { argsJson: (index) => JSON.stringify(`${index}`.padEnd(60_000, 'ä')) })
        const small = eventsAfter(endOf(large), 1_800, { argsJson: JSON.stringify('x'.repeat(1_000)) })
        yield* a.pushAll([...large, ...small])
        expectTrue('more than one batch', batchesOf(small).length > 1)
        expectLog(yield* a.log(), [...large, ...small])
      }),
  },
  {
    name: 'limits: an event of exactly the limit travels alone; one byte more, or a batch beyond it, is BatchTooLarge',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const above = [sized(root, eventBytesMax + 1)]
        expectEqual('above', yield* reasonOf('above', a.push(above)), 'BatchTooLarge')
        const manyBytes = eventsAfter(root, 10, { argsJson: JSON.stringify('x'.repeat(120_000)) })
        expectEqual('bytes', yield* reasonOf('bytes', a.push(manyBytes)), 'BatchTooLarge')
        const manyEvents = eventsAfter(root, batchEventsMax + 1)
        expectEqual('events', yield* reasonOf('events', a.push(manyEvents)), 'BatchTooLarge')
        expectLog(yield* a.log(), [])
        const exact = [sized(root, eventBytesMax)]
        expectEqual('exactly', yield* a.push(exact), accepted(endOf(exact)))
        expectLog(yield* a.log(), exact)
      }),
  },
  {
    name: 'limits: unicode, empty and strangely written args come back byte for byte',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const texts = [
          '{}',
          '[]',
          'null',
          '""',
          '0',
          ' { "a" : 1.0 , "b":1e2 } ',
          '{"b":1,"a":2}',
          '"\\u00e4\\/\\n"',
          '"ä€😀"',
          '"\u2028\u2029\u007f\ufeff"',
          '"\\ud83d\\ude00"',
          '{"":{"":[[],{}]}}',
          '"event: x\\ndata: y\\n\\n"',
          '"\u0301e\u0301"',
        ]
        const events = eventsAfter(root, texts.length, { name: 'nämé-😀', argsJson: (index) => texts[index] ?? '' })
        yield* a.pushAll(events)
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'limits: a batch of exactly the most events, or of exactly the most bytes, is accepted',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const many = eventsAfter(root, batchEventsMax)
        expectEqual('events', yield* a.push(many), accepted(endOf(many)))
        const first = sized(endOf(many), batchBytesMax / 2)
        const second = sized(positionOf(first), batchBytesMax / 2)
        expectEqual('bytes', eventSizeBytes(first) + eventSizeBytes(second), batchBytesMax)
        expectEqual('bytes', yield* a.push([first, second]), accepted(positionOf(second)))
        const third = sized(positionOf(second), batchBytesMax / 2)
        const tooLarge = [third, sized(positionOf(third), batchBytesMax / 2 + 1)]
        expectEqual('a byte more', yield* reasonOf('a byte more', a.push(tooLarge)), 'BatchTooLarge')
        expectLog(yield* a.log(), [...many, first, second])
      }),
  },
  {
    name: 'limits: pages keep the limit in bytes, however large the events are; the largest come, in any alphabet',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const letters = ['x', 'ä', '€', '😀', 'x', 'ü']
        let head = root
        const log = []
        for (const letter of letters) {
          const event = sized(head, eventBytesMax, letter)
          head = yield* a.pushAll([event])
          log.push(event)
        }
        const pages = yield* a.pages()
        for (const page of pages) {
          expectTrue(`at most ${pageBytesMax} bytes in a page, not ${pageBytes(page)}`, pageBytes(page) <= pageBytesMax)
        }
        expectTrue('more than one page', pages.length > 1)
        expectLog(
          pages.flatMap((page) => [...page.events]),
          log,
        )
      }),
  },
  {
    name: 'limits: far behind the head is BackendAhead too; `missing` is the complete tail or absent',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 3 * batchEventsMax, { argsJson: JSON.stringify('x'.repeat(500)) })
        yield* a.pushAll(log)
        const answer = yield* a.push(eventsAfter(root, 2, { clientId: 'client-b' }))
        expectEqual('tag', answer._tag, 'BackendAhead')
        if (answer._tag !== 'BackendAhead') return
        expectEqual('head', answer.head, endOf(log))
        if (answer.missing !== undefined) expectLog(answer.missing, log)
      }),
  },
  {
    name: 'limits: long names and ids, a clock at 0 and before 1970 come back as they were',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const [first, second, third] = eventsAfter(root, 3, { name: 'n'.repeat(128), clientId: 'c'.repeat(64) })
        const log = [
          { ...first!, createdAt: 0 },
          { ...second!, createdAt: -1 },
          { ...third!, sessionId: 's'.repeat(64) },
        ]
        yield* a.pushAll(log)
        expectLog(yield* a.log(), log)
      }),
  },
]
