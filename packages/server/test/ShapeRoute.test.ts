/**
 * The authorising proxy against a server that writes down what reaches it: what Electric is asked for is the store's own
 * shape, whatever a client says, and what Electric answers is passed on or is a typed failure.
 */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ServerLogRecord, authorizeTokens } from '@headwater/server'
import { type ElectricProxyOptions, electricProxy } from '@headwater/server/electric'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HandlerFixture, errorOf, event, get, handlerFixture, push, root } from './Requests.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

const open: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Upstream {
  readonly url: string
  /** Every request that reached it, oldest first. */
  readonly asked: Array<URL>
  readonly close: () => Promise<void>
}

const shapeHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'electric-handle': '1-2',
  'electric-offset': '0_0',
  'electric-schema': '{}',
  'cache-control': 'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746',
  etag: '"1-2:-1:0_0"',
  'set-cookie': 'electric=1',
  'x-internal': 'host-7',
  'access-control-allow-origin': '*',
}

const answerRows: Answer = (_, response) => {
  response.writeHead(200, shapeHeaders).end('[]')
}

const upstream = async (answer: Answer = answerRows): Promise<Upstream> => {
  const asked: Array<URL> = []
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '/', 'http://electric'))
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
  }
  open.push(close)
  return { url: `http://127.0.0.1:${port}`, asked, close }
}

interface ProxyFixture {
  readonly handle: (request: Request) => Promise<Response>
  readonly records: ReadonlyArray<ServerLogRecord>
}

const proxy = (
  electric: ElectricProxyOptions['electric'],
  options: Partial<ElectricProxyOptions> = {},
): ProxyFixture => {
  const records: Array<ServerLogRecord> = []
  const handle = electricProxy({
    authorize: authorizeTokens(['token']),
    logger: (record) => void records.push(record),
    ...options,
    electric: { secret: 'the-secret', ...electric },
  })
  return { handle, records }
}

const bearer = { authorization: 'Bearer token' }
const shape = (query: string, storeId = 'mine', headers: Record<string, string> = bearer): Request =>
  get(`/v1/stores/${storeId}/shape?${query}`, headers)

const pinned = {
  columns: 'store_id,seq,event_id,parent_id,name,args,client_id,session_id,created_at,sync_metadata,mark',
  'params[1]': 'mine',
  secret: 'the-secret',
  table: 'headwater_events',
  where: 'store_id = $1',
}

describe('what Electric is asked', () => {
  test('the shape of the store, with the place and nothing else of the client', async () => {
    const electric = await upstream()
    const { handle } = proxy({ url: electric.url })
    const query =
      'offset=0_0&handle=1-2&live=true&live_sse=true&experimental_live_sse=true&cursor=66892761&expired_handle=3-4&cache-buster=17-ab&log=full&replica=default&utm_source=x&cursor='
    expect((await handle(shape(query))).status).toBe(200)
    const [asked] = electric.asked
    expect(asked?.pathname).toBe('/v1/shape')
    expect(Object.fromEntries(asked?.searchParams ?? [])).toEqual({
      ...pinned,
      offset: '0_0',
      handle: '1-2',
      live: 'true',
      live_sse: 'true',
      cursor: '66892761',
      expired_handle: '3-4',
      'cache-buster': '17-ab',
    })
  })

  test('one address for all readers of a store, in whatever order they ask', async () => {
    const electric = await upstream()
    const { handle } = proxy({ url: `${electric.url}/` })
    await handle(shape('offset=0_0&handle=1-2&live=true'))
    await handle(shape('live=true&log=full&handle=1-2&offset=0_0'))
    expect(new Set(electric.asked.map(String)).size).toBe(1)
  })

  test('the tables of another schema', async () => {
    const electric = await upstream()
    const { handle } = proxy({ url: electric.url, schema: 'tenant_1' })
    await handle(shape('offset=-1'))
    expect(electric.asked[0]?.searchParams.get('table')).toBe('tenant_1.headwater_events')
  })
})

