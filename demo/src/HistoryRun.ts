/** The demo's third part: a history's authors as clients in processes of their own, one of them killed on the way. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStoreFiles } from '@headwater/adapter-node'
import { planBursts } from './BurstPlan.ts'
import type { Checks } from './Checks.ts'
import { ClientProcess } from './ClientProcess.ts'
import { type ClientShare, dealShares } from './ClientShares.ts'
import type { BackendLogEvent, DemoBackend } from './DemoBackend.ts'
import { compareHistories } from './HistoryCheck.ts'
import type { HistoryContract, HistoryProgress, HistoryReport } from './HistoryContract.ts'
import type { HistorySources } from './HistorySource.ts'
import { foldLog } from './LogFold.ts'
import { makeRandom, seededHash } from './Random.ts'
import { bytesText, grouped, secondsText, type Terminal } from './Terminal.ts'

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
  readonly index: number
  readonly share: ClientShare
  readonly directory: string
  readonly shareFile: string
  process: ClientProcess<HistoryContract>
  progress: HistoryProgress
}

/** What the kill proved. */
export interface KillFigures {
  readonly client: string
  readonly committed: number
  /** Commits that the client had reported as persisted. */
  readonly promised: number
  /** Commits of its own that it found in its store after the restart. */
  readonly found: number
  /** Of these, how many events the server did not have yet. */
  readonly unconfirmed: number
}

export interface HistoryFigures {
  readonly commits: number
  readonly events: number
  readonly elapsedMs: number
  readonly eventsPerSecond: number
  readonly appliedPerSecond: number
  readonly rebases: number
  readonly rebasesByClient: Readonly<Record<string, number>>
  readonly renumbered: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly kills: number
  readonly kill: KillFigures | null
}

export const runHistory = async (options: HistoryRunOptions): Promise<HistoryFigures> => {
  const { sources, clients, seed, backend, terminal, checks } = options
  const shares = dealShares(sources.commits, clients, seed)
  const runners = await Promise.all(shares.map((share, index) => makeRunner(options, share, index)))
  try {
    await Promise.all(runners.map((runner) => openRunner(options, runner)))
    terminal.table([['client', 'pid', 'commits', 'whose'], ...runners.map(({ name, process, share }) => [name, process.pid, share.commits.length, share.label])])
    const wireBefore = backend.wireBytes()
    const startedAt = performance.now()
    const kill = await runAll(options, runners)
    const log = await backend.readLog(storeId)
    const reports = await Promise.all(runners.map(({ process }) => process.ask('converge', { head: log.length })))
    const elapsedMs = performance.now() - startedAt
    const wire = backend.wireBytes()
    compare(options, runners, reports, log)
    const figures = figuresOf({ options, runners, log, kill, elapsedMs, wire: { up: wire.up - wireBefore.up, down: wire.down - wireBefore.down } })
    tell(terminal, checks, figures, runners)
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
    name, index, share, shareFile,
    directory: join(folder, `client-${index + 1}`),
    process: new ClientProcess<HistoryContract>(program, name),
    progress: { committed: 0, persisted: 0, isOnline: true },
  }
}

const openRunner = ({ backend }: HistoryRunOptions, { process, directory, shareFile }: Runner) =>
  process.ask('open', { storeId, directory, shareFile, backend: backend.address })

// --------------------------------------------------------------------------------------------------------------- run

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
  await Promise.all(runners.map(async (runner) => {
    if (runner === victim) kill = await runVictim(options, runner, show)
    else await runShare(options, runner, runner.share.commits.length, show)
  }))
  terminal.progress(`${grouped(total)} commits confirmed everywhere`, 1)
  return kill
}

type OnProgress = (progress: HistoryProgress) => void

const runShare = async (options: HistoryRunOptions, runner: Runner, left: number, onProgress: OnProgress): Promise<void> => {
  runner.process.onNews = (progress) => {
    runner.progress = progress
    onProgress(progress)
  }
  await runner.process.ask('run', { bursts: planBursts(left, seededHash(`bursts ${runner.name} ${left}`, options.seed)) })
}

