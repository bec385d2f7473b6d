import type { ServerResponse } from 'node:http'
import { httpBackend } from '@headwater/backend-http'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import * as Stream from 'effect/Stream'
import { expect, test, vi } from 'vitest'
import { caughtUp, json, livePull, pageOf, sse, tagOf, takeGlobals, withStub } from './StubServer.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

const info = { backendId: 'stub-log', head: { global: 0, eventId: null } }
const batch = { backendId: 'stub-log', parent: info.head, events: pageOf(1).events }

test('a url that is none is refused at once, with what to give', () => {
  expect(() => httpBackend({ url: 'nowhere' })).toThrow(/"nowhere" is no url; give one like https:/)
  expect(() => httpBackend({ url: 'ftp://host' })).toThrow(/must begin with http/)
  expect(httpBackend({ url: 'https://host/sync/?a#b' }).name).toBe('http https://host/sync')
})

test('a wrong storeId is a ProtocolError before anything is sent', async () => {
  for (const storeId of ['..', '../x', 'a/b', '', 'x'.repeat(10_000)]) {
    const provider = httpBackend({ url: 'http://127.0.0.1:1', fetch: () => Promise.reject(new Error('was sent')) })
    const connecting = Effect.flatMap(provider.make({ storeId, clientId: 'a' }), (backend) => tagOf(backend.ping))
    expect(await Effect.runPromise(Effect.scoped(connecting))).toBe('ProtocolError')
  }
})

