/** Every fault of the proxy against a small real server: what each side sees of it, and that the seed decides. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type FaultProxy, faultProxy, type RequestFault, requestFaults } from '@headwater/testkit/node'

interface SmallServer {
  readonly url: string
  /** `METHOD /path body`, in order of arrival; the body once it is whole. */
  readonly seen: Array<string>
  /** Connections that ended before their request did. */
  readonly cut: Array<string>
  readonly streams: Array<ServerResponse>
  readonly close: () => Promise<void>
}

const cleanups: Array<() => Promise<unknown> | void> = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const answerBytes = 'the answer of the server'

const smallServer = async (): Promise<SmallServer> => {
  const seen: Array<string> = []
  const cut: Array<string> = []
  const streams: Array<ServerResponse> = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    try {
      for await (const chunk of request) body += String(chunk)
    } catch {
      return void cut.push(`${request.url} ${body.length}`)
    }
    seen.push(`${request.method} ${request.url} ${body}`.trim())
    if (request.url !== '/stream')
      return void response.writeHead(200, { 'content-length': answerBytes.length, 'x-from': 'server' }).end(answerBytes)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.push(response)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, seen, cut, streams, close }
}

const world = async (seed = 1): Promise<{ server: SmallServer; proxy: FaultProxy }> => {
  const server = await smallServer()
  cleanups.push(server.close)
  const proxy = await faultProxy({ target: server.url, seed })
  cleanups.push(proxy.close)
  return { server, proxy }
}

const get = async (proxy: FaultProxy, path = '/a', init: RequestInit = {}): Promise<string> => {
  const response = await fetch(proxy.url + path, init)
  return `${response.status} ${await response.text()}`
}

/** Whether `promise` stays open for as long as `others` take, and then until its signal ends it. */
const isSilent = async (proxy: FaultProxy, path: string, others: () => Promise<unknown>): Promise<boolean> => {
  const end = new AbortController()
  let isOver = false
  const outcome = get(proxy, path, { signal: end.signal }).then(
    () => (isOver = true),
    () => undefined,
  )
  await others()
  const wasSilent = !isOver
  end.abort()
  await outcome
  return wasSilent && !isOver
}

test('without faults everything passes: methods, paths, bodies, headers, streams as they come', async () => {
  const { server, proxy } = await world()
  const response = await fetch(`${proxy.url}/a?b=c`, { method: 'POST', body: 'x'.repeat(500_000) })
  expect([response.status, response.headers.get('x-from'), await response.text()]).toEqual([200, 'server', answerBytes])
  expect(server.seen).toEqual([`POST /a?b=c ${'x'.repeat(500_000)}`])
  const stream = await fetch(`${proxy.url}/stream`)
  const reader = stream.body!.getReader()
  for (const page of ['data: 1\n\n', 'data: 2\n\n']) {
    // The server writes no more until this page has arrived: nothing on the way collects them.
    server.streams[0]!.write(page)
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(page)
  }
  await reader.cancel()
  expect(Object.values(proxy.counts).every((count) => count === 0)).toBe(true)
})

test('a client that goes takes its stream at the server with it', async () => {
  const { server, proxy } = await world()
  const client = new AbortController()
  await fetch(`${proxy.url}/stream`, { signal: client.signal })
  const gone = new Promise((resolve) => server.streams[0]!.once('close', resolve))
  client.abort()
  await gone
})

test('delay and reorder: a later request comes first', async () => {
  const { server, proxy } = await world()
  for (const fault of ['delay', 'reorder'] as const) {
    server.seen.length = 0
    proxy.hitNext(fault, { waitMs: fault === 'delay' ? 50 : 20_000 }, ({ url }) => url === '/late')
    const late = get(proxy, '/late')
    while (proxy.counts[fault] === 0) await new Promise(setImmediate)
    await get(proxy, '/early')
    await late
    expect(server.seen).toEqual(['GET /early', 'GET /late'])
  }
})

test('duplicate: the server sees the request twice, the client one answer', async () => {
  const { server, proxy } = await world()
  for (const cutAt of [0.1, 0.9]) {
    server.seen.length = 0
    proxy.hitNext('duplicate', { cutAt, waitMs: 10_000 })
    expect(await get(proxy, '/a', { method: 'POST', body: 'twice' })).toBe(`200 ${answerBytes}`)
    while (server.seen.length < 2) await new Promise(setImmediate)
    expect(server.seen).toEqual(['POST /a twice', 'POST /a twice'])
  }
})

test('drop: silence, with and without the server having seen the request', async () => {
  const { server, proxy } = await world()
  proxy.hitNext('drop-request', {}, ({ url }) => url === '/request')
  expect(await isSilent(proxy, '/request', () => get(proxy, '/other'))).toBe(true)
  expect(server.seen).toEqual(['GET /other'])
  proxy.hitNext('drop-answer', {}, ({ url }) => url === '/answer')
  const arrived = async () => {
    while (!server.seen.includes('GET /answer')) await new Promise(setImmediate)
    await get(proxy, '/other')
  }
  expect(await isSilent(proxy, '/answer', arrived)).toBe(true)
})