describe('a client that asks for more is refused, and it is written down', () => {
  const attacks: ReadonlyArray<readonly [string, string]> = [
    ['another table', 'table=users'],
    ['the same table', 'table=headwater_events'],
    ['another table, in capitals', 'TABLE=users'],
    ['another condition', 'where=true'],
    ['a condition that ends ours', `where=${encodeURIComponent("store_id = $1 OR 'a' = 'a'")}`],
    ["another store's parameter", 'params[1]=theirs'],
    ["another store's parameter, escaped", 'params%5B1%5D=theirs'],
    ['a second parameter', 'params[2]=x'],
    ['parameters as JSON', `params=${encodeURIComponent('{"1":"theirs"}')}`],
    ['other columns', 'columns=store_id,seq'],
    ['full rows', 'replica=full'],
    ['another log', 'log=changes_only'],
    ['a subset', 'subset__where=true'],
    ['a subset in order', 'subset__order_by=seq'],
    ['a secret of its own', 'secret=x'],
    ['the older name of the secret', 'api_secret=x'],
    ["another source of Electric's cloud", 'source_id=x'],
  ]
  test.each(attacks)('%s', async (_, parameter) => {
    const electric = await upstream()
    const { handle, records } = proxy({ url: electric.url })
    expect(await errorOf(await handle(shape(`offset=-1&${parameter}`)))).toEqual([403, 'Forbidden'])
    expect(electric.asked).toEqual([])
    const asked = decodeURIComponent(parameter)
    expect(records[0]).toMatchObject({ level: 'warn', event: 'refused', operation: 'shape', storeId: 'mine', asked })
    expect(records[1]).toMatchObject({ event: 'request', status: 403, tag: 'Forbidden' })
  })

  const malformed: ReadonlyArray<readonly [string, string]> = [
    ['an offset twice', 'offset=-1&offset=0_0'],
    ['a handle with a parameter in it', `offset=0_0&handle=${encodeURIComponent('1-2&where=true')}`],
    ['a handle of 10 kB', `offset=0_0&handle=${'1'.repeat(10_000)}`],
    ['a line break', `offset=${encodeURIComponent('-1\r\nx: y')}`],
    ['a NUL', `offset=-1&cursor=${encodeURIComponent('1\0')}`],
  ]
  test.each(malformed)('%s is malformed', async (_, query) => {
    const electric = await upstream()
    const { handle } = proxy({ url: electric.url })
    expect(await errorOf(await handle(shape(query)))).toEqual([400, 'MalformedRequest'])
    expect(electric.asked).toEqual([])
  })

  test("another store's address is the authorize hook's to refuse, as a pull", async () => {
    const electric = await upstream()
    const operations: Array<string> = []
    const { handle, records } = proxy(
      { url: electric.url },
      {
        authorize: (_, { storeId, operation }) => {
          operations.push(operation)
          return storeId === 'mine' ? { id: 'me' } : { refused: 'this store is not yours', status: 403 }
        },
      },
    )
    expect((await handle(shape('offset=-1'))).status).toBe(200)
    expect(await errorOf(await handle(shape('offset=-1', 'theirs')))).toEqual([403, 'Forbidden'])
    expect(electric.asked.map((url) => url.searchParams.get('params[1]'))).toEqual(['mine'])
    expect(operations).toEqual(['pull', 'pull'])
    expect(records.at(-1)).toMatchObject({ event: 'request', status: 403, path: '/v1/stores/theirs/shape' })
  })

  test.each([
    ['no token', shape('offset=-1', 'mine', {}), 401, 'Unauthorized'],
    ['another token', shape('offset=-1', 'mine', { authorization: 'Bearer x' }), 401, 'Unauthorized'],
    ['SQL in the storeId', shape('offset=-1', encodeURIComponent("x' OR 'a'='a")), 400, 'InvalidStoreId'],
    ['SQL without spaces', shape('offset=-1', '$1'), 400, 'InvalidStoreId'],
    ['a path in the storeId', shape('offset=-1', '..%2F..%2Fv1'), 400, 'InvalidStoreId'],
    ['a subset by POST', new Request(shape(''), { method: 'POST', body: '{}' }), 405, 'MethodNotAllowed'],
    ['deleting the shape', new Request(shape(''), { method: 'DELETE' }), 405, 'MethodNotAllowed'],
  ])('%s', async (_, request, status, tag) => {
    const electric = await upstream()
    const { handle } = proxy({ url: electric.url })
    expect(await errorOf(await handle(request))).toEqual([status, tag])
    expect(electric.asked).toEqual([])
  })
})