/** Kills the client in the middle, offline if it can be, starts it again on the same files and lets it finish. */
const runVictim = async (options: HistoryRunOptions, runner: Runner, show: OnProgress): Promise<KillFigures | null> => {
  const { length } = runner.share.commits
  let killed: Promise<void> | undefined
  const run = runShare(options, runner, length, (progress) => {
    const isMiddle = progress.committed >= length * (progress.isOnline ? 0.75 : 0.45)
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
  options.terminal.line(`  ${runner.name} killed (SIGKILL) after ${committed} of its ${length} commits, ${promised} of them promised as persisted;`)
  options.terminal.line(`  restarted as ${pid} it found ${found} of them in its own store, ${unconfirmed} events not yet on the server, and goes on behind them`)
  await runShare(options, runner, length - found, show)
  return { client: runner.name, committed, promised, found, unconfirmed }
}

/** One with enough commits that the middle is in the middle of something. */
const pickVictim = (runners: ReadonlyArray<Runner>, seed: number): Runner | undefined => {
  const busy = runners.filter(({ share }) => share.commits.length >= 20)
  return busy.length === 0 ? undefined : makeRandom(seededHash('victim', seed)).pick(busy)
}

// --------------------------------------------------------------------------------------------------------- figures

interface Measured {
  readonly options: HistoryRunOptions
  readonly runners: ReadonlyArray<Runner>
  readonly log: ReadonlyArray<BackendLogEvent>
  readonly kill: KillFigures | null
  readonly elapsedMs: number
  readonly wire: { readonly up: number; readonly down: number }
}

const compare = (options: HistoryRunOptions, runners: ReadonlyArray<Runner>, reports: ReadonlyArray<HistoryReport>, log: ReadonlyArray<BackendLogEvent>): void => {
  const { terminal, checks, sources } = options
  const compared = runners.flatMap(({ name }, index) => {
    const report = reports[index]
    return report === undefined ? [] : [{ name, tables: report.tables }]
  })
  compareHistories(terminal, checks, compared, foldLog(log), sources.totals)
  const serverIds = log.map(({ id }) => id).join()
  checks.equal('clients whose eventlog has the server\'s events in the server\'s order',
    runners.filter((runner) => eventlogOf(runner).ids.join() === serverIds).length, runners.length)
  checks.equal('events quarantined or refused', reports.reduce((sum, { quarantined, rejected }) => sum + quarantined + rejected, 0), 0)
}

/** Read from the client's file, beside its running leader. */
const eventlogOf = ({ directory }: Runner): { readonly ids: ReadonlyArray<string>; readonly renumbered: number; readonly epoch: number } => {
  const { eventlog, close } = openStoreFiles({ directory, storeId })
  try {
    const rows = eventlog.prepare('SELECT eventId, rebaseGeneration FROM eventlog ORDER BY seqNumGlobal, seqNumClient').all()
    const epoch = Number(eventlog.prepare('SELECT epoch FROM __headwater_sync_status').get()?.[0] ?? 0)
    return { ids: rows.map(([id]) => String(id)), renumbered: rows.filter(([, generation]) => Number(generation) > 0).length, epoch }
  } finally {
    close()
  }
}

const figuresOf = ({ options, runners, log, kill, elapsedMs, wire }: Measured): HistoryFigures => {
  const logs = runners.map((runner) => ({ name: runner.name, ...eventlogOf(runner) }))
  return {
    commits: options.sources.commits.length,
    events: log.length,
    elapsedMs,
    eventsPerSecond: log.length / (elapsedMs / 1_000),
    appliedPerSecond: (log.length * runners.length) / (elapsedMs / 1_000),
    // A log begins in epoch 0, and only a transaction that deletes or renumbers rows of it raises that: a rebase.
    rebases: logs.reduce((sum, { epoch }) => sum + epoch, 0),
    rebasesByClient: Object.fromEntries(logs.map(({ name, epoch }) => [name, epoch])),
    renumbered: logs.reduce((sum, { renumbered }) => sum + renumbered, 0),
    bytesUp: wire.up,
    bytesDown: wire.down,
    kills: kill === null ? 0 : 1,
    kill,
  }
}

/** The demo has shown nothing if clients never met: spec of the demo, `issues show 2`. */
const rebasesMin = 10

const tell = (terminal: Terminal, checks: Checks, figures: HistoryFigures, runners: ReadonlyArray<Runner>): void => {
  const { events, elapsedMs, eventsPerSecond, appliedPerSecond, rebases, rebasesByClient, renumbered, bytesUp, bytesDown, kill } = figures
  terminal.line()
  terminal.line(`  ${grouped(events)} events in ${secondsText(elapsedMs)}: ${grouped(eventsPerSecond)} events/s through the server, ${grouped(appliedPerSecond)}/s applied by ${runners.length} clients together`)
  terminal.line(`  ${rebases} rebases (${Object.values(rebasesByClient).join(', ')}), ${grouped(renumbered)} events have moved; on the wire ${bytesText(bytesUp)} up, ${bytesText(bytesDown)} down`)
  checks.that(`at least ${rebasesMin} rebases`, rebases >= rebasesMin, `${rebases}`)
  checks.that('one client was killed with SIGKILL and restarted', kill !== null, kill === null ? 'nobody was' : `${kill.client}, after ${kill.committed} commits`)
  if (kill !== null) {
    checks.that('the killed client found everything it had promised as persisted', kill.found >= kill.promised, `${kill.found} found, ${kill.promised} promised`)
  }
}
