/** The demo's third part: a history's authors as clients in processes of their own, one of them killed on the way. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { planBursts } from './BurstPlan.ts'
import type { Checks } from './Checks.ts'
import { ClientProcess } from './ClientProcess.ts'
import { type ClientShare, dealShares } from './ClientShares.ts'
import type { DemoBackend } from './DemoBackend.ts'
import type { HistoryContract, HistoryProgress } from './HistoryContract.ts'
import { concludeHistory, type HistoryFigures, type KillFigures, type MeasuredClient } from './HistoryFigures.ts'
import type { HistorySources } from './HistorySource.ts'
import { makeRandom, seededHash } from './Random.ts'
import { grouped, type Terminal } from './Terminal.ts'

const program = new URL('./HistoryClient.ts', import.meta.url)
const storeId = 'history'

export interface HistoryRunOptions {
  readonly sources: HistorySources
  readonly clients: number
  readonly seed: number
  readonly folder: string
  readonly backend: DemoBackend
  readonly terminal: Terminal
  readonly checks: Checks
}

interface Runner {
  readonly name: string
  readonly share: ClientShare
  readonly directory: string
  readonly shareFile: string
  process: ClientProcess<HistoryContract>
  progress: HistoryProgress
}

export const runHistory = async (options: HistoryRunOptions): Promise<HistoryFigures> => {
  const { sources, clients, seed, backend, terminal, checks } = options
  const shares = dealShares(sources.commits, clients, seed)
  const runners = await Promise.all(shares.map((share, index) => makeRunner(options, share, index)))
  try {
    await Promise.all(runners.map((runner) => openRunner(options, runner)))
    terminal.table([
      ['client', 'pid', 'commits', 'whose'],
      ...runners.map(({ name, process, share }) => [name, process.pid, share.commits.length, share.label]),
    ])
    const wireBefore = backend.wireBytes()
    const startedAt = performance.now()
    const kill = await runAll(options, runners)
    const log = await backend.readLog(storeId)
    const measured = await Promise.all(runners.map((runner) => measure(runner, log.length)))
    const elapsedMs = performance.now() - startedAt
    const wireAfter = backend.wireBytes()
    const wire = { up: wireAfter.up - wireBefore.up, down: wireAfter.down - wireBefore.down }
    const figures = concludeHistory(terminal, checks, {
      storeId,
      sources,
      clients: measured,
      log,
      kill,
      elapsedMs,
      wire,
    })
    await Promise.all(runners.map(({ process }) => process.ask('close', null)))
    await Promise.all(runners.map(({ process }) => process.ended))
    return figures
  } finally {
    await Promise.all(runners.map(({ process }) => process.kill()))
  }
}

const makeRunner = async ({ folder }: HistoryRunOptions, share: ClientShare, index: number): Promise<Runner> => {
  const name = `client ${index + 1}`
  const shareFile = join(folder, `share-${index + 1}.json`)
  await writeFile(shareFile, JSON.stringify(share.commits))
  return {
    name,
    share,
    shareFile,
    directory: join(folder, `client-${index + 1}`),
    process: new ClientProcess<HistoryContract>(program, name),
    progress: { committed: 0, persisted: 0, isOnline: true },
  }
}

const openRunner = ({ backend }: HistoryRunOptions, { process, directory, shareFile }: Runner) =>
  process.ask('open', { storeId, directory, shareFile, backend: backend.address })

const measure = async ({ name, directory, process }: Runner, head: number): Promise<MeasuredClient> => ({
  name,
  directory,
  report: await process.ask('converge', { head }),
  told: process.told,
})

const runAll = async (options: HistoryRunOptions, runners: ReadonlyArray<Runner>): Promise<KillFigures | null> => {
  const { terminal, sources, seed } = options
  const victim = pickVictim(runners, seed)
  const total = sources.commits.length
  const show = (): void => {
    const persisted = runners.reduce((sum, { progress }) => sum + progress.persisted, 0)
    // The last step is for having it all back from the server.
    terminal.progress(`${grouped(persisted)} of ${grouped(total)} commits`, (0.99 * persisted) / total)
  }
  let kill: KillFigures | null = null
  await Promise.all(
    runners.map(async (runner) => {
      if (runner === victim) kill = await runVictim(options, runner, show)
      else await runShare(options, runner, runner.share.commits.length, show)
    }),
  )
  terminal.progress(`${grouped(total)} commits confirmed everywhere`, 1)
  return kill
}

type OnProgress = (progress: HistoryProgress) => void

const runShare = async (
  options: HistoryRunOptions,
  runner: Runner,
  left: number,
  onProgress: OnProgress,
): Promise<void> => {
  runner.process.onNews = (progress) => {
    runner.progress = progress
    onProgress(progress)
  }
  await runner.process.ask('run', {
    bursts: planBursts(left, options.clients, seededHash(`bursts ${runner.name} ${left}`, options.seed)),
  })
}

/** Kills the client in the middle, offline if it can be, starts it again on the same files and lets it finish. */
const runVictim = async (options: HistoryRunOptions, runner: Runner, show: OnProgress): Promise<KillFigures | null> => {
  const { length } = runner.share.commits
  let killed: Promise<void> | undefined
  const run = runShare(options, runner, length, (progress) => {
    const isMiddle = progress.committed >= length * (progress.isOnline ? 0.55 : 0.35)
    if (isMiddle) killed ??= runner.process.kill()
    show(progress)
  })
  await run.catch((error: unknown) => {
    if (killed === undefined) throw error
  })
  if (killed === undefined) return null
  await killed
  const { committed, persisted: promised } = runner.progress
  runner.process = new ClientProcess<HistoryContract>(program, runner.name)
  const { found, unconfirmed } = await openRunner(options, runner)
  const { pid } = runner.process
  options.terminal.line(
    `  ${runner.name} killed (SIGKILL) after ${committed} of its ${length} commits, ${promised} of them promised as persisted;`,
  )
  options.terminal.line(
    `  restarted as ${pid} it found ${found} of them in its own store, ${unconfirmed} events not yet on the server, and goes on behind them`,
  )
  await runShare(options, runner, length - found, show)
  return { client: runner.name, committed, of: length, promised, found, unconfirmed }
}

/** One with enough commits that the middle is in the middle of something. */
const pickVictim = (runners: ReadonlyArray<Runner>, seed: number): Runner | undefined => {
  const busy = runners.filter(({ share }) => share.commits.length >= 20)
  return busy.length === 0 ? undefined : makeRandom(seededHash('victim', seed)).pick(busy)
}
