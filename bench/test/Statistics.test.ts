import { describe, expect, it } from 'vitest'
import { ChecksumMismatch, makeResults } from '../src/BenchResult.ts'
import { mean, median, pairedRatios, quantile, relativeSpread } from '../src/Statistics.ts'
import type { Measurement, Workload } from '../src/Workload.ts'

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

const never = (): Promise<Measurement> => Promise.reject(new Error('not run here'))

const workload: Workload = {
  name: 'example',
  about: 'for this test',
  sides: [
    { name: 'headwater', engine: 'e', run: never },
    { name: 'raw', engine: 'e', run: never },
  ],
  figures: [
    {
      name: 'cost',
      unit: 'µs',
      about: 'less is better',
      comparisons: [
        { against: null, target: { of: 'median', is: '<=', value: 20 } },
        { against: 'raw', target: { of: 'cost', is: '<=', value: 2 } },
        { against: 'raw', target: { of: 'gain', is: '>=', value: 0.5 } },
      ],
    },
    {
      name: 'rate',
      unit: 'events/s',
      about: 'more is better',
      comparisons: [{ against: 'raw', target: { of: 'cost', is: '<=', value: 3 } }],
    },
  ],
}

const run = (cost: number, rate: number, checksum = 'same'): Measurement => ({ figures: { cost, rate }, checksum })

describe('results', () => {
  it('compares round by round and judges targets', () => {
    const rounds = new Map([
      ['headwater', [run(10, 100), run(30, 50), run(12, 100)]],
      ['raw', [run(5, 200), run(10, 200), run(4, 200)]],
    ])
    const [own, cost, gain, rate] = makeResults(workload, rounds)
    expect(own).toMatchObject({
      workload: 'example/cost',
      median: 12,
      ratio: null,
      target: 'median <= 20 µs',
      met: true,
      runs: 3,
    })
    expect(own?.spread).toBeCloseTo(20 / 12)
    // The rounds say 2, 3 and 3; the medians alone would say 2.4.
    expect(cost).toMatchObject({ against: 'raw', ratio: 3, other: 5, target: 'cost <= 2 ×', met: false })
    expect(gain).toMatchObject({ ratio: 1 / 3, met: false })
    expect(rate).toMatchObject({ ratio: 2, met: true })
  })

  it('counts nothing when a checksum differs, between sides or between runs', () => {
    const sides = new Map([
      ['headwater', [run(1, 1)]],
      ['raw', [run(1, 1, 'other')]],
    ])
    const runs = new Map([
      ['headwater', [run(1, 1), run(1, 1, 'other')]],
      ['raw', [run(1, 1), run(1, 1)]],
    ])
    expect(() => makeResults(workload, sides)).toThrow(ChecksumMismatch)
    expect(() => makeResults(workload, runs)).toThrow(ChecksumMismatch)
  })

  it('refuses a figure that was not measured', () => {
    const rounds = new Map([
      ['headwater', [{ figures: { cost: 1 }, checksum: 'same' }]],
      ['raw', [run(1, 1)]],
    ])
    expect(() => makeResults(workload, rounds)).toThrow(/did not measure "rate"/)
  })
})