describe('what comes back', () => {
  test("Electric's own headers and the body, and nothing else that it says", async () => {
    const electric = await upstream((_, response) => response.writeHead(200, shapeHeaders).end('[{"a":1}]'))
    const response = await proxy({ url: electric.url }).handle(shape('offset=-1'))
    expect(await response.text()).toBe('[{"a":1}]')
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'private, no-store, no-transform',
      'content-type': 'application/json; charset=utf-8',
      'electric-handle': '1-2',
      'electric-offset': '0_0',
      'electric-schema': '{}',
      etag: '"1-2:-1:0_0"',
      'headwater-protocol': '1',
      'x-accel-buffering': 'no',
    })
  })

  test('a shared cache may keep it where the operator says so, and never a failure', async () => {
    const electric = await upstream()
    const { handle } = proxy({ url: electric.url, caching: 'shared' })
    const shared = await handle(shape('offset=-1'))
    expect(shared.headers.get('cache-control')).toBe(`${shapeHeaders['cache-control']}, no-transform`)
    expect(shared.headers.get('vary')).toBeNull()
    const refused = await handle(shape('offset=-1&table=x'))
    expect(refused.headers.get('cache-control')).toBe('no-store, no-transform')
  })

  test('what a cache keeps is fit for web pages too, whoever asked first', async () => {
    const electric = await upstream()
    const everywhere = proxy({ url: electric.url, caching: 'shared' }, { cors: '*' })
    const first = await everywhere.handle(shape('offset=-1'))
    expect([first.headers.get('access-control-allow-origin'), first.headers.get('vary')]).toEqual(['*', null])
    const some = proxy({ url: electric.url, caching: 'shared' }, { cors: ['https://app.example.com'] })
    expect((await some.handle(shape('offset=-1'))).headers.get('vary')).toBe('origin')
  })

  test('a web page may read what its client needs', async () => {
    const electric = await upstream()
    const { handle } = proxy({ url: electric.url }, { cors: ['https://app.example.com'] })
    const response = await handle(shape('offset=-1', 'mine', { ...bearer, origin: 'https://app.example.com' }))
    const exposed = response.headers.get('access-control-expose-headers') ?? ''
    for (const name of ['handle', 'offset', 'schema', 'cursor', 'up-to-date'])
      expect(exposed).toContain(`electric-${name}`)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(response.headers.get('vary')).toBe('origin')
  })

  test('a conditional request is passed on, and so is its 304', async () => {
    const electric = await upstream((request, response) => {
      const { 'content-type': _, 'electric-schema': __, ...headers } = shapeHeaders
      response.writeHead(request.headers['if-none-match'] === shapeHeaders.etag ? 304 : 200, headers).end()
    })
    const { handle } = proxy({ url: electric.url })
    const response = await handle(shape('offset=-1', 'mine', { ...bearer, 'if-none-match': shapeHeaders.etag }))
    expect([response.status, await response.text()]).toEqual([304, ''])
  })

  test('must-refetch is passed on as it is', async () => {
    const electric = await upstream((_, response) =>
      response
        .writeHead(409, { 'content-type': 'application/json', 'electric-handle': '3-4' })
        .end('[{"headers":{"control":"must-refetch"}}]'),
    )
    const response = await proxy({ url: electric.url }).handle(shape('offset=0_0&handle=1-2'))
    expect([response.status, response.headers.get('electric-handle')]).toEqual([409, '3-4'])
    expect(await response.json()).toEqual([{ headers: { control: 'must-refetch' } }])
  })

  test('a place beyond the shape is told apart: the shape is still the same', async () => {
    const body = { message: 'Invalid request', errors: { offset: ['out of bounds for this shape'] } }
    const electric = await upstream((_, response) => response.writeHead(400).end(JSON.stringify(body)))
    const response = await proxy({ url: electric.url }).handle(shape('offset=9_9&handle=1-2'))
    expect(await errorOf(response)).toEqual([410, 'PlaceUnknown'])
  })
})

