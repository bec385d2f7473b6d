/**
 * Answers that no Electric of ours would give, put on the way between the real server and the client: each is a typed
 * failure or does no harm, nothing wrong is handed on, and without it the client has everything.
 */
import type { PullRequest, SyncBackendReason } from '@headwater/core/backend'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { endOf, eventsAfter, expectLog, expectTrue, root } from '../../testkit/src/SyncBackendFixture.ts'
import { again } from '../../testkit/src/SyncBackendReconnect.ts'
import { type ElectricWorld, electricWorld, run } from './ElectricWorld.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let postgres: PostgresFixture
let world: ElectricWorld
beforeAll(async () => {
  postgres = await postgresFixture({ isReplicated: true })
  // Small chunks: what is done to one answer is done in the middle of a reading.
  world = await electricWorld(postgres, { electric: { chunkBytes: 5_000 } })
})
afterAll(async () => {
  await world.close()
  await postgres.close()
})

interface Message {
  readonly headers: Record<string, unknown>
  readonly value?: Record<string, string | null>
}

/** What is made of an answer to a request for a shape; `nth` counts from 0. */
type Tamper = (response: Response, url: URL, nth: number) => Promise<Response> | Response

const without =
  (name: string): Tamper =>
  (response) => {
    const headers = new Headers(response.headers)
    headers.delete(name)
    return new Response(response.body, { status: response.status, headers })
  }

const withText =
  (change: (text: string, nth: number) => string): Tamper =>
  async (response, _, nth) =>
    new Response(change(await response.text(), nth), { status: response.status, headers: response.headers })

const withMessages =
  (change: (messages: ReadonlyArray<Message>, nth: number) => ReadonlyArray<Message>): Tamper =>
  async (response, _, nth) => {
    if (!response.ok) return response
    const messages = (await response.json()) as ReadonlyArray<Message>
    return new Response(JSON.stringify(change(messages, nth)), { status: response.status, headers: response.headers })
  }

const withRows = (change: (row: Record<string, string | null>) => Record<string, string | null>): Tamper =>
  withMessages((messages) =>
    messages.map((message) => (message.value === undefined ? message : { ...message, value: change(message.value) })),
  )

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): Tamper =>
  () =>
    new Response(body, { status, headers })

const electricHeaders = {
  'content-type': 'application/json',
  'electric-handle': '1-1',
  'electric-offset': '0_inf',
  'electric-schema': '{}',
  'electric-cursor': '1',
}

let stores = 0

/** A log of 40 events, and a reader whose shapes are tampered with. */
const withTampered = (
  tamper: Tamper,
  work: (
    read: Effect.Effect<{ readonly count: number; readonly reason: SyncBackendReason | undefined }>,
  ) => Effect.Effect<void>,
  timeout = 10_000,
): Promise<void> =>
  run(
    Effect.gen(function* () {
      const storeId = `s${stores++}`
      const writer = yield* world.client(storeId)
      const log = eventsAfter(root, 40, { argsJson: JSON.stringify('x'.repeat(100)) })
      yield* writer.pushAll(log)
      yield* Effect.promise(() => world.electric.caughtUp())
      let [nth, isTampering] = [0, true]
      const fetchTampered: typeof globalThis.fetch = async (input, init) => {
        const url = new URL(input instanceof Request ? input.url : input)
        const response = await fetch(input, init)
        return isTampering && url.pathname.endsWith('/shape') ? tamper(response, url, nth++) : response
      }
      const options = { fetch: fetchTampered, live: 'poll', timeout, lag: 200 } as const
      const reader = yield* world.client(storeId, options, 'client-b')
      const request = { backendId: reader.info.backendId, after: root, cursor: null, isLive: false }
      let stored: Pick<PullRequest, 'after' | 'cursor'> = { after: root, cursor: null }
      const read = Effect.gen(function* () {
        const got: Array<(typeof log)[number] & { readonly syncMetadataJson: string | null }> = []
        const pages = reader.backend.pull(request).pipe(
          Stream.tap(({ events, cursor }) =>
            Effect.sync(() => {
              got.push(...events)
              if (events.length > 0) stored = { after: endOf(got), cursor }
            }),
          ),
          Stream.takeUntil(({ isCaughtUp }) => isCaughtUp),
        )
        const result = yield* Effect.result(Stream.runDrain(pages))
        expectLog(got, log.slice(0, got.length))
        expectTrue('all of it, or a failure', result._tag === 'Failure' || got.length === log.length)
        return { count: got.length, reason: result._tag === 'Failure' ? result.failure.reason : undefined }
      })
      yield* work(read)
      isTampering = false
      expectLog(yield* again(reader.log()), log)
      // What was stored is a place to read on from.
      const { backendId } = reader.info
      const rest = yield* Stream.runCollect(reader.backend.pull({ backendId, ...stored, isLive: false }))
      expectLog(
        rest.flatMap(({ events }) => [...events]),
        log.slice(stored.after.global),
        stored.after,
      )
    }),
  )

