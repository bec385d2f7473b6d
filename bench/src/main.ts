import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type BenchPlan, plannedSides, runWorkload } from './Bench.ts'
import { benchDocs, withGenerated, withUpdated } from './BenchDocs.ts'
import { type BenchOptions, BenchUsage, benchHelp, readBenchOptions } from './BenchOptions.ts'
import { type BenchResult, ChecksumMismatch } from './BenchResult.ts'
import { profileTable, readProfiles } from './CpuProfile.ts'
import { machineReport } from './MachineReport.ts'
import { installPeer } from './PeerProject.ts'
import { resultTable } from './ResultTable.ts'
import { RunFailed, runProcess } from './RunProcess.ts'
import type { Peer } from './Workload.ts'
import { workloads as allWorkloads } from './Workloads.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const note = (text: string): void => void process.stderr.write(`${text}\n`)

const measure = async (options: BenchOptions): Promise<number> => {
  const plan = planOf(options)
  const results: Array<BenchResult> = []
  const failures: Array<string> = []
  for (const workload of options.workloads) {
    try {
      const outcome = await runWorkload(workload, plan, ({ side, round, rounds }) =>
        note(`${workload.name}: round ${round} of ${rounds}, ${side}`),
      )
      results.push(...outcome.results)
      failures.push(...outcome.failures)
    } catch (error) {
      if (!(error instanceof RunFailed || error instanceof ChecksumMismatch)) throw error
      failures.push(error.message)
    }
  }
  await report(options, plan, results)
  for (const failure of failures) note(`bench: ${failure}`)
  return failures.length > 0 ? 1 : 0
}

/** Installs the peers that the chosen workloads have, if they are wanted. */
const planOf = ({ workloads, rounds, isFull, hasPeers }: BenchOptions): BenchPlan => {
  const named = new Set(workloads.flatMap(({ sides }) => sides.flatMap(({ peer }) => peer ?? [])))
  const wanted = workloads.flatMap((workload) => plannedSides(workload, { rounds, isFull, peers: named }))
  const peers = new Set<Peer>()
  for (const peer of new Set(wanted.flatMap((side) => side.peer ?? []))) {
    if (!hasPeers) continue
    const trouble = installPeer(peer, note)
    if (trouble === undefined) peers.add(peer)
    else note(`bench: ${trouble}`)
  }
  return { rounds, isFull, peers }
}

const report = async (options: BenchOptions, { peers }: BenchPlan, results: ReadonlyArray<BenchResult>) => {
  const { rounds, isQuick, isFull, jsonFile, docsFile, workloads, isPart } = options
  const runs = `${rounds} ${rounds === 1 ? 'run' : 'runs'} a side${isQuick ? ', quick: for orientation only' : isFull ? ', slow sides once' : ', without the slow sides'}`
  const header = await machineReport(peers, runs, new Date())
  say(`${header.join('\n')}\n\n${resultTable(results)}`)
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(results, null, 2)}\n`)
  if (docsFile !== undefined) {
    const page = readFileSync(docsFile, 'utf8')
    const update = { header, workloads, results, names: allWorkloads.map(({ name }) => name) }
    writeFileSync(
      docsFile,
      isPart ? withUpdated(page, update) : withGenerated(page, benchDocs(header, workloads, results)),
    )
  }
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