test('getToken is called for every request; its failure is Unauthorized', async () => {
  let calls = 0
  const getToken = () => {
    calls += 1
    if (calls === 3) throw new Error('signed out')
    return `token-${calls}`
  }
  await withStub(
    (_, response) => json(response, info),
    { getToken },
    (backend, stub) =>
      Effect.gen(function* () {
        yield* backend.ping
        yield* backend.ping
        expect(yield* tagOf(backend.ping)).toBe('Unauthorized')
        expect(stub.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
        expect(stub.requests[0]?.headers).toMatchObject({ 'headwater-protocol': '1', 'headwater-client': 'client-a' })
      }),
  )
})

test.each([
  ['no JSON', '<html>hello</html>'],
  ['another shape', '{"ok":true}'],
  ['a negative head', '{"backendId":"x","head":{"global":-1,"eventId":null}}'],
])('an answer that is %s is a ProtocolError, for every operation', async (_, text) => {
  await withStub(
    (__, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
    {},
    (backend) =>
      Effect.gen(function* () {
        expect(yield* tagOf(backend.ping)).toBe('ProtocolError')
        expect(yield* tagOf(backend.push(batch))).toBe('ProtocolError')
        expect(yield* tagOf(Stream.runDrain(backend.pull({ ...livePull, isLive: false })))).toBe('ProtocolError')
        expect(yield* tagOf(Stream.runDrain(backend.pull(livePull)))).toBe('ProtocolError')
      }),
  )
})

test.each([
  ['nothing', ''],
  ['half a page', JSON.stringify(caughtUp()).slice(0, 30)],
])('an answer that broke off but looks whole is Unreachable (%s)', async (_, text) => {
  await withStub(
    (__, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
    {},
    (backend) =>
      Effect.gen(function* () {
        expect(yield* tagOf(backend.ping)).toBe('Unreachable')
        expect(yield* tagOf(backend.push(batch))).toBe('Unreachable')
        expect(yield* tagOf(Stream.runDrain(backend.pull({ ...livePull, isLive: false })))).toBe('Unreachable')
      }),
  )
})

test.each([200, 409])('an answer (%i) that stops in its middle is given up, and its connection too', async (status) => {
  const closed = Promise.withResolvers<void>()
  await withStub(
    (_, response) => {
      response.on('close', closed.resolve)
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': 1_000 }).write('{')
    },
    { timeout: 50 },
    (backend) =>
      Effect.gen(function* () {
        expect(yield* tagOf(backend.push(batch))).toBe('TimedOut')
        // Otherwise a browser, which has six connections to a server, has none left after six of these.
        yield* Effect.promise(() => closed.promise)
      }),
  )
})

test('another protocol version in the answer is a ProtocolError', async () => {
  await withStub(
    (_, response) => response.writeHead(200, { 'headwater-protocol': '2' }).end(JSON.stringify(info)),
    {},
    (backend) => Effect.map(tagOf(backend.ping), (tag) => expect(tag).toBe('ProtocolError')),
  )
})

test('nobody there is Unreachable, nobody who answers is TimedOut', async () => {
  const provider = httpBackend({ url: 'http://127.0.0.1:1' })
  const refused = Effect.flatMap(provider.make({ storeId: 's', clientId: 'a' }), (backend) => tagOf(backend.ping))
  expect(await Effect.runPromise(Effect.scoped(refused))).toBe('Unreachable')
  await withStub(
    () => undefined,
    { timeout: 50 },
    (backend) => Effect.map(tagOf(backend.push(batch)), (tag) => expect(tag).toBe('TimedOut')),
  )
})

test('only the fields of an event on the wire leave the client', async () => {
  const bodies: Array<string> = []
  await withStub(
    (request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text))
      request.on('end', () => json(response, { _tag: 'Accepted', head: { global: 1, eventId: 'event-1' } }))
    },
    {},
    (backend) => backend.push({ ...batch, events: batch.events.map((event) => ({ ...event, changeset: 'secret' })) }),
  )
  const { syncMetadataJson: _, ...event } = batch.events[0] ?? { syncMetadataJson: null }
  expect(JSON.parse(bodies.join(''))).toEqual({ ...batch, events: [event] })
})

test('a stream with two missed heartbeats is TimedOut', async () => {
  await withStub(
    (_, response) => sse(response, caughtUp()),
    { heartbeat: 30 },
    (backend) => Effect.map(tagOf(Stream.runDrain(backend.pull(livePull))), (tag) => expect(tag).toBe('TimedOut')),
  )
})

test('the silence of a stream is measured without the clock on the wall', async () => {
  const clock = vi.spyOn(Date, 'now')
  await withStub(
    (_, response) => sse(response, caughtUp()),
    { heartbeat: 30 },
    (backend) => {
      const setBack = Stream.tap(backend.pull(livePull), () =>
        Effect.sync(() => clock.mockReturnValue(performance.timeOrigin - 3_600_000)),
      )
      return Effect.map(tagOf(Stream.runDrain(setBack)), (tag) => expect(tag).toBe('TimedOut'))
    },
  ).finally(() => clock.mockRestore())
})

test('a silent stream ends, whatever the fetch makes of its signal', async () => {
  const deaf: typeof fetch = (input, init) => fetch(input, { ...init, signal: null })
  await withStub(
    (_, response) => sse(response, caughtUp()),
    { heartbeat: 30, fetch: deaf },
    (backend) => Effect.map(tagOf(Stream.runDrain(backend.pull(livePull))), (tag) => expect(tag).toBe('TimedOut')),
  )
})

test('who has given up while the token was fetched sends nothing any more', async () => {
  const token = Promise.withResolvers<string>()
  const sent: Array<unknown> = []
  await withStub(
    (_, response) => json(response, info),
    {
      getToken: () => token.promise,
      timeout: 30,
      fetch: (input) => {
        sent.push(input)
        return Promise.reject(new TypeError('sent'))
      },
    },
    (backend) =>
      Effect.gen(function* () {
        expect(yield* tagOf(backend.push(batch))).toBe('TimedOut')
        token.resolve('late')
        yield* Effect.promise(() => token.promise)
        yield* Effect.sleep(0)
        expect(sent).toEqual([])
      }),
  )
})

test('a failure behind pages of the same read comes after them', async () => {
  await withStub(
    (_, response) => {
      const failure = { error: { tag: 'HistoryChanged', message: 'restored', headGlobal: 0 } }
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'
      const page = `id: 1\ndata: ${JSON.stringify(pageOf(1))}\n\n`
      response.socket?.end(`${head}${page}event: failure\ndata: ${JSON.stringify(failure)}\n\n`)
    },
    {},
    (backend) =>
      Effect.gen(function* () {
        const seen: Array<number> = []
        const pages = Stream.runForEach(backend.pull(livePull), (page) =>
          Effect.sync(() => seen.push(page.head.global)),
        )
        expect(yield* tagOf(pages)).toBe('HistoryChanged')
        expect(seen).toEqual([1])
      }),
  )
})

test('a character that is cut between two reads arrives whole', async () => {
  const [event] = pageOf(1).events
  const page = { ...pageOf(1), events: [{ ...event!, argsJson: '{"text":"née 😀"}' }] }
  const bytes = new TextEncoder().encode(`id: 1\ndata: ${JSON.stringify(page)}\n\n`)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
    },
  })
  const provider = httpBackend({
    url: 'http://127.0.0.1:1',
    fetch: () => Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } })),
  })
  const texts = await Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(provider.make({ storeId: 'stub', clientId: 'client-a' }), (backend) =>
        backend.pull(livePull).pipe(Stream.take(1), Stream.runCollect),
      ),
    ),
  )
  expect(texts.flatMap(({ events }) => events.map(({ argsJson }) => argsJson))).toEqual(['{"text":"née 😀"}'])
})

