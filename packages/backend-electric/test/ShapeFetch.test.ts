/** What ends a shape's event stream, and what does not. */
import { makeHttpConnection } from '@headwater/backend-http/connection'
import type { SyncBackendReason } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { makeShapeFetch } from '../src/ShapeFetch.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

const cleanups: Array<() => void> = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** A stream of a real server, and what its reading failed with. */
const openStream = async (options: { readonly live?: 'auto' | 'sse'; readonly firstByteTimeout?: number } = {}) => {
  const responses: Array<ServerResponse> = []
  const server = createServer((_, response) => {
    responses.push(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connection = await Effect.runPromise(
    makeHttpConnection(base, { url: base, ...options }, { storeId: 's', clientId: 'c' }),
  )
  const failures: Array<SyncBackendReason> = []
  const [closed, leaving] = [new AbortController(), new AbortController()]
  const fetchShape = makeShapeFetch({
    connection,
    closed: closed.signal,
    onFailure: (reason) => void failures.push(reason),
    onTrouble: () => undefined,
    mayRead: () => Promise.resolve(),
  })
  const url = `${connection.base}/shape?offset=0_inf&handle=1-1&live=true&live_sse=true`
  const reader = (await fetchShape(url, { signal: leaving.signal }))
    .body!.pipeThrough(new TextDecoderStream())
    .getReader()
  const [response] = responses
  return { connection, failures, closed, leaving, reader, response: response! }
}

test('a stream that is ended by neither side of ours is a failure: a page that is hidden may sync for others', async () => {
  const { failures, leaving, reader, response } = await openStream()
  response.write(': heartbeat\n\n')
  expect((await reader.read()).value).toBe(': heartbeat\n\n')
  leaving.abort()
  await expect(reader.read()).rejects.toThrow()
  expect(failures).toMatchObject([{ _tag: 'Unreachable' }])
})

test('a stream that comes to its end is none, whatever is tidied up behind it', async () => {
  const { failures, leaving, reader, response } = await openStream()
  response.end('data: 1\n\n')
  expect((await reader.read()).value).toBe('data: 1\n\n')
  expect((await reader.read()).done).toBe(true)
  leaving.abort()
  expect(failures).toEqual([])
})

test('nor is one whose reader was closed', async () => {
  const { failures, closed, leaving, reader } = await openStream()
  closed.abort()
  leaving.abort()
  await expect(reader.read()).rejects.toThrow()
  expect(failures).toEqual([])
})

test.each(['auto', 'sse'] as const)(
  'a stream that says nothing at all is held back on the way: live %s',
  async (live) => {
    const { connection, failures, reader } = await openStream({ live, firstByteTimeout: 1_000 })
    await expect(reader.read()).rejects.toThrow()
    expect(failures).toMatchObject([{ _tag: 'TimedOut', afterMs: 1_000 }])
    // With `auto` the next readings do without streams for a while.
    expect(connection.sse.pollUntilMs > Date.now()).toBe(live === 'auto')
  },
)
