/** Makes a store of a bug report again: for tests that reproduce what somebody saw, and for `headwater replay`. */
import { readFileSync } from 'node:fs'
import { type HeldEventlog, makeEventlog } from '@headwater/adapter-node'
import { comparePositions, formatPosition, parsePosition } from '@headwater/core'
import { type NumberedEvent, nextPosition } from '@headwater/core/adapter'
import * as Schema from 'effect/Schema'
import { BugReport, type ReportEvent, reportFormat, reportVersion } from '../inspect/BugReport.ts'
import { placeholderOf } from '../inspect/Redaction.ts'
import { ReportUnusable } from './TerminalError.ts'

export type { BugReport } from '../inspect/BugReport.ts'
export { ReportUnusable } from './TerminalError.ts'

/** **Fails with** `ReportUnusable`: no such file, no report, one of a newer format. */
export const readReport = (file: string): BugReport => {
  const unusable = (problem: string): ReportUnusable => new ReportUnusable({ file, problem })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw unusable(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
  }
  let json: unknown
  try {
    json = JSON.parse(text) as unknown
  } catch {
    throw unusable('it is no JSON')
  }
  const { format, version } = (json ?? {}) as { readonly format?: unknown; readonly version?: unknown }
  if (format !== reportFormat) throw unusable('it is no report of headwater report or of the inspector')
  if (typeof version !== 'number' || version > reportVersion)
    throw unusable(
      `it has version ${String(version)}, this @headwater/devtools reads up to ${reportVersion}: update it`,
    )
  try {
    return Schema.decodeUnknownSync(BugReport)(json)
  } catch (error) {
    throw unusable(`it is damaged: ${(error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ')}`)
  }
}

export interface ReplayOptions {
  /** As for `nodeAdapter`; made when missing. */
  readonly directory: string
  /** Default: the report's own. */
  readonly storeId?: string
}

/**
 * Makes a store whose log, heads and dead letters are the report's, of the same client. Opened by the app, without a
 * backend, its schema makes tables and quarantine of the log again. What only the session had is behind the log.
 *
 * A report that was redacted has the same log with placeholders of the same types as args, equal where the originals were.
 *
 * **Fails with**  `ReportUnusable` (it has not all of the log); `InvalidStoreId`, `StoreExists`, `StoreLocked`, `DirectoryUnusable`.
 *
 * **Example**
 * ```ts
 * const storeId = replayReport(readReport('report.json'), { directory })
 * const store = await createStore({ schema, storeId, adapter: nodeAdapter({ directory }) })
 * ```
 */
export const replayReport = (
  report: BugReport,
  { directory, storeId = report.store.storeId }: ReplayOptions,
): string => {
  const { log } = report
  if (!log.isComplete) {
    const first = log.events[0]?.position ?? 'nothing'
    throw unusable(report, `its log begins with ${first}: make one of the whole log (headwater report --all)`)
  }
  const rows = log.events.map((event) => numbered(report, event))
  checkLog(report, rows)
  const rejected = report.rejected.map((event) => ({
    event: numbered(report, event).event,
    reason: event.reason,
    detail: event.detail,
  }))
  const settledHead = positionOf(report, log.settledHead)
  const held = makeEventlog({ directory, storeId, clientId: report.store.clientId })
  try {
    write(held, report, { rows, rejected, settledHead })
  } finally {
    held.close()
  }
  return storeId
}

/** What a damaged report would make half a store of. */
const checkLog = (report: BugReport, rows: ReadonlyArray<NumberedEvent>): void => {
  const ids = new Set<string>()
  let head: Pick<NumberedEvent['seq'], 'global' | 'client'> = { global: 0, client: 0 }
  for (const { seq, event } of rows) {
    const expected = nextPosition(head, event.isClientOnly)
    if (comparePositions(seq, expected) !== 0)
      throw unusable(report, `${formatPosition(seq)} stands where ${formatPosition(expected)} is next`)
    if (ids.has(event.id)) throw unusable(report, `event ${event.id} is in its log twice`)
    ids.add(event.id)
    head = seq
  }
}

const unusable = ({ store, createdAt }: BugReport, problem: string): ReportUnusable =>
  new ReportUnusable({ file: `the report of ${store.storeId} from ${createdAt}`, problem })

interface ReplayedLog {
  readonly rows: ReadonlyArray<NumberedEvent>
  readonly rejected: Parameters<HeldEventlog['eventlog']['write']>[0]['rejected'] & {}
  readonly settledHead: NumberedEvent['seq']
}

const write = ({ eventlog }: HeldEventlog, report: BugReport, { rows, rejected, settledHead }: ReplayedLog): void => {
  const { epoch, attachment, backendId } = report.log
  const metadata = new Map(
    report.log.events.map(({ id, syncMetadata }) => [id, syncMetadata === null ? null : JSON.stringify(syncMetadata)]),
  )
  const head = rows.findLast(({ seq }) => seq.client === 0 && seq.global <= settledHead.global)
  const inLog = new Set(rows.map(({ event }) => event.id))
  let last = rows.at(-1)?.seq ?? settledHead
  const pending = report.pending
    .filter(({ id }) => !inLog.has(id))
    .map((event): NumberedEvent => {
      last = nextPosition(last, event.isClientOnly)
      return { ...numbered(report, event), seq: last }
    })
  eventlog.write({
    rows: [...rows, ...pending],
    syncMetadata: metadata,
    rejected,
    dismissed: report.rejected.filter(({ isDismissed }) => isDismissed).map(({ id }) => id),
    // Without a backend nothing has a settled head of the backend's.
    status:
      attachment === 0
        ? { epoch }
        : { epoch, attachment, backendId, head: settledHead.global, headEventId: head?.event.id ?? null },
  })
}

const positionOf = (report: BugReport, text: string): NumberedEvent['seq'] => {
  const position = parsePosition(text)
  if (position === undefined) throw unusable(report, `"${text}" is no position`)
  return position
}

const numbered = (report: BugReport, event: ReportEvent): NumberedEvent => {
  const { id, name, clientId, sessionId, commitId, createdAt, isClientOnly } = event
  const args = report.redaction === 'none' ? event.args : placeholderOf(event.args)
  return {
    seq: positionOf(report, event.position),
    event: {
      id,
      name,
      argsJson: event.argsJson ?? JSON.stringify(args),
      clientId,
      sessionId,
      commitId,
      createdAt,
      isClientOnly,
    },
  }
}
