/** What the demo's third part measured and compared, and what of it has to hold. */
import { openStoreFiles } from '@headwater/adapter-node'
import type { Checks } from './Checks.ts'
import type { BackendLogEvent } from './DemoBackend.ts'
import { compareHistories } from './HistoryCheck.ts'
import type { HistoryReport } from './HistoryContract.ts'
import type { HistorySources } from './HistorySource.ts'
import { foldLog } from './LogFold.ts'
import { bytesText, grouped, secondsText, type Terminal } from './Terminal.ts'

/** What the kill proved. */
export interface KillFigures {
  readonly client: string
  /** Of its git commits, as last reported before it died, and how many there are. */
  readonly committed: number
  readonly of: number
  /** Commits that the client had reported as persisted. */
  readonly promised: number
  /** Commits of its own that it found in its store after the restart. */
  readonly found: number
  /** Of these, how many events the server did not have yet. */
  readonly unconfirmed: number
}

export interface HistoryFigures {
  readonly clients: number
  readonly commits: number
  readonly events: number
  readonly elapsedMs: number
  readonly eventsPerSecond: number
  readonly appliedPerSecond: number
  readonly rebases: number
  readonly rebasesByClient: Readonly<Record<string, number>>
  /** Rows of the clients' logs that stand elsewhere than where they were committed. */
  readonly renumbered: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly kills: number
  readonly kill: KillFigures | null
  /** What clients have written to their standard output and error: nothing, if all is well. */
  readonly told: ReadonlyArray<string>
}

/** A client as it stands at the end. */
export interface MeasuredClient {
  readonly name: string
  readonly directory: string
  readonly report: HistoryReport
  /** What it has written to its standard output and error. */
  readonly told: string
}

export interface Measured {
  readonly storeId: string
  readonly sources: HistorySources
  readonly clients: ReadonlyArray<MeasuredClient>
  /** The backend's, oldest first. */
  readonly log: ReadonlyArray<BackendLogEvent>
  readonly kill: KillFigures | null
  readonly elapsedMs: number
  readonly wire: { readonly up: number; readonly down: number }
}

/** Shows the comparison and the figures, and adds a check for everything that has to hold. */
export const concludeHistory = (terminal: Terminal, checks: Checks, measured: Measured): HistoryFigures => {
  const { storeId, clients, log, sources } = measured
  const compared = clients.map(({ name, report }) => ({ name, tables: report.tables }))
  compareHistories(terminal, checks, compared, foldLog(log), sources.totals)
  const logs = clients.map(({ name, directory }) => ({ name, ...readEventlog(directory, storeId) }))
  const serverIds = log.map(({ id }) => id).join()
  checks.equal(
    "clients whose eventlog has the server's events in the server's order",
    logs.filter(({ ids }) => ids.join() === serverIds).length,
    clients.length,
  )
  checks.equal(
    'events quarantined or refused',
    clients.reduce((sum, { report }) => sum + report.quarantined + report.rejected, 0),
    0,
  )
  const figures = figuresOf(measured, logs)
  tell(terminal, figures)
  check(checks, figures)
  return figures
}

interface ReadEventlog {
  readonly ids: ReadonlyArray<string>
  readonly renumbered: number
  readonly epoch: number
}

/** Read from the client's file, beside its running leader. */
const readEventlog = (directory: string, storeId: string): ReadEventlog => {
  const { eventlog, close } = openStoreFiles({ directory, storeId })
  try {
    const rows = eventlog
      .prepare('SELECT eventId, rebaseGeneration FROM eventlog ORDER BY seqNumGlobal, seqNumClient')
      .all()
    const epoch = Number(eventlog.prepare('SELECT epoch FROM __headwater_sync_status').get()?.[0] ?? 0)
    return {
      ids: rows.map(([id]) => String(id)),
      renumbered: rows.filter(([, generation]) => Number(generation) > 0).length,
      epoch,
    }
  } finally {
    close()
  }
}

const figuresOf = (
  { sources, clients, log, kill, elapsedMs, wire }: Measured,
  logs: ReadonlyArray<ReadEventlog & { readonly name: string }>,
): HistoryFigures => ({
  clients: clients.length,
  commits: sources.commits.length,
  events: log.length,
  elapsedMs,
  eventsPerSecond: log.length / (elapsedMs / 1_000),
  appliedPerSecond: (log.length * clients.length) / (elapsedMs / 1_000),
  // A log begins in epoch 0, and only a transaction that deletes or renumbers rows of it raises that: a rebase.
  rebases: logs.reduce((sum, { epoch }) => sum + epoch, 0),
  rebasesByClient: Object.fromEntries(logs.map(({ name, epoch }) => [name, epoch])),
  renumbered: logs.reduce((sum, { renumbered }) => sum + renumbered, 0),
  bytesUp: wire.up,
  bytesDown: wire.down,
  kills: kill === null ? 0 : 1,
  kill,
  told: clients.flatMap(({ name, told }) => (told === '' ? [] : [`${name}: ${told}`])),
})

const tell = (terminal: Terminal, figures: HistoryFigures): void => {
  const { clients, events, elapsedMs, eventsPerSecond, appliedPerSecond } = figures
  const speed = `${grouped(eventsPerSecond)} events/s through the server, ${grouped(appliedPerSecond)}/s applied by ${clients} clients together`
  const each = Object.values(figures.rebasesByClient).join(', ')
  const wire = `${bytesText(figures.bytesUp)} up, ${bytesText(figures.bytesDown)} down`
  terminal.line()
  terminal.line(`  ${grouped(events)} events in ${secondsText(elapsedMs)}: ${speed}`)
  terminal.line(
    `  ${figures.rebases} rebases (${each}), ${grouped(figures.renumbered)} events renumbered; on the wire ${wire}`,
  )
  for (const text of figures.told) terminal.line(`  ${text}`)
}

/** The demo has shown nothing if clients never met: `issues show 2`, item 6. */
const rebasesMin = 10

const check = (checks: Checks, { rebases, kill }: HistoryFigures): void => {
  checks.that(`at least ${rebasesMin} rebases`, rebases >= rebasesMin, `${rebases}`)
  checks.that(
    'one client was killed with SIGKILL and restarted',
    kill !== null,
    kill === null ? 'nobody was' : `${kill.client}, after ${kill.committed} of ${kill.of} commits`,
  )
  if (kill === null) return
  checks.that(
    'the killed client found everything it had promised as persisted',
    kill.found >= kill.promised,
    `${kill.found} found, ${kill.promised} promised`,
  )
}
