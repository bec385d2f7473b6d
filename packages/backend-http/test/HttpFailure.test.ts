import { ErrorTag, statusOf } from '@headwater/backend-http/protocol'
import { expect, test } from 'vitest'
import { reasonOf, retryAfterOf } from '../src/HttpFailure.ts'

test('Retry-After is whole seconds, or a date relative to the answer’s own clock', () => {
  expect(retryAfterOf('3', null)).toBe(3_000)
  expect(retryAfterOf('Wed, 21 Oct 2026 07:28:30 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT')).toBe(30_000)
  expect(retryAfterOf('Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:28:30 GMT')).toBe(0)
  expect(retryAfterOf('Wed, 21 Oct 2026 07:28:30 GMT', null)).toBeUndefined()
  expect(retryAfterOf('soon', null)).toBeUndefined()
  expect(retryAfterOf(null, null)).toBeUndefined()
})

test.each([
  [401, 'Unauthorized'],
  [403, 'Unauthorized'],
  [404, 'ProtocolError'],
  [408, 'TimedOut'],
  [413, 'BatchTooLarge'],
  [418, 'ProtocolError'],
  [429, 'RateLimited'],
  [500, 'Unavailable'],
  [502, 'Unavailable'],
  [503, 'Unavailable'],
  [504, 'TimedOut'],
])('a bare %i from something in between is %s', async (status, tag) => {
  const reason = await reasonOf(new Response('<html>', { status, headers: { 'retry-after': '2' } }))
  expect(reason._tag).toBe(tag)
  if (reason._tag === 'RateLimited' || reason._tag === 'Unavailable') expect(reason.retryAfterMs).toBe(2_000)
})

test('an error whose body broke off is no word of the server', async () => {
  const text = JSON.stringify({ error: { tag: 'HistoryChanged', message: 'why', headGlobal: 3 } })
  expect((await reasonOf(new Response(text.slice(0, 20), { status: 409 })))._tag).toBe('Unreachable')
  const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
  expect((await reasonOf(new Response(broken, { status: 409 })))._tag).toBe('Unreachable')
})

test('every error of the protocol has a reason, and carries its delay', async () => {
  for (const tag of ErrorTag.literals) {
    const error = { tag, message: 'why', expected: 'a', received: 'b', headGlobal: 3, retryAfterMs: 1_500 }
    const reason = await reasonOf(Response.json({ error }, { status: statusOf[tag], headers: { 'retry-after': '9' } }))
    expect(reason.message).not.toBe('')
    expect(reason.isRetryable).toBe(statusOf[tag] >= 500 || [401, 403, 410, 429].includes(statusOf[tag]))
    if ('retryAfterMs' in reason) expect(reason.retryAfterMs).toBe(1_500)
  }
})
