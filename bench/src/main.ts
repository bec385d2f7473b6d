import { mkdtempSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { runWorkload } from './Bench.ts'
import { type BenchOptions, BenchUsage, benchHelp, readBenchOptions } from './BenchOptions.ts'
import { type BenchResult, ChecksumMismatch } from './BenchResult.ts'
import { profileTable, readProfiles } from './CpuProfile.ts'
import { resultTable } from './ResultTable.ts'
import { RunFailed, runProcess } from './RunProcess.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const measure = async (options: BenchOptions): Promise<number> => {
  const results: Array<BenchResult> = []
  const failures: Array<string> = []
  for (const workload of options.workloads) {
    try {
      const rows = await runWorkload(workload, options.rounds, ({ side, round, rounds }) =>
        process.stderr.write(`${workload.name}: round ${round} of ${rounds}, ${side}\n`),
      )
      results.push(...rows)
    } catch (error) {
      if (!(error instanceof RunFailed || error instanceof ChecksumMismatch)) throw error
      failures.push(error.message)
    }
  }
  const [cpu] = cpus()
  say(
    `Node ${process.versions.node}, ${cpu?.model ?? 'unknown CPU'} × ${cpus().length}, ${options.rounds} runs a side${options.isQuick ? ', quick' : ''}\n`,
  )
  say(resultTable(results))
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(results, null, 2)}\n`)
  for (const failure of failures) process.stderr.write(`bench: ${failure}\n`)
  return failures.length > 0 ? 1 : 0
}

const profile = async ({ workloads }: BenchOptions): Promise<number> => {
  for (const workload of workloads) {
    const profileFolder = mkdtempSync(path.join(tmpdir(), `headwater-bench-${workload.name}-`))
    await runProcess({ workload: workload.name, side: workload.sides[0]!.name, profileFolder })
    say(`\n${workload.name}: self time by function (profiles in ${profileFolder})`)
    for (const thread of readProfiles(profileFolder)) say(`\n${profileTable(thread)}`)
  }
  return 0
}

const main = async (): Promise<number> => {
  try {
    const options = readBenchOptions(process.argv.slice(2))
    if (options.isHelp) {
      say(benchHelp())
      return 0
    }
    return await (options.isProfile ? profile(options) : measure(options))
  } catch (error) {
    if (!(error instanceof BenchUsage || error instanceof RunFailed)) throw error
    process.stderr.write(`bench: ${error.message}\n`)
    return error instanceof BenchUsage ? 2 : 1
  }
}

process.exitCode = await main()