const failing =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(body)
  }

const electricErrors = (errors: object): string => JSON.stringify({ message: 'Invalid request', errors })

describe('an Electric that does not work is a typed failure, and the log says why', () => {
  const failures: ReadonlyArray<readonly [string, Answer, number, string, string]> = [
    ['starting', failing(503, '{"message":"Stack not ready"}'), 503, 'Unavailable', 'Stack not ready'],
    ['a wrong secret', failing(401, '{"message":"Unauthorized"}'), 503, 'Unavailable', 'refuses the secret'],
    [
      'without the table',
      failing(400, electricErrors({ table: ['Table "public"."headwater_events" does not exist'] })),
      503,
      'Unavailable',
      'does not exist',
    ],
    ['a bug of its own', failing(500, '{"error":"Internal server error"}'), 503, 'Unavailable', '500'],
    ['a moved one', failing(302, '', { location: 'http://elsewhere.example.com/?steal' }), 503, 'Unavailable', '302'],
    ['another server', failing(404, '<html>'), 503, 'Unavailable', '404'],
    ['a web page', failing(200, '<html>', { 'content-type': 'text/html' }), 503, 'Unavailable', 'electric-handle'],
    [
      'headers stripped on the way',
      failing(200, '[]', { 'electric-handle': '1-2' }),
      503,
      'Unavailable',
      'electric-offset',
    ],
    ['a connection that is cut', (request) => void request.socket.destroy(), 503, 'Unavailable', 'cannot be reached'],
    [
      'one that repeats what it was asked',
      failing(500, 'GET /v1/shape?secret=the-secret&table=headwater_events'),
      503,
      'Unavailable',
      'secret=…',
    ],
  ]
  test.each(failures)('%s', async (_, answer, status, tag, detail) => {
    const electric = await upstream(answer)
    const { handle, records } = proxy({ url: electric.url })
    const response = await handle(shape('offset=-1'))
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await errorOf(response)).toEqual([status, tag])
    expect(electric.asked).toHaveLength(1)
    expect(records[0]).toMatchObject({ level: 'error', event: 'failed', operation: 'shape' })
    expect(records[0]?.['detail']).toContain(detail)
    expect(JSON.stringify(records)).not.toContain('the-secret')
  })

  test('nobody there', async () => {
    const electric = await upstream()
    await electric.close()
    const { handle } = proxy({ url: electric.url })
    expect(await errorOf(await handle(shape('offset=-1')))).toEqual([503, 'Unavailable'])
    const health = await handle(get('/health'))
    expect([health.status, await health.json()]).toEqual([
      200,
      { status: 'ok', versions: [1], electric: 'unreachable' },
    ])
  })

  test('too busy: when to come back is passed on', async () => {
    const busy = failing(503, '{"code":"concurrent_request_limit_exceeded"}', { 'retry-after': '6' })
    const response = await proxy({ url: (await upstream(busy)).url }).handle(shape('offset=-1'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '6'])
    const limited = failing(429, '', { 'retry-after': '7' })
    const slow = await proxy({ url: (await upstream(limited)).url }).handle(shape('offset=-1'))
    expect([slow.status, slow.headers.get('retry-after')]).toEqual([429, '7'])
    expect((await errorOf(slow))[1]).toBe('RateLimited')
  })

  test.each([
    [200, '{"status":"active"}', 'active'],
    [202, '{"status":"starting"}', 'starting'],
    [200, '<html>', 'unreachable'],
    [500, '{"status":"active"}', 'unreachable'],
  ])('health: %s %s is %s', async (status, body, found) => {
    const electric = await upstream(failing(status, body))
    const { handle } = proxy({ url: electric.url })
    const answers = await Promise.all([handle(get('/health')), handle(get('/health')), handle(get('/health'))])
    for (const answer of answers) expect(await answer.json()).toMatchObject({ electric: found })
    expect(electric.asked.map(({ pathname }) => pathname)).toEqual(['/v1/health'])
  })
})

