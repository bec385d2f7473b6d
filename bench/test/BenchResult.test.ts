import { describe, expect, it } from 'vitest'
import { plannedSides } from '../src/Bench.ts'
import { ChecksumMismatch, makeResults } from '../src/BenchResult.ts'
import type { Measurement, Peer, Workload } from '../src/Workload.ts'

const never = (): Promise<Measurement> => Promise.reject(new Error('not run here'))

const workload: Workload = {
  name: 'example',
  about: 'for this test',
  sides: [
    { name: 'headwater', engine: 'e', run: never },
    { name: 'raw', engine: 'e', run: never },
    { name: 'headwater-wasm', engine: 'wasm', run: never },
    { name: 'livestore', engine: 'wasm', peer: 'livestore', run: never },
    { name: 'livestore-10k', engine: 'wasm', peer: 'livestore', isSlow: true, run: never },
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
      comparisons: [
        { against: 'raw', target: { of: 'cost', is: '<=', value: 3 } },
        { against: 'livestore', target: { of: 'gain', is: '>=', value: 10 } },
        { side: 'headwater-wasm', against: 'livestore', target: { of: 'gain', is: '>=', value: 4 } },
      ],
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

  it('gives no row for a side that did not run or does not measure the figure', () => {
    const ours = [run(1, 1), run(1, 1)]
    const names = (rows: ReadonlyArray<{ readonly workload: string; readonly against: string | null }>) =>
      rows.map((row) => `${row.workload} ${row.against}`)
    expect(names(makeResults(workload, new Map([['headwater', ours]])))).toEqual(['example/cost null'])
    const costOnly: Measurement = { figures: { cost: 2 }, checksum: 'same' }
    const rows = makeResults(
      workload,
      new Map([
        ['headwater', ours],
        ['raw', [costOnly, costOnly]],
      ]),
    )
    expect(names(rows)).toEqual(['example/cost null', 'example/cost raw', 'example/cost raw'])
    const partly = new Map([
      ['headwater', ours],
      ['raw', [run(1, 1), costOnly]],
    ])
    expect(() => makeResults(workload, partly)).toThrow(/"raw" did not measure "rate"/)
  })

  it('compares every run with the only one of a slow side, and another side of ours where it is named', () => {
    const rounds = new Map([
      ['headwater', [run(1, 100), run(1, 200), run(1, 300)]],
      ['headwater-wasm', [run(1, 50), run(1, 60), run(1, 70)]],
      ['livestore', [run(1, 10)]],
    ])
    const [native, wasm] = makeResults(workload, rounds).filter(({ against }) => against === 'livestore')
    expect(native).toMatchObject({ engine: 'e', otherEngine: 'wasm', runs: 3, otherRuns: 1, met: true })
    expect(native?.ratio).toBeCloseTo(20)
    expect(wasm).toMatchObject({ engine: 'wasm', median: 60, met: true })
    expect(wasm?.ratio).toBeCloseTo(6)
  })
})

describe('plan', () => {
  const names = (plan: { readonly isFull: boolean; readonly peers: ReadonlySet<Peer> }) =>
    plannedSides(workload, { rounds: 5, ...plan }).map(({ name }) => name)
  const own = ['headwater', 'raw', 'headwater-wasm']

  it('leaves out peers that are not there, and slow sides', () => {
    expect(names({ isFull: true, peers: new Set() })).toEqual(own)
    expect(names({ isFull: true, peers: new Set(['tanstack']) })).toEqual(own)
    expect(names({ isFull: false, peers: new Set(['livestore']) })).toEqual([...own, 'livestore'])
    expect(names({ isFull: true, peers: new Set(['livestore']) })).toEqual([...own, 'livestore', 'livestore-10k'])
  })

  it('does not run what would give no row', () => {
    const beside: Workload = {
      ...workload,
      figures: [{ name: 'cost', unit: 'µs', about: '', comparisons: [{ against: 'livestore' }] }],
    }
    const plan = { rounds: 5, isFull: true }
    expect(plannedSides(beside, { ...plan, peers: new Set() })).toEqual([])
    expect(plannedSides(beside, { ...plan, peers: new Set(['livestore']) })).toHaveLength(5)
  })
})
