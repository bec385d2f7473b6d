/**
 * Fixed seeds of the simulator, and before them those that once found a defect. `pnpm sim --seeds 1000 --from N` runs
 * others.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { describe, expect, test } from 'vitest'
import { foundSeeds } from '../src/simulator/FoundSeeds.ts'
import { runSeed } from '../src/simulator/runSeed.ts'
import { makeSchedule } from '../src/simulator/Schedule.ts'
import { addFigures, noFigures, runSeeds, type SeedReport } from '../src/simulator/SeedPool.ts'
import { formatSteps, parseSteps, shrink } from '../src/simulator/Shrink.ts'

const seedCount = Number(process.env['HEADWATER_SIM_SEEDS'] ?? 500)

test('every seed keeps the laws and becomes idle', { timeout: 600_000 }, async () => {
  const seeds = [...foundSeeds.map(({ seed }) => seed), ...Array.from({ length: seedCount }, (_, i) => i + 1)]
  const failed: Array<SeedReport> = []
  let figures = noFigures
  let idleAfterMs = 0
  await runSeeds(seeds, availableParallelism(), (report) => {
    figures = addFigures(figures, report.figures)
    idleAfterMs = Math.max(idleAfterMs, report.idleAfterMs)
    if (report.failure !== null) failed.push(report)
  })
  expect(failed.map(({ seed, failure }) => `${failure}, again: pnpm sim --seed ${seed} --trace`)).toEqual([])
  for (const [fault, count] of Object.entries(figures))
    expect(count, `no ${fault} in ${seedCount} seeds`).toBeGreaterThan(0)
  const proof = { seeds: seeds.length, ...figures, idleAfterMsMax: Math.ceil(idleAfterMs) }
  const words = Object.entries(proof).map(([name, value]) => `sim_${name}=${value}`)
  process.stdout.write(`PROOF ${words.join(' ')}\n`)
})

test('the same seed gives the same trace', { timeout: 60_000 }, async () => {
  const sqlite = await loadWasmSqlite()
  const [first, second] = [await runSeed(7, sqlite), await runSeed(7, sqlite)]
  expect(second.trace).toEqual(first.trace)
  expect(first.trace.length).toBeGreaterThan(20)
})

describe('a failing schedule', () => {
  test('is shrunk to the steps that it takes', { timeout: 60_000 }, async () => {
    const sqlite = await loadWasmSqlite()
    // A law that any commit breaks, in place of a defect.
    const break_ = async (steps: ReadonlySet<number>) => {
      const hasCommit = makeSchedule(3).some(({ index, name }) => steps.has(index) && name === 'commit')
      const result = await runSeed(3, sqlite, new Set())
      return { ...result, failure: hasCommit ? 'L0: there was a commit' : null }
    }
    const all = new Set(makeSchedule(3).map(({ index }) => index))
    const { steps, result } = await shrink(await break_(all), break_)
    expect([steps.length, result.failure]).toEqual([1, 'L0: there was a commit'])
    expect(makeSchedule(3)[steps[0]!]!.name).toBe('commit')
  })

  test('names its steps in a way that can be read again', () => {
    for (const steps of [[0], [3, 7, 8, 9, 40], [0, 1, 2]]) {
      expect([...parseSteps(formatSteps(steps))!]).toEqual(steps)
    }
    for (const wrong of ['', 'a', '3-', '9-3', '1,,2', '-1']) expect(parseSteps(wrong)).toBeUndefined()
  })
})

describe('a wrong flag is one clear line', () => {
  const sim = (...flags: ReadonlyArray<string>) => {
    const main = fileURLToPath(new URL('../src/simulator/main.ts', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [main, ...flags], { encoding: 'utf8' })
    return { status, stderr }
  }
  for (const flags of [
    ['--seeds', 'many'],
    ['--seed', '0'],
    ['--nonsense'],
    ['--steps', '1'],
    ['--seed', '1', '--steps', 'one'],
    ['--seed', '1', '--steps', '0,9999'],
    ['--seed', '1', '--seeds', '2'],
  ]) {
    test(flags.join(' '), () => {
      const { status, stderr } = sim(...flags)
      expect(status).toBe(2)
      expect(stderr).toMatch(/^sim: [^\n]+\n$/u)
    })
  }
})
