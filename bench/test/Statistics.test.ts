import { describe, expect, it } from 'vitest'
import { mean, median, pairedRatios, quantile, relativeSpread } from '../src/Statistics.ts'

describe('statistics', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([10, 9, 100])).toBe(10)
    expect(() => median([])).toThrow(RangeError)
  })

  it('interpolates between values as type 7 does', () => {
    const values = Array.from({ length: 101 }, (_, i) => i)
    expect(quantile(values, 0.99)).toBe(99)
    expect(quantile([1, 2], 0.25)).toBe(1.25)
    expect(quantile([7], 0.99)).toBe(7)
    expect([quantile([3, 1, 2], 0), quantile([3, 1, 2], 1)]).toEqual([1, 3])
    expect(() => quantile([1], 1.1)).toThrow(RangeError)
    expect(() => quantile([1], Number.NaN)).toThrow(RangeError)
  })

  it('leaves its input as it was', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('measures spread against the median, and pairs by round', () => {
    expect(relativeSpread([9, 10, 11])).toBeCloseTo(0.2)
    expect(relativeSpread([0, 0])).toBe(0)
    expect(relativeSpread([-1, 0, 1])).toBe(Infinity)
    expect(mean([1, 2, 6])).toBe(3)
    expect(pairedRatios([2, 9], [1, 3])).toEqual([2, 3])
    expect(() => pairedRatios([1], [])).toThrow(RangeError)
  })
})
