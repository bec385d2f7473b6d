import { expect, test } from 'vitest'
import { eventIdRandomBytes, makeEventIdGenerator } from '../../src/event/EventId.ts'

const bytes = (fill: number): Uint8Array => new Uint8Array(eventIdRandomBytes).fill(fill)

test('is a UUIDv7 of the time and the random bytes given', () => {
  const id = makeEventIdGenerator()(
    0x017f22e279b0,
    Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f),
  )
  // RFC 9562, appendix A.6, but for the top bit of rand_a, which leaves the counter room.
  expect(id).toBe('017f22e2-79b0-74c3-98c4-dc0c0c07398f')
})

test('ascends strictly: clock standing still, going back, counter overflowing', () => {
  const next = makeEventIdGenerator()
  const ids = [next(1000, bytes(0xff))]
  for (let i = 0; i < 10_000; i++) ids.push(next(i % 3 === 0 ? 1000 : 500, bytes(i & 0xff)))
  ids.push(next(5000, bytes(0)))
  expect(ids).toEqual([...ids].sort())
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test.each([Number.NaN, -1, Infinity, 1e30])('a clock that says %d still makes an id', (nowMs) => {
  expect(makeEventIdGenerator()(nowMs, bytes(1))).toMatch(/^[0-9a-f-]{36}$/)
})

test('takes its bytes from an offset, so that one draw serves many ids', () => {
  const random = Uint8Array.from({ length: 2 * eventIdRandomBytes }, (_, index) => index)
  const next = makeEventIdGenerator()
  expect(next(1, random, eventIdRandomBytes)).toBe(makeEventIdGenerator()(1, random.slice(eventIdRandomBytes)))
})
