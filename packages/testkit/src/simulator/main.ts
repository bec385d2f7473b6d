/** `pnpm sim --seeds 1000 --from 1 --jobs 2`, `pnpm sim --seed 4711 --trace`, `pnpm sim --seed 4711 --steps 3,7-9 --trace`. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { runSeed, type SeedResult } from './runSeed.ts'
import { addFigures, noFigures, runSeeds, type SeedReport } from './SeedPool.ts'
import { makeSchedule } from './Schedule.ts'
import { formatSteps, parseSteps, shrink } from './Shrink.ts'

const usage = `pnpm sim: the whole engine under simulated crashes, partitions, refusals and failing disks
  --seeds N       how many seeds to run (default 100)
  --from N        the first one (default 1)
  --jobs N        threads (default: as many as there are cores)
  --seed N        one seed only
  --steps A,B-C   of that seed, these steps only
  --trace         print everything that happens in it
  --no-shrink     do not look for the shortest schedule that fails`

const fail = (message: string): never => {
  process.stderr.write(`sim: ${message}\n`)
  process.exit(2)
}

const readFlags = () => {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        seeds: { type: 'string' },
        from: { type: 'string' },
        jobs: { type: 'string' },
        seed: { type: 'string' },
        steps: { type: 'string' },
        trace: { type: 'boolean', default: false },
        shrink: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const count = (name: string, text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise
  const value = Number(text)
  return Number.isSafeInteger(value) && value > 0
    ? value
    : fail(`--${name} takes a whole number from 1 on, not ${text}`)
}

const flags = readFlags()
const print = (line: string): void => void process.stdout.write(`${line}\n`)

const show = ({ seed, failure, trace }: SeedResult, isTraced: boolean): void => {
  if (isTraced) print(trace.join('\n'))
  print(failure === null ? `seed ${seed} passed` : `seed ${seed}: ${failure}`)
}

const runOne = async (seed: number): Promise<void> => {
  for (const name of ['seeds', 'from', 'jobs'] as const) {
    if (flags[name] !== undefined) fail(`--${name} does not go with --seed`)
  }
  const steps = flags.steps === undefined ? undefined : parseSteps(flags.steps)
  if (flags.steps !== undefined && steps === undefined) fail(`--steps takes indexes like 3,7-9, not ${flags.steps}`)
  const { length } = makeSchedule(seed)
  const beyond = [...(steps ?? [])].find((step) => step >= length)
  if (beyond !== undefined) fail(`--steps: seed ${seed} has the steps 0 to ${length - 1}, not ${beyond}`)
  const sqlite = await loadWasmSqlite()
  const result = await runSeed(seed, sqlite, steps)
  show(result, flags.trace)
  if (result.failure === null) return
  process.exitCode = 1
  if (steps === undefined && flags.shrink) await showShrunk(result)
}

const showShrunk = async (failed: SeedReport): Promise<void> => {
  const sqlite = await loadWasmSqlite()
  const { steps, result, runs } = await shrink(failed, (only) => runSeed(failed.seed, sqlite, only))
  print(`  shrunk to ${steps.length} steps in ${runs} runs: ${result.failure}`)
  print(`  again: pnpm sim --seed ${failed.seed} --steps ${formatSteps(steps)} --trace`)
}

/** How often progress is told. **Units** ms. */
const progressMs = 10_000

const runMany = async (): Promise<void> => {
  for (const name of ['steps', 'trace'] as const) {
    if (flags[name] !== undefined && flags[name] !== false) fail(`--${name} needs --seed`)
  }
  const from = count('from', flags.from, 1)
  const seeds = Array.from({ length: count('seeds', flags.seeds, 100) }, (_, i) => from + i)
  const startedAt = performance.now()
  let [done, figures, idleAfterMs, toldAt] = [0, noFigures, 0, startedAt]
  const failed: Array<SeedReport> = []
  await runSeeds(seeds, count('jobs', flags.jobs, availableParallelism()), (report) => {
    done++
    figures = addFigures(figures, report.figures)
    idleAfterMs = Math.max(idleAfterMs, report.idleAfterMs)
    if (report.failure !== null) {
      failed.push(report)
      print(`seed ${report.seed}: ${report.failure}\n  again: pnpm sim --seed ${report.seed} --trace`)
    }
    if (performance.now() - toldAt < progressMs) return
    toldAt = performance.now()
    print(`  ${done} of ${seeds.length} seeds, ${failed.length} failed`)
  })
  if (flags.shrink && failed[0] !== undefined) await showShrunk(failed[0])
  const perSeed = (performance.now() - startedAt) / seeds.length
  print(`${done - failed.length} passed, ${failed.length} failed; ${perSeed.toFixed(1)} ms a seed`)
  const proof = { seeds: done, failures: failed.length, ...figures, idleAfterMsMax: Math.ceil(idleAfterMs) }
  print(
    `PROOF ${Object.entries(proof)
      .map(([name, value]) => `sim_${name}=${value}`)
      .join(' ')}`,
  )
  process.exitCode = failed.length === 0 ? 0 : 1
}

if (flags.help) print(usage)
else if (flags.seed !== undefined) await runOne(count('seed', flags.seed, 1))
else await runMany()
