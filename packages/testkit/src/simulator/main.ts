/** `pnpm sim --seeds 1000 --from 1`, `pnpm sim --seed 4711 --trace`. */
import { parseArgs } from 'node:util'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { runSeed, type SimulationResult } from './Simulation.ts'

const fail = (message: string): never => {
  process.stderr.write(`sim: ${message}\n`)
  process.exit(2)
}

const readFlags = () => {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string', default: '100' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        trace: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const count = (name: string, text: string): number => {
  const value = Number(text)
  return Number.isSafeInteger(value) && value > 0 ? value : fail(`--${name} takes a whole number from 1 on`)
}

const flags = readFlags()
const from = count('from', flags.seed ?? flags.from)
const seeds = flags.seed === undefined ? count('seeds', flags.seeds) : 1
const sqlite = await loadWasmSqlite()
const totals = { events: 0, crashes: 0, rebases: 0, rejected: 0, skipped: 0, tasks: 0 }
let failed = 0
const startedAt = performance.now()
for (let seed = from; seed < from + seeds; seed++) {
  const result: SimulationResult = await runSeed(seed, sqlite)
  for (const key of Object.keys(totals) as Array<keyof typeof totals>) totals[key] += result[key]
  if (flags.trace) process.stdout.write(`${result.trace.join('\n')}\n`)
  if (result.failure === null) continue
  failed++
  process.stdout.write(`seed ${seed}: ${result.failure}\n  again: pnpm sim --seed ${seed} --trace\n`)
}
const perSeed = (performance.now() - startedAt) / seeds
process.stdout.write(`${seeds - failed} passed, ${failed} failed; ${perSeed.toFixed(1)} ms a seed\n`)
process.stdout.write(
  `PROOF sim_seeds=${seeds} sim_failures=${failed} ${Object.entries(totals)
    .map(([k, v]) => `sim_${k}=${v}`)
    .join(' ')}\n`,
)
process.exitCode = failed === 0 ? 0 : 1
