import { connect } from 'node:net'
import { httpBackend } from '@headwater/backend-http'
import type { BackendPosition, SyncBackend } from '@headwater/core/backend'
import { type LogStorage, listen, makeHandler, sqliteLogStorage, startServer } from '@headwater/server'
import { faultProxy } from '@headwater/testkit/node'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { rmSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { event, root } from './Requests.ts'
import { serverFixture, temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

/** Runs `use` with a client of this url. */
const withClient = <A>(url: string, use: (backend: SyncBackend, backendId: string) => Effect.Effect<A, unknown>) =>
  Effect.gen(function* () {
    const backend = yield* httpBackend({ url }).make({ storeId: 's', clientId: 'client-a' })
    return yield* use(backend, (yield* backend.ping).backendId)
  }).pipe(Effect.scoped, Effect.runPromise)

const chain = (count: number, argsJson: string, after: BackendPosition = root) => {
  let parent = after
  return Array.from({ length: count }, () => {
    const next = event(parent, { argsJson })
    parent = { global: next.global, eventId: next.id }
    return next
  })
}

test('a reader that stops reading makes the server hold two pages, not the log', async () => {
  const folder = temporaryFolder()
  const real = sqliteLogStorage({ folder })
  let read = 0
  const counting: LogStorage = {
    ...real,
    read: (request) =>
      Effect.tap(real.read(request), (answer) =>
        Effect.sync(() => {
          if (answer._tag === 'Events') read += answer.eventsJson.reduce((sum, text) => sum + text.length, 0)
        }),
      ),
  }
  const listener = await listen({ handle: makeHandler({ storage: counting }), port: 0, host: '127.0.0.1' })
  // 32 events of 1 MB: far more than two pages and what the kernel buffers of a connection on loopback (about 6 MB).
  const text = JSON.stringify('x'.repeat(1_000_000))
  await withClient(listener.url, (backend, backendId) =>
    Effect.gen(function* () {
      let parent = root
      for (const next of chain(32, text)) {
        yield* backend.push({ backendId, parent, events: [next] })
        parent = { global: next.global, eventId: next.id }
      }
    }),
  )
  const socket = connect(listener.port, '127.0.0.1')
  socket.write('GET /v1/stores/s/pull?live=sse HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  await new Promise((resolve) => socket.once('readable', resolve))
  // The server goes on until the socket is full; requests of others pass it meanwhile.
  await withClient(listener.url, (backend) => Effect.repeat(backend.ping, { times: 200 }))
  const held = read - socket.bytesRead
  expect(held).toBeLessThan(16 * 1024 * 1024)
  socket.resume()
  await new Promise<void>((resolve) => {
    const done = () => read >= 32_000_000 && resolve()
    socket.on('data', done)
    done()
  })
  socket.destroy()
  await listener.close()
  await Effect.runPromise(real.close)
  rmSync(folder, { recursive: true })
  console.log(`PROOF slow_reader_held_bytes=${held}`)
})

test('a reader that never reads again is cut', async () => {
  const server = await serverFixture({ stallMs: 50 })
  const text = JSON.stringify('x'.repeat(1_000_000))
  await withClient(server.url, (backend, backendId) =>
    Effect.gen(function* () {
      let parent = root
      for (const next of chain(32, text)) {
        yield* backend.push({ backendId, parent, events: [next] })
        parent = { global: next.global, eventId: next.id }
      }
    }),
  )
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /v1/stores/s/pull?live=sse HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  await new Promise((resolve) => socket.once('readable', resolve))
  // A socket that is not read learns of its end by writing.
  const knocking = setInterval(() => socket.write(' '), 10)
  await new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve))
  clearInterval(knocking)
  expect(socket.bytesRead).toBeLessThan(32_000_000)
  await server.close()
})

test('a push that is cut in the middle of its body stores nothing; the retry lands', async () => {
  const server = await serverFixture()
  const proxy = await faultProxy({ target: server.url, seed: 1 })
  await withClient(proxy.url, (backend, backendId) =>
    Effect.gen(function* () {
      const events = chain(500, JSON.stringify('x'.repeat(1_000)))
      proxy.hitNext('cut-request', { cutAfterBytes: 200_000 })
      const failure = yield* Effect.flip(backend.push({ backendId, parent: root, events }))
      expect(failure).toMatchObject({ operation: 'push', reason: { _tag: 'Unreachable' } })
      expect((yield* backend.ping).head).toEqual(root)
      expect(yield* backend.push({ backendId, parent: root, events })).toMatchObject({ _tag: 'Accepted' })
    }),
  )
  await proxy.close()
  await server.close()
})

test('an oversized push is answered 413 although the client is still sending', async () => {
  const server = await serverFixture()
  const answer = await fetch(`${server.url}/v1/stores/s/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(8 * 1024 * 1024),
  })
  expect(answer.status).toBe(413)
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  await server.close()
})

test('an oversized push on a connection that is to be closed is answered 413, also to who reads only after sending', async () => {
  const server = await serverFixture()
  const chunk = 'x'.repeat(65_000)
  const socket = connect(server.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString())).pause()
  const head = `POST /v1/stores/s/push HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n`
  socket.write(`${head}content-type: application/json\r\ncontent-length: ${20 * chunk.length}\r\n\r\n`)
  // Pings in between: the server has answered long before the last chunk is sent.
  for (let sent = 0; sent < 20; sent += 1) {
    await new Promise<void>((resolve, reject) => {
      socket.write(chunk, (error) => (error === undefined || error === null ? resolve() : reject(error)))
    })
    await fetch(`${server.url}/health`)
  }
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await closed
  expect(answer).toMatch(/^HTTP\/1\.1 413/)
  await server.close()
})

test('closing finishes the pushes that have arrived', async () => {
  const arrived = Promise.withResolvers<void>()
  const stopping = Promise.withResolvers<void>()
  const validate = async () => {
    arrived.resolve()
    await stopping.promise
  }
  const server = await serverFixture({ validate })
  await withClient(server.url, (backend, backendId) =>
    Effect.gen(function* () {
      const pushing = backend.push({ backendId, parent: root, events: chain(200, '{}') })
      const closing = Effect.promise(async () => {
        await arrived.promise
        const stopped = server.stop()
        stopping.resolve()
        await stopped
      })
      const [answer] = yield* Effect.all([pushing, closing], { concurrency: 'unbounded' })
      expect(answer).toMatchObject({ _tag: 'Accepted', head: { global: 200 } })
    }),
  )
  await server.start()
  await withClient(server.url, (backend) => Effect.map(backend.ping, ({ head }) => expect(head.global).toBe(200)))
  await server.close()
})

test('a request line that names no address is a 400, and a port in use is a typed error', async () => {
  const server = await serverFixture()
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: [bad\r\nconnection: close\r\n\r\n')
  const text = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
  expect(text).toMatch(/^HTTP\/1\.1 400/)
  const folder = temporaryFolder()
  await expect(startServer({ data: folder, port: server.port })).rejects.toThrow(/in use; choose another --port/)
  await expect(startServer({ data: folder, host: '0.0.0.0' })).rejects.toThrow(/listens on loopback only/)
  await expect(startServer({ data: server.folder, port: 0 })).rejects.toThrow(/in use by process \d+/)
  rmSync(folder, { recursive: true })
  await server.close()
})

test('a handler, and a hook, get a request that is one: every part of it, also a copy', async () => {
  const seen: Array<unknown> = []
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    handle: async (request) => {
      const copy = request.clone()
      seen.push(request instanceof Request, request.method, new URL(request.url).pathname, request.headers.get('x-a'))
      seen.push(request.redirect, request.signal.aborted, await copy.text(), await request.json())
      return new Response(new Blob(['done']), { status: 201, headers: [['x-b', 'ä'.normalize('NFC')]] })
    },
  })
  const answer = await fetch(`${listener.url}/path?q`, { method: 'PUT', headers: { 'x-a': '1' }, body: '{"a":"ä"}' })
  expect([answer.status, await answer.text()]).toEqual([201, 'done'])
  expect(seen).toEqual([true, 'PUT', '/path', '1', 'follow', false, '{"a":"ä"}', { a: 'ä' }])
  await listener.close()
  const folder = temporaryFolder()
  const hooked: Array<unknown> = []
  const server = await startServer({
    data: folder,
    port: 0,
    authorize: async (request) => {
      const made = new Request(request, { headers: { 'x-c': '1' } })
      hooked.push(made.url === request.url, made.method, [...request.headers].length > 0, await request.text())
      return { id: 'anna' }
    },
  })
  await withClient(server.url, (backend, backendId) =>
    backend.push({ backendId, parent: root, events: chain(1, '1') }).pipe(Effect.map(({ _tag }) => hooked.push(_tag))),
  )
  expect(hooked).toEqual([true, 'GET', true, '', true, 'POST', true, '', 'Accepted'])
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a handler of ours works inside of another one, which makes requests anew and looks at copies of the answers', async () => {
  const folder = temporaryFolder()
  const storage = sqliteLogStorage({ folder })
  const handle = makeHandler({ storage, prefix: '/sync' })
  const seen: Array<string> = []
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    handle: async (request) => {
      const { pathname, search, origin } = new URL(request.url)
      const text = await request.clone().text()
      const answer = await handle(new Request(`${origin}/sync${pathname}${search}`, request))
      // A copy of a stream is read beside it: neither may take what is the other's.
      const copy = answer.clone().body?.getReader()
      if (copy !== undefined) seen.push(`${text.length > 0} ${new TextDecoder().decode((await copy.read()).value)}`)
      return answer
    },
  })
  await withClient(listener.url, (backend, backendId) =>
    Effect.gen(function* () {
      const events = chain(3, '"ä"')
      expect(yield* backend.push({ backendId, parent: root, events })).toMatchObject({ _tag: 'Accepted' })
      const pages = yield* backend
        .pull({ after: root, cursor: null, backendId, isLive: true })
        .pipe(Stream.take(1), Stream.runCollect)
      expect(pages.flatMap((page) => page.events.map(({ id }) => id))).toEqual(events.map(({ id }) => id))
    }),
  )
  expect(seen.map((text) => text.slice(0, 25))).toEqual([
    expect.stringMatching(/^false \{"backendId"/),
    expect.stringMatching(/^true \{"_tag":"Accepted"/),
    expect.stringMatching(/^false id: 3\ndata: /),
  ])
  await listener.close()
  await Effect.runPromise(storage.close)
  rmSync(folder, { recursive: true })
})
