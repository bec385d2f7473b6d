import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleProcesses } from '../../../packages/adapter-node/test/ProcessBundle.ts'
import type { RoundPlan } from './Matrix.ts'
import { type RoundResult, runRound } from './Round.ts'

export interface HistoryRunOptions {
  readonly rounds: Iterable<RoundPlan>
  /** Whether another round may start. */
  readonly goesOn: () => boolean
  readonly keep: string | undefined
  readonly onRound: (result: RoundResult, number: number, folder: string) => void
}

/** Runs rounds one after the other; the files of those that failed are kept. */
export const runHistory = async (options: HistoryRunOptions): Promise<ReadonlyArray<RoundResult>> => {
  const root = mkdtempSync(join(tmpdir(), 'headwater-history-'))
  const keep = options.keep ?? root
  mkdirSync(keep, { recursive: true })
  const bundled = await bundleProcesses(root, {
    HistoryClient: new URL('./HistoryClient.ts', import.meta.url),
    HistoryServer: new URL('./HistoryServer.ts', import.meta.url),
  })
  const workerUrl = pathToFileURL(bundled('LeaderWorker')).href
  const results: Array<RoundResult> = []
  for (const plan of options.rounds) {
    if (!options.goesOn()) break
    const number = results.length + 1
    // Never one that an earlier run has kept.
    const folder = mkdtempSync(join(keep, `round-${number}-seed-${plan.seed}-`))
    const result = await runRound({ plan, folder, bundled, workerUrl })
    results.push(result)
    if (result.violations.length === 0) rmSync(folder, { recursive: true, force: true })
    else writeFileSync(join(folder, 'history.json'), JSON.stringify(result.history))
    options.onRound(result, number, folder)
  }
  const isKept = options.keep === undefined && results.some(({ violations }) => violations.length > 0)
  if (!isKept) rmSync(root, { recursive: true, force: true })
  return results
}
