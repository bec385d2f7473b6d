/** `pnpm check:history --minutes 30`, `pnpm check:history --round kill+partition --seed 4711`. */
import { matrixTable, proofLine, roundLine, violationLines } from './HistoryReport.ts'
import { historyHelp, HistoryUsage, readHistoryOptions } from './HistoryOptions.ts'
import { onePlan, roundPlans } from './Matrix.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const main = async (): Promise<number> => {
  const options = readHistoryOptions(process.argv.slice(2), () => Math.floor(Math.random() * 1_000_000))
  if (options.isHelp) {
    say(historyHelp)
    return 0
  }
  // Loaded when the flags are right: it is the whole engine.
  const { runHistory } = await import('./HistoryRun.ts')
  say(`seed ${options.seed}`)
  const endsAt = performance.now() + (options.minutes ?? 0) * 60_000
  const results = await runHistory({
    rounds: options.minutes === null ? [onePlan(options.seed, options)] : roundPlans(options.seed, options),
    goesOn: () => options.minutes === null || performance.now() < endsAt,
    keep: options.keep,
    onRound: (result, number, folder) => {
      say(roundLine(number, result))
      if (result.violations.length > 0) say(violationLines(result, folder))
    },
  })
  say(`\n${matrixTable(results)}\n`)
  say(proofLine(results, options.seed))
  return results.every(({ violations }) => violations.length === 0) ? 0 : 1
}

// So that `exit` is told, and every process ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    process.stderr.write(`check:history: ended by ${signal}, nothing is proved\n`)
    process.exit(130)
  })
try {
  // Left to end by itself, Node has been seen to turn for ever in the clean-up of its handles, with all of this done.
  process.exit(await main())
} catch (error) {
  if (!(error instanceof HistoryUsage)) throw error
  process.stderr.write(`check:history: ${error.message}\n`)
  process.exitCode = 2
}