test('cut: a request ends in the middle of its body, an answer in the middle of its own', async () => {
  const { server, proxy } = await world()
  proxy.hitNext('cut-request', { cutAfterBytes: 100_000 })
  await expect(get(proxy, '/a', { method: 'POST', body: 'x'.repeat(400_000) })).rejects.toThrow()
  while (server.cut.length === 0) await new Promise(setImmediate)
  expect(server.cut).toEqual(['/a 100000'])
  expect(server.seen).toEqual([])
  proxy.hitNext('cut-answer', { cutAfterBytes: 5 })
  await expect(get(proxy)).rejects.toThrow()
  expect(server.seen).toEqual(['GET /a'])
})

test('truncate: an answer ends early and looks whole', async () => {
  const { proxy } = await world()
  proxy.hitNext('truncate', { cutAfterBytes: 10 })
  expect(await get(proxy)).toBe(`200 ${answerBytes.slice(0, 10)}`)
})

test('stall: a stream stops in the middle, and stays open', async () => {
  const { server, proxy } = await world()
  proxy.hitNext('stall', { cutAfterBytes: 9 })
  const end = new AbortController()
  const stream = await fetch(`${proxy.url}/stream`, { signal: end.signal })
  server.streams[0]!.write('data: 1\n\ndata: 2\n\n')
  const reader = stream.body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n')
  const next = reader.read().then(
    () => 'something',
    () => 'ended by the client',
  )
  await get(proxy, '/other')
  end.abort()
  expect(await next).toBe('ended by the client')
})

test('5xx: with and without the server having seen the request', async () => {
  const { server, proxy } = await world()
  proxy.hitNext('fail-before', { status: 503 })
  expect(await get(proxy, '/before')).toMatch(/^503 /)
  expect(server.seen).toEqual([])
  proxy.hitNext('fail-after', { status: 500 })
  expect(await get(proxy, '/after')).toMatch(/^500 /)
  expect(server.seen).toEqual(['GET /after'])
})

test('a partition that refuses cuts everything; healed, everything passes', async () => {
  const { server, proxy } = await world()
  const stream = await fetch(`${proxy.url}/stream`)
  proxy.partition('refuse')
  await expect(stream.text()).rejects.toThrow()
  await expect(get(proxy)).rejects.toThrow()
  expect(server.seen).toEqual(['GET /stream'])
  proxy.heal()
  expect(await get(proxy)).toBe(`200 ${answerBytes}`)
})

test('nothing passes a black hole; healed, its connections go on or are reset', async () => {
  const { server, proxy } = await world()
  proxy.partition('black-hole')
  const held = Array.from({ length: 20 }, (_, i) =>
    get(proxy, `/${i}`).then(
      () => 'answered',
      () => 'reset',
    ),
  )
  const marker = await fetch(server.url)
  await marker.text()
  expect(server.seen).toEqual(['GET /'])
  proxy.heal()
  const outcomes = new Set(await Promise.all(held))
  expect([...outcomes].sort()).toEqual(['answered', 'reset'])
  expect(await get(proxy)).toBe(`200 ${answerBytes}`)
})

test('a server that is gone is a reset connection', async () => {
  const { server, proxy } = await world()
  await server.close()
  await expect(get(proxy)).rejects.toThrow()
})

test('the same seed gives the same faults, another one others', async () => {
  const faultsOf = async (seed: number): Promise<ReadonlyArray<string>> => {
    const { proxy } = await world(seed)
    const each = 1 / (requestFaults.length + 1)
    proxy.setRates(Object.fromEntries(requestFaults.map((fault) => [fault, each])))
    const outcomes: Array<string> = []
    for (let i = 0; i < 40; i++) {
      const before = { ...proxy.counts }
      const end = new AbortController()
      const request = get(proxy, `/${i}`, { signal: end.signal }).catch(() => 'failed')
      const injected = (): RequestFault | undefined =>
        requestFaults.find((fault) => proxy.counts[fault] > before[fault])
      const silent: ReadonlyArray<RequestFault | undefined> = [
        'drop-request',
        'drop-answer',
        'stall',
        'reorder',
        'delay',
      ]
      const first = await Promise.race([request, until(() => silent.includes(injected()))])
      if (first === undefined) end.abort()
      await request
      outcomes.push(injected() ?? 'none')
    }
    return outcomes
  }
  const [one, again, other] = [await faultsOf(7), await faultsOf(7), await faultsOf(8)]
  expect(again).toEqual(one)
  expect(other).not.toEqual(one)
  const kinds = new Set(one)
  expect(kinds.size).toBeGreaterThan(6)
  process.stdout.write(`PROOF proxy_seeded_requests=${one.length} proxy_seeded_outcomes=${kinds.size}\n`)
})

const until = async (isReached: () => boolean): Promise<undefined> => {
  while (!isReached()) await new Promise((resolve) => setTimeout(resolve, 1))
  return undefined
}

test('rates that are none are refused', async () => {
  const { proxy } = await world()
  expect(() => proxy.setRates({ delay: 2 })).toThrow(/between 0 and 1/)
  expect(() => proxy.setRates({ delay: 0.6, stall: 0.6 })).toThrow(/add up to 1.2/)
  expect(() => proxy.setRates({ fire: 0.1 } as never)).toThrow(/no fault "fire"/)
})