describe('a failure that says what it is', () => {
  test.concurrent.each<readonly [string, SyncBackendReason['_tag'], Tamper]>([
    ['without a handle', 'ProtocolError', without('electric-handle')],
    ['without an offset', 'ProtocolError', without('electric-offset')],
    ['without a schema', 'ProtocolError', without('electric-schema')],
    ['a web page', 'ProtocolError', answer(200, '<html>', electricHeaders)],
    ['an object', 'ProtocolError', answer(200, '{"message":"hello"}', electricHeaders)],
    ['a text', 'ProtocolError', answer(200, '"[]"', electricHeaders)],
    ['JSON that is none', 'ProtocolError', answer(200, '[{"headers":}]', electricHeaders)],
    ['messages without headers', 'ProtocolError', answer(200, '[{"key":"k","value":{"seq":"1"}}]', electricHeaders)],
    ["another store's rows", 'ProtocolError', withRows((row) => ({ ...row, store_id: 'other' }))],
    ['rows without a column', 'ProtocolError', withRows(({ mark: _mark, ...row }) => row)],
    ['a number that is none', 'ProtocolError', withRows((row) => ({ ...row, seq: '1e3x' }))],
    ['NULL where there is none', 'ProtocolError', withRows((row) => ({ ...row, args: null }))],
    ['nothing', 'Unreachable', answer(200, '', electricHeaders)],
    ['one that breaks off', 'Unreachable', withText((text, nth) => (nth === 1 ? text.slice(0, -40) : text))],
    ['401', 'Unauthorized', answer(401, '')],
    ['403 of something in between', 'Unauthorized', answer(403, '<html>')],
    ['400', 'ProtocolError', answer(400, '{"message":"Invalid request"}')],
    ['404', 'ProtocolError', answer(404, '<html>')],
    ['429', 'RateLimited', answer(429, '', { 'retry-after': '7' })],
    ['500', 'Unavailable', answer(500, '<html>')],
    ['502', 'Unavailable', answer(502, '<html>')],
    ['503', 'Unavailable', answer(503, '', { 'retry-after': '7' })],
    ['504', 'TimedOut', answer(504, '')],
  ])('%s: %s', (_, tag, tamper) =>
    withTampered(tamper, (read) =>
      Effect.map(read, ({ reason }) => {
        expect(reason?._tag).toBe(tag)
        if (tag === 'RateLimited' || _ === '503') expect(reason).toMatchObject({ retryAfterMs: 7_000 })
      }),
    ),
  )

  test.concurrent.each<readonly [string, Tamper]>([
    ['none at all', () => new Promise<Response>(() => undefined)],
    ['one whose body never ends', () => new Response(new ReadableStream(), { headers: electricHeaders })],
  ])('%s: TimedOut', (_, tamper) =>
    withTampered(tamper, (read) => Effect.map(read, ({ reason }) => expect(reason?._tag).toBe('TimedOut')), 500),
  )
})