test('interrupting a live pull closes its connection', async () => {
  const closed = Promise.withResolvers<void>()
  await withStub(
    (_, response) => {
      response.on('close', closed.resolve)
      sse(response, caughtUp())
    },
    {},
    (backend) =>
      Effect.gen(function* () {
        const got = Promise.withResolvers<void>()
        const fiber = yield* Effect.forkChild(
          Stream.runForEach(backend.pull(livePull), () => Effect.sync(() => got.resolve())),
        )
        yield* Effect.promise(() => got.promise)
        yield* Fiber.interrupt(fiber)
        yield* Effect.promise(() => closed.promise)
      }),
  )
})

/** Answers long-polls with events 1, 2, 3, … and lets `stream` decide about streams. */
const pollingServer =
  (stream: (response: ServerResponse) => void) =>
  (_: unknown, response: ServerResponse, url: URL): void => {
    const live = url.searchParams.get('live')
    if (live === 'sse') return stream(response)
    json(response, pageOf(Number(url.searchParams.get('after')) + 1))
  }

test.each([
  ['a stream that a proxy collects', (response: ServerResponse) => response.flushHeaders()],
  ['a stream whose head never comes', () => undefined],
  ['an answer that is no stream', (response: ServerResponse) => json(response, caughtUp())],
])('%s falls back to long-poll, and it is remembered', async (_, stream) => {
  await withStub(pollingServer(stream), { firstByteTimeout: 50 }, (backend, stub) =>
    Effect.gen(function* () {
      expect(yield* takeGlobals(backend, 3)).toEqual([1, 2, 3])
      expect(yield* takeGlobals(backend, 2)).toEqual([1, 2])
      const streams = stub.requests.filter(({ url }) => url?.includes('live=sse'))
      expect(streams).toHaveLength(1)
    }),
  )
})

test('so it does where heartbeats would come sooner than that', async () => {
  const collected = pollingServer((response) => response.flushHeaders())
  await withStub(collected, { firstByteTimeout: 200, heartbeat: 20 }, (backend) =>
    Effect.map(takeGlobals(backend, 2), (globals) => expect(globals).toEqual([1, 2])),
  )
})

test.each(['auto', 'sse'] as const)(
  'a first page that comes slowly and steadily is a stream (live: %s)',
  async (live) => {
    const dribbling = (response: ServerResponse): void => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const pieces = `id: 1\ndata: ${JSON.stringify(pageOf(1))}\n\n`.match(/[^]{1,40}/g) ?? []
      const next = (): void => {
        const piece = pieces.shift()
        if (piece === undefined) return
        response.write(piece)
        setTimeout(next, 40)
      }
      next()
    }
    await withStub(pollingServer(dribbling), { firstByteTimeout: 200, live }, (backend, stub) =>
      Effect.gen(function* () {
        expect(yield* takeGlobals(backend, 1)).toEqual([1])
        expect(stub.requests.map(({ url }) => url)).toEqual([expect.stringContaining('live=sse')])
      }),
    )
  },
)

test('three streams in a row that are cut at once fall back to long-poll', async () => {
  const cutAtOnce = (response: ServerResponse) => {
    sse(response, caughtUp())
    response.end()
  }
  await withStub(pollingServer(cutAtOnce), {}, (backend) =>
    Effect.gen(function* () {
      for (let i = 0; i < 3; i += 1) expect(yield* tagOf(Stream.runDrain(backend.pull(livePull)))).toBe('Unreachable')
      expect(yield* takeGlobals(backend, 2)).toEqual([1, 2])
    }),
  )
})

test('a server that is gone is not mistaken for one without streams', async () => {
  let isGone = false
  const answer = pollingServer((response) => sse(response, pageOf(1)))
  await withStub(
    (request, response, url) => (isGone ? void request.socket.destroy() : answer(request, response, url)),
    { firstByteTimeout: 50 },
    (backend, stub) =>
      Effect.gen(function* () {
        isGone = true
        expect(yield* tagOf(takeGlobals(backend, 1))).toBe('Unreachable')
        isGone = false
        expect(yield* takeGlobals(backend, 1)).toEqual([1])
        expect(stub.requests.at(-1)?.url).toContain('live=sse')
      }),
  )
})

test('Retry-After arrives with the failure', async () => {
  await withStub(
    (_, response) => response.writeHead(429, { 'retry-after': '7' }).end(),
    {},
    (backend) =>
      Effect.gen(function* () {
        const { reason } = yield* Effect.flip(backend.ping)
        expect(reason).toMatchObject({ _tag: 'RateLimited', retryAfterMs: 7_000 })
      }).pipe(Effect.orDie),
  )
})