describe('event streams', () => {
  const streaming = async (
    pieces: ReadonlyArray<string>,
    options: Partial<ElectricProxyOptions> = {},
    request = shape('offset=0_0&handle=1-2&live=true&live_sse=true'),
  ) => {
    let [isCut, write]: [boolean, (piece: string) => void] = [false, () => undefined]
    const electric = await upstream((_, response) => {
      response.writeHead(200, { ...shapeHeaders, 'content-type': 'text/event-stream' })
      response.on('close', () => (isCut = true))
      write = (piece) => void response.write(piece)
      response.flushHeaders()
      pieces.forEach(write)
    })
    const { handle } = proxy({ url: electric.url }, { heartbeatMs: 30, ...options })
    const response = await handle(request)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    return { response, reader, write: (piece: string) => write(piece), isCut: () => isCut }
  }
  const heartbeat = ': heartbeat\n\n'

  test('pass as they come, with a sign of life between messages and never inside one', async () => {
    const { response, reader, write } = await streaming([])
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect((await reader.read()).value).toBe(heartbeat)
    expect((await reader.read()).value).toBe(heartbeat)
    write('data: {"a"')
    let text = ''
    while (!text.endsWith('"a"')) text += (await reader.read()).value ?? ''
    expect(text.replaceAll(heartbeat, '')).toBe('data: {"a"')
    // A reader that waits for three heartbeats' time gets none while the message is open.
    const waiting = reader.read()
    const first = await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve('silence'), 100))])
    expect(first).toBe('silence')
    write(':1}\n\n')
    expect((await waiting).value).toBe(':1}\n\n')
    expect((await reader.read()).value).toBe(heartbeat)
    await reader.cancel()
  })

  test('a reader that leaves frees the connection to Electric', async () => {
    const { reader, isCut } = await streaming(['data: 1\n\n'])
    await reader.read()
    await reader.cancel()
    await vi.waitUntil(isCut, { timeout: 30_000 })
  })

  test('a long poll whose reader leaves is no failure of Electric; one whose token ends is told so', async () => {
    const held: Array<ServerResponse> = []
    const electric = await upstream((_, response) => void held.push(response))
    const query = 'offset=0_0&handle=1-2&live=true'
    const leaving = new AbortController()
    const { handle, records } = proxy({ url: electric.url })
    const answering = handle(new Request(shape(query), { signal: leaving.signal }))
    await vi.waitUntil(() => held.length === 1, { timeout: 30_000 })
    leaving.abort()
    expect((await answering).status).toBe(499)
    await vi.waitUntil(() => held[0]?.destroyed, { timeout: 30_000 })
    expect(records.map(({ level, event }) => [level, event])).toEqual([['info', 'request']])
    const soon = proxy({ url: electric.url }, { authorize: () => ({ id: 'me', expiresAtMs: Date.now() + 50 }) })
    expect(await errorOf(await soon.handle(shape(query)))).toEqual([401, 'Unauthorized'])
    const past = proxy({ url: electric.url }, { authorize: () => ({ id: 'me', expiresAtMs: Date.now() - 1 }) })
    expect(await errorOf(await past.handle(shape(query)))).toEqual([401, 'Unauthorized'])
    expect([...soon.records, ...past.records].filter(({ event }) => event === 'failed')).toEqual([])
  })

  test('a token of many weeks does not end a stream at once', async () => {
    const yearMs = 365 * 24 * 3_600_000
    const { reader } = await streaming(['data: 1\n\n'], {
      authorize: () => ({ id: 'me', expiresAtMs: Date.now() + yearMs + 0.5 }),
    })
    let text = ''
    while (!text.includes('data: 1')) text += (await reader.read()).value ?? ''
    expect((await reader.read()).value).toBe(heartbeat)
    await reader.cancel()
  })

  test('a stream ends with its token, and when the server stops', async () => {
    const untilExpired = await streaming([], { authorize: () => ({ id: 'me', expiresAtMs: Date.now() + 50 }) })
    while (!(await untilExpired.reader.read()).done);
    await vi.waitUntil(untilExpired.isCut, { timeout: 30_000 })
    const stop = new AbortController()
    const untilStopped = await streaming(['data: 1\n\n'], { signal: stop.signal })
    expect((await untilStopped.reader.read()).value).toBe(heartbeat)
    expect((await untilStopped.reader.read()).value).toBe('data: 1\n\n')
    stop.abort()
    while (!(await untilStopped.reader.read()).done);
    await vi.waitUntil(untilStopped.isCut, { timeout: 30_000 })
  })
})