describe('harmless: everything arrives once, in order', () => {
  test.concurrent.each<readonly [string, Tamper]>([
    [
      'rows twice',
      withMessages((messages) => messages.flatMap((message) => (message.value ? [message, message] : message))),
    ],
    [
      'rows backwards',
      withMessages((messages) => messages.toReversed().toSorted((a, b) => (a.value ? 0 : 1) - (b.value ? 0 : 1))),
    ],
    ['a row that is missing', withMessages((messages, nth) => messages.filter((_, index) => nth !== 1 || index !== 1))],
    [
      'all rows of an answer missing',
      withMessages((messages, nth) => (nth === 2 ? messages.filter(({ value }) => !value) : messages)),
    ],
    [
      'a row that another event stands behind',
      withRows((row) => (row['seq'] === '20' ? { ...row, event_id: 'forged' } : row)),
    ],
    [
      'an event of other contents than its append',
      withRows((row) => (row['seq'] === '20' ? { ...row, parent_id: 'forged' } : row)),
    ],
    [
      'marks of another append',
      // Not of the last row: a place that was stored with a forged mark is one of another history, and rightly refused.
      withMessages((messages, nth) => {
        const last = Math.max(...messages.map(({ value }) => Number(value?.['seq'] ?? 0)))
        return messages.map((message) =>
          nth === 1 && message.value && Number(message.value['seq']) < last
            ? { ...message, value: { ...message.value, mark: 'forged' } }
            : message,
        )
      }),
    ],
    [
      'another handle in the middle',
      (response, _, nth) => {
        const headers = new Headers(response.headers)
        if (nth === 2) headers.set('electric-handle', '9-9')
        return new Response(response.body, { status: response.status, headers })
      },
    ],
    [
      'must-refetch in the middle',
      (response, _, nth) =>
        nth === 2
          ? answer(409, '[{"headers":{"control":"must-refetch"}}]', { 'content-type': 'application/json' })(
              response,
              _,
              nth,
            )
          : response,
    ],
    [
      'must-refetch for ever',
      answer(409, '[{"headers":{"control":"must-refetch"}}]', { 'content-type': 'application/json' }),
    ],
    [
      'a place that the shape does not have',
      answer(410, '{"error":{"tag":"PlaceUnknown","message":"read it from another place"}}'),
    ],
    [
      'an up-to-date that is none',
      answer(200, '[{"headers":{"control":"up-to-date"}}]', { ...electricHeaders, 'electric-up-to-date': '' }),
    ],
    ['a control that nobody knows', withMessages((messages) => [...messages, { headers: { control: 'later' } }])],
  ])('%s', (_, tamper) =>
    withTampered(tamper, (read) =>
      Effect.map(read, ({ reason, count }) => {
        expect([reason, count]).toEqual([undefined, 40])
      }),
    ),
  )
})

describe('in a live reading', () => {
  test.concurrent.each<readonly [string, SyncBackendReason['_tag'], Tamper]>([
    [
      'must-refetch for ever',
      'Unavailable',
      answer(409, '[{"headers":{"control":"must-refetch"}}]', { 'content-type': 'application/json' }),
    ],
    ['a cache with one answer for every request', 'Unavailable', cachedAnswer()],
    ['without a cursor', 'ProtocolError', without('electric-cursor')],
  ])('%s ends as %s, when everything has arrived', (_, tag, tamper) =>
    run(
      Effect.gen(function* () {
        const storeId = `s${stores++}`
        const writer = yield* world.client(storeId)
        const log = eventsAfter(root, 40)
        yield* writer.pushAll(log)
        let nth = 0
        const fetchTampered: typeof globalThis.fetch = async (input, init) => {
          const url = new URL(input instanceof Request ? input.url : input)
          const response = await fetch(input, init)
          return url.pathname.endsWith('/shape') ? tamper(response, url, nth++) : response
        }
        const reader = yield* world.client(storeId, { fetch: fetchTampered, live: 'poll', lag: 200 }, 'client-b')
        const got: Array<(typeof log)[number] & { readonly syncMetadataJson: string | null }> = []
        const result = yield* Effect.result(
          Stream.runForEach(reader.live(), ({ events }) => Effect.sync(() => void got.push(...events))),
        )
        expect(result._tag === 'Failure' ? result.failure.reason._tag : 'none').toBe(tag)
        expectLog(got, log)
      }),
    ),
  )
})

/** The first answer of a shape, whatever is asked for: what a cache does that leaves out the query. */
function cachedAnswer(): Tamper {
  let kept: { readonly text: string; readonly headers: Headers } | undefined
  return async (response) => {
    kept ??= { text: await response.text(), headers: response.headers }
    return new Response(kept.text, { headers: kept.headers })
  }
}
