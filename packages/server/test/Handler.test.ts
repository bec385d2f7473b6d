import { batchBytesMax } from '@headwater/core/backend'
import type { Authorize, ServerLogRecord } from '@headwater/server'
import * as Context from 'effect/Context'
import * as Effect from 'effect/Effect'
import * as Tracer from 'effect/Tracer'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type HandlerFixture,
  address,
  errorOf,
  event,
  get,
  handlerFixture,
  post,
  pulled,
  push,
  root,
} from './Requests.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

const open: Array<HandlerFixture> = []
const fixture = (...args: Parameters<typeof handlerFixture>): HandlerFixture => {
  const made = handlerFixture(...args)
  open.push(made)
  return made
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

describe('bad requests are typed answers', () => {
  test.each([
    ['an unknown address', get('/v1/elsewhere'), 404, 'NotFound'],
    ['the root', get('/'), 404, 'NotFound'],
    ['a deeper address', get('/v1/stores/s/pull/x'), 404, 'NotFound'],
    ['a newer version', get('/v2/stores/s'), 400, 'UnknownVersion'],
    ['a newer version in the header', get('/v1/stores/s', { 'headwater-protocol': '2' }), 400, 'UnknownVersion'],
    ['a dotted storeId', get('/v1/stores/..%2Fx'), 400, 'InvalidStoreId'],
    ['a storeId with a space', get('/v1/stores/a%20b/pull'), 400, 'InvalidStoreId'],
    ['a storeId of 10 kB', get(`/v1/stores/${'x'.repeat(10_000)}/pull`), 400, 'InvalidStoreId'],
    ['an empty storeId', get('/v1/stores//pull'), 400, 'InvalidStoreId'],
    ['a broken escape', get('/v1/stores/%E0%A4%A'), 400, 'InvalidStoreId'],
    ['GET on push', get('/v1/stores/s/push'), 405, 'MethodNotAllowed'],
    ['POST on pull', post('/v1/stores/s/pull', '{}'), 405, 'MethodNotAllowed'],
    ['DELETE', new Request(address('/v1/stores/s'), { method: 'DELETE' }), 405, 'MethodNotAllowed'],
    ['an unknown live mode', get('/v1/stores/s/pull?live=ws'), 400, 'MalformedRequest'],
    ['a negative position', get('/v1/stores/s/pull?after=-1'), 400, 'MalformedRequest'],
    ['a position without its id', get('/v1/stores/s/pull?after=3'), 400, 'MalformedRequest'],
    ['no JSON', post('/v1/stores/s/push', '{"events":['), 400, 'MalformedRequest'],
    ['another shape', post('/v1/stores/s/push', '{"events":[{"id":1}]}'), 400, 'MalformedRequest'],
    ['no content type', post('/v1/stores/s/push', '{}', { 'content-type': 'text/plain' }), 400, 'MalformedRequest'],
  ])('%s', async (_, request, status, tag) => {
    const { handle } = fixture()
    expect(await errorOf(await handle(request))).toEqual([status, tag])
    expect((await handle(get('/v1/stores/s'))).status).toBe(200)
  })

  test('an unknown version is told the known ones', async () => {
    const body = await (await fixture().handle(get('/v9/stores/s'))).json()
    expect(body).toMatchObject({ error: { versions: [1] } })
  })

  test('405 names the method to use', async () => {
    expect((await fixture().handle(get('/v1/stores/s/push'))).headers.get('allow')).toBe('POST')
  })

  test('an oversized body is refused before it is read, by its declared or its real length', async () => {
    const { handle } = fixture()
    let sent = 0
    const endless = () =>
      new ReadableStream({
        pull: (controller) => {
          sent += 64 * 1024
          controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
        },
      })
    const declared = post('/v1/stores/s/push', endless(), { 'content-length': String(2 ** 31) })
    expect(await errorOf(await handle(declared))).toEqual([413, 'BatchTooLarge'])
    expect(sent).toBeLessThan(1024 * 1024)
    expect(await errorOf(await handle(post('/v1/stores/s/push', endless())))).toEqual([413, 'BatchTooLarge'])
    expect(sent).toBeLessThan(2 * batchBytesMax)
  })

  test('args that no client could read are rejected by event', async () => {
    const made = fixture()
    for (const argsJson of ['', '{', 'undefined', '{"a":1} x', `${'['.repeat(65)}${']'.repeat(65)}`]) {
      const bad = event(root, { argsJson })
      const answer = await (await push(made, [bad])).json()
      expect(answer).toMatchObject({ _tag: 'Rejected', rejections: [{ eventId: bad.id }] })
    }
    const brackets = event(root, { argsJson: JSON.stringify(`\\"${'['.repeat(100)}`) })
    expect(await (await push(made, [brackets])).json()).toMatchObject({ _tag: 'Accepted' })
  })
})

describe('authorize', () => {
  const byToken: Authorize = (request) => {
    const token = request.headers.get('authorization')?.slice(7)
    if (token === 'forbidden') return { refused: 'this user may not see this store', status: 403 }
    return token === undefined ? { refused: 'sign in first' } : { id: token, mayPushForOthers: token === 'admin' }
  }
  const as = (user: string) => ({ authorization: `Bearer ${user}` })

  test('is asked for everything but health', async () => {
    const { handle } = fixture({ authorize: byToken })
    expect(await errorOf(await handle(get('/v1/stores/s')))).toEqual([401, 'Unauthorized'])
    expect(await errorOf(await handle(get('/v1/stores/s/pull?live=sse')))).toEqual([401, 'Unauthorized'])
    expect(await errorOf(await handle(get('/v1/stores/s', as('forbidden'))))).toEqual([403, 'Forbidden'])
    expect((await handle(get('/health'))).status).toBe(200)
  })

  test('may slow a client down', async () => {
    const { handle } = fixture({
      authorize: () => ({ refused: 'too many requests', status: 429, retryAfterMs: 2_500 }),
    })
    const answer = await handle(get('/v1/stores/s'))
    expect(answer.headers.get('retry-after')).toBe('3')
    expect(await errorOf(answer)).toEqual([429, 'RateLimited'])
  })

  test('its failure is temporary', async () => {
    const { handle } = fixture({ authorize: () => Promise.reject(new Error('directory down')) })
    expect(await errorOf(await handle(get('/v1/stores/s')))).toEqual([503, 'Unavailable'])
  })

  test('the principal is the author of its events', async () => {
    const made = fixture({ authorize: byToken })
    await push(made, [event(root)], as('alice'))
    expect((await pulled(made)).map(({ syncMetadataJson }) => syncMetadataJson)).toEqual(['{"author":"alice"}'])
  })

  test('a clientId belongs to who used it first; an administrator may push for others', async () => {
    const made = fixture({ authorize: byToken })
    const first = event(root)
    await push(made, [first], as('alice'))
    const parent = { global: 1, eventId: first.id }
    const forged = await push(made, [event(parent)], as('mallory'))
    expect(await errorOf(forged)).toEqual([403, 'ClientBound'])
    expect(await pulled(made)).toHaveLength(1)
    expect(await (await push(made, [event(parent)], as('admin'))).json()).toMatchObject({ _tag: 'Accepted' })
    const head = (await pulled(made))[1]
    const next = { global: 2, eventId: head?.id ?? null }
    const own = event(next, { clientId: 'client-m' })
    expect(await (await push(made, [own], as('mallory'))).json()).toMatchObject({ _tag: 'Accepted' })
    const alices = event({ global: 3, eventId: own.id }, { clientId: 'client-m' })
    expect(await errorOf(await push(made, [alices], as('alice')))).toEqual([403, 'ClientBound'])
  })
})

describe('validate', () => {
  test('one that throws is temporary, and the fifth time on one event refuses it', async () => {
    const made = fixture({
      validate: (_, { name }) => {
        if (name === 'poison') throw new Error('bug')
        return undefined
      },
    })
    const poison = event(root, { name: 'poison' })
    for (let i = 0; i < 4; i += 1) expect(await errorOf(await push(made, [poison]))).toEqual([503, 'Unavailable'])
    const answer = await (await push(made, [poison])).json()
    expect(answer).toMatchObject({ _tag: 'Rejected', rejections: [{ eventId: poison.id }] })
    expect(JSON.stringify(answer)).toContain('ValidatorFailed')
    expect(await (await push(made, [event(root)])).json()).toMatchObject({ _tag: 'Accepted' })
  })

  test('it sees principal, event and store, and is not asked again about known events', async () => {
    const seen: Array<unknown> = []
    const made = fixture({
      authorize: () => ({ id: 'alice' }),
      validate: async (principal, { id }, { storeId }) => void seen.push([principal.id, id, storeId]),
    })
    const first = event(root)
    await push(made, [first])
    const second = event({ global: 1, eventId: first.id })
    await push(made, [first, second])
    expect(seen).toEqual([first, second].map(({ id }) => ['alice', id, 's']))
  })
})

describe('web pages', () => {
  const from = { origin: 'https://app.example.com' }

  test('a listed origin may use the server, another may not', async () => {
    const { handle } = fixture({ cors: ['https://app.example.com'] })
    const answer = await handle(get('/v1/stores/s', from))
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    const other = await handle(get('/v1/stores/s', { origin: 'https://evil.example.com' }))
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
    expect((await fixture().handle(get('/v1/stores/s', from))).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a preflight is answered without a token, errors carry the headers too', async () => {
    const { handle } = fixture({ cors: '*', authorize: () => ({ refused: 'sign in first' }) })
    const asked = {
      ...from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const answer = await handle(new Request(address('/v1/stores/s/push'), { method: 'OPTIONS', headers: asked }))
    expect([answer.status, answer.headers.get('access-control-allow-headers')]).toEqual([204, 'authorization'])
    expect((await handle(get('/v1/stores/s', from))).headers.get('access-control-allow-origin')).toBe('*')
  })

  test('a host name that is not the server’s own is refused', async () => {
    const { handle } = fixture({ hosts: ['127.0.0.1'] })
    expect(await errorOf(await handle(new Request('http://evil.example.com/v1/stores/s')))).toEqual([403, 'Forbidden'])
  })
})

describe('operation', () => {
  test('logs say what happened and never what the args were', async () => {
    const records: Array<ServerLogRecord> = []
    const made = fixture({ logger: (record) => records.push(record), validate: () => 'no' })
    await push(made, [event(root)])
    await made.handle(post('/v1/stores/s/push', '{"secret":"args"}'))
    expect(records).toMatchObject([
      { event: 'request', operation: 'push', storeId: 's', status: 200, tag: 'Rejected', events: 1 },
      { event: 'request', status: 400, tag: 'MalformedRequest' },
    ])
    expect(JSON.stringify(records)).not.toContain('secret')
  })

  test('spans of push, append and pull reach the tracer', async () => {
    const names: Array<string> = []
    const tracer = Tracer.make({
      span: (options) => {
        names.push(options.name)
        return new Tracer.NativeSpan(options)
      },
    })
    const made = fixture({ services: Context.make(Tracer.Tracer, tracer) as Context.Context<never> })
    await push(made, [event(root)])
    await pulled(made)
    expect(names).toEqual(['headwater.push', 'headwater.append', 'headwater.pull'])
  })

  test('a storage that fails is temporary, and its detail stays in the log', async () => {
    const records: Array<ServerLogRecord> = []
    const made = fixture({ logger: (record) => records.push(record) })
    await Effect.runPromise(made.storage.close)
    const answer = await made.handle(get('/v1/stores/s/pull'))
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await errorOf(answer)).toEqual([503, 'Unavailable'])
    expect(records.some((record) => record.event === 'failed')).toBe(true)
  })

  test('a stopping server says so', async () => {
    const stop = new AbortController()
    const { handle } = fixture({ signal: stop.signal })
    const stream = await handle(get('/v1/stores/s/pull?live=sse'))
    const poll = handle(get('/v1/stores/s/pull?live=poll'))
    const text = stream.text()
    stop.abort()
    expect(await text).toMatch(/event: failure\ndata: .*"Unavailable"/)
    expect((await poll).status).toBe(200)
    expect(await errorOf(await handle(get('/v1/stores/s')))).toEqual([503, 'Unavailable'])
    expect((await handle(get('/health'))).status).toBe(503)
  })

  test('a stream ends when its token does', async () => {
    const authorize: Authorize = () => ({ id: 'alice', expiresAtMs: Date.now() + 30 })
    const { handle } = fixture({ authorize })
    expect(await (await handle(get('/v1/stores/s/pull?live=sse'))).text()).toMatch(
      /event: failure\ndata: .*"Unauthorized"/,
    )
  })
})

describe('turns', () => {
  test('after three refusals a client lands its batch while the others wait', async () => {
    const made = fixture()
    const fast = (parent: { global: number; eventId: string | null }) => event(parent, { clientId: 'fast' })
    let head: { global: number; eventId: string | null } = root
    for (let i = 0; i < 3; i += 1) {
      const landed = fast(head)
      expect(await (await push(made, [landed], { 'headwater-client': 'fast' })).json()).toMatchObject({
        _tag: 'Accepted',
      })
      const late = await push(made, [event(head, { clientId: 'slow' })], { 'headwater-client': 'slow' })
      expect(await late.json()).toMatchObject({ _tag: 'BackendAhead' })
      head = { global: landed.global, eventId: landed.id }
    }
    const order: Array<string> = []
    const waiting = push(made, [fast(head)], { 'headwater-client': 'fast' }).then(async (answer) => {
      order.push('fast')
      return answer.json()
    })
    const mine = await push(made, [event(head, { clientId: 'slow' })], { 'headwater-client': 'slow' })
    order.push('slow')
    expect(await mine.json()).toMatchObject({ _tag: 'Accepted' })
    expect(await waiting).toMatchObject({ _tag: 'BackendAhead' })
    expect(order).toEqual(['slow', 'fast'])
  })
})
