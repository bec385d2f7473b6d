import { retryAfterCapMs, retryBaseMs, retryCapMs, retryDelayMs } from '@headwater/core/backend'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('bounds double from the base up to the cap, the delay is drawn evenly below', () => {
  const bounds = Array.from({ length: 8 }, (_, attempt) => retryDelayMs({ attempt, random: 0.999999 }) + 1)
  expect(bounds).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
  expect(retryDelayMs({ attempt: 3, random: 0.5 })).toBe(1_000)
  expect(retryDelayMs({ attempt: 0, random: 0 })).toBe(0)
})

test('never sooner than the backend asked, and not later than its cap and the jitter', () => {
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 2_000 }), random, fc.option(fc.nat(10_000_000)), (attempt, draw, asked) => {
      const delayMs = retryDelayMs({ attempt, random: draw, retryAfterMs: asked ?? undefined })
      const least = Math.min(asked ?? 0, retryAfterCapMs)
      expect(Number.isInteger(delayMs)).toBe(true)
      expect(delayMs).toBeGreaterThanOrEqual(least)
      expect(delayMs).toBeLessThan(least + retryCapMs)
      if (attempt <= 0) expect(delayMs).toBeLessThan(least + retryBaseMs)
    }),
  )
})
