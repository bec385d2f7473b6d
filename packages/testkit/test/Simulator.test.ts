/**
 * Fixed seeds of the simulator, and those that once found a defect. `pnpm sim --seeds 1000 --from N` runs others.
 */
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { expect, test } from 'vitest'
import { runSeed } from '../src/simulator/Simulation.ts'

/** Seed → what it found. They go first: a regression is told before the rest has run. */
const found = {
  1780: 'a push that times out while the pull goes on left the status offline for ever',
} as const

const seedCount = Number(process.env['HEADWATER_SIM_SEEDS'] ?? 120)

test('every seed keeps the laws and becomes idle', { timeout: 600_000 }, async () => {
  const sqlite = await loadWasmSqlite()
  const seeds = [...Object.keys(found).map(Number), ...Array.from({ length: seedCount }, (_, i) => i + 1)]
  const totals = { events: 0, crashes: 0, rebases: 0 }
  for (const seed of seeds) {
    const result = await runSeed(seed, sqlite)
    expect(result.failure, `again: pnpm sim --seed ${seed} --trace`).toBeNull()
    totals.events += result.events
    totals.crashes += result.crashes
    totals.rebases += result.rebases
  }
  process.stdout.write(
    `PROOF sim_seeds=${seeds.length} sim_events=${totals.events} sim_crashes=${totals.crashes} sim_rebases=${totals.rebases}\n`,
  )
})

test('the same seed gives the same trace', { timeout: 60_000 }, async () => {
  const sqlite = await loadWasmSqlite()
  const [first, second] = [await runSeed(7, sqlite), await runSeed(7, sqlite)]
  expect(second.trace).toEqual(first.trace)
})