describe('beside the rest of the server', () => {
  const fixture = (...args: Parameters<typeof handlerFixture>): HandlerFixture => {
    const made = handlerFixture(...args)
    open.push(made.close)
    return made
  }

  test('a server without an Electric has no shapes, and says so', async () => {
    const response = await fixture().handle(get('/v1/stores/s/shape?offset=-1'))
    expect(await errorOf(response)).toEqual([404, 'NotFound'])
  })

  test('one address for pushes and shapes; the proxy alone takes no pushes', async () => {
    const electric = await upstream()
    const server = fixture({ electric: { url: electric.url } })
    expect((await push(server, [event(root)])).status).toBe(200)
    expect((await server.handle(get('/v1/stores/s/shape?offset=-1'))).status).toBe(200)
    const alone = proxy({ url: electric.url }).handle
    expect(await errorOf(await alone(get('/v1/stores/s', bearer)))).toEqual([404, 'NotFound'])
  })

  test('whether a log holds a place is asked without its events', async () => {
    const server = fixture()
    const first = event(root)
    await push(server, [first])
    const { backendId } = (await (await server.handle(get('/v1/stores/s'))).json()) as { backendId: string }
    const page = (await (await server.handle(get('/v1/stores/s/pull'))).json()) as { cursor: string }
    const at = (query: Record<string, string>) =>
      server.handle(get(`/v1/stores/s?${String(new URLSearchParams(query))}`))
    const place = { after: '1', afterId: first.id }
    for (const cursor of [page.cursor, `${page.cursor}/1-2/0_inf`]) {
      const held = await at({ ...place, cursor, backendId })
      expect([held.status, await held.json()]).toEqual([200, { backendId, head: { global: 1, eventId: first.id } }])
    }
    const lost = { after: '1', afterId: 'nobody' }
    expect(await errorOf(await at(lost))).toEqual([409, 'HistoryChanged'])
    expect(await errorOf(await at({ ...place, cursor: '1.nobody' }))).toEqual([409, 'HistoryChanged'])
    expect(await errorOf(await at({ ...place, cursor: '1.nobody/1-2/0_inf' }))).toEqual([409, 'HistoryChanged'])
    expect(await errorOf(await at({ ...place, backendId: 'other' }))).toEqual([409, 'BackendReset'])
    expect(await errorOf(await at({ after: '1' }))).toEqual([400, 'MalformedRequest'])
  })
})
