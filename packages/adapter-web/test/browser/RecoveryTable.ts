import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import { servePages } from './PageServer.ts'
import { type Blow, blows, boundMs, recoverFrom, type RecoveryRun } from './Recovery.ts'

export interface MeasureOptions {
  readonly isRelay: boolean
  readonly only: string | undefined
}

/** Prints the table; answers whether everything is within its bound, nothing is lost and no tab is stuck. */
export const measureRecovery = async (runs: number, { isRelay, only }: MeasureOptions): Promise<boolean> => {
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--recovery takes the number of runs')
  const chosen = blows.filter((blow) => only === undefined || blow === only)
  const profile = makeProfile()
  const server = await servePages(['Tab', 'Elsewhere'])
  const chromium = await launchChromium(profile.path)
  let isWithin = chosen.length > 0
  try {
    console.log(`| ${'leader’s tab'.padEnd(12)} | runs | median ms | worst ms | bound ms | commits lost | tabs stuck |`)
    console.log('| ------------ | ---- | --------- | -------- | -------- | ------------ | ---------- |')
    for (const blow of chosen) {
      const results: Array<RecoveryRun> = []
      const world = { chromium, server, profile: profile.path }
      for (let run = 0; run < runs; run++)
        results.push(await recoverFrom(world, blow, { withoutSharedWorker: isRelay }))
      const row = summaryOf(results)
      isWithin &&= row.worst <= boundMs[blow] && row.lost === 0 && row.stuck === 0
      console.log(lineOf(blow, row))
      console.log(
        `PROOF recovery=${blow.replace(' ', '-')} transport=${isRelay ? 'relay' : 'port'} runs=${runs} medianMs=${row.median} worstMs=${row.worst} lost=${row.lost} stuck=${row.stuck}`,
      )
    }
  } finally {
    await chromium.close()
    await server.close()
    profile.remove()
  }
  return isWithin
}

interface Row {
  readonly runs: number
  readonly median: number
  readonly worst: number
  readonly lost: number
  readonly stuck: number
}

const summaryOf = (results: ReadonlyArray<RecoveryRun>): Row => {
  const times = results.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b)
  const sum = (of: (run: RecoveryRun) => number): number => results.reduce((all, run) => all + of(run), 0)
  return {
    runs: results.length,
    median: times[Math.floor(times.length / 2)]!,
    worst: times.at(-1)!,
    lost: sum(({ lost }) => lost),
    stuck: sum(({ stuck }) => stuck),
  }
}

const lineOf = (blow: Blow, { runs, median, worst, lost, stuck }: Row): string => {
  const cells = [runs, median, worst, boundMs[blow], lost, stuck]
  const widths = [4, 9, 8, 8, 12, 10]
  return `| ${blow.padEnd(12)} | ${cells.map((cell, i) => String(cell).padStart(widths[i]!)).join(' | ')} |`
}
