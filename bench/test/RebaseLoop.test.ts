import { expect, test } from 'vitest'
import { type RebaseTimes, measureRebase } from '../src/RebaseLoop.ts'

test('growth compares an event that is undone, applied or replayed; everything is settled before the next size', async () => {
  let [pending, confirmed] = [0, 0]
  const sizes: Array<string> = []
  const { figures, checksum } = await measureRebase(() =>
    Promise.resolve({
      pend: (events) => Promise.resolve(void (pending += events.length)),
      rebaseOver: (upstream): Promise<RebaseTimes> => {
        sizes.push(`${pending} over ${upstream.length}`)
        const steps = 2 * pending + upstream.length
        confirmed += upstream.length
        // 1 µs a step, and twice as much with more than 10,000 of them.
        const shown = (steps * (steps > 10_000 ? 2 : 1)) / 1_000
        return Promise.resolve({ shown, stored: 2 * shown })
      },
      settle: () => Promise.resolve(void ([confirmed, pending] = [confirmed + pending, 0])),
      checksum: () => `${pending} pending`,
      close: () => Promise.resolve(`${confirmed} confirmed`),
    }),
  )
  expect(new Set(sizes)).toEqual(new Set(['1 over 1', '100 over 100', '1000 over 1000', '20000 over 1000']))
  expect(figures['1kover1k']).toBeCloseTo(3)
  expect(figures['20kover1kStored']).toBeCloseTo(2 * 2 * 41)
  expect(figures['growth']).toBeCloseTo(2)
  expect(checksum).toMatch(/^20000 pending-\d+ confirmed$/)
})
