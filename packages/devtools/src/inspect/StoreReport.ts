import { formatPosition, inspectStore, parsePosition, type Store } from '@headwater/core'
import { type NewestEvents, readNewestEvents } from './LogWindow.ts'
import { type BugReport, reportFormat, reportVersion } from './BugReport.ts'
import { makeRedactor, rawRedactor, type Redactor } from './Redaction.ts'
import { reportEvent, reportQuarantined, reportRejected, reportStatus, withoutSecrets } from './ReportParts.ts'

export interface StoreReportOptions {
  /** Args, metadata and errors as they are. Default `false`: shapes only. */
  readonly isRaw?: boolean
  /** The newest events of a longer log. Default {@link reportEventsMax}. */
  readonly eventsMax?: number
  /** Added to `versions`: the app's own, for instance. */
  readonly versions?: Readonly<Record<string, string>>
  /** What was seen, newest last. */
  readonly timeline?: ReadonlyArray<unknown>
  readonly signal?: AbortSignal
}

/** A report of 20,000 small events is about 8 MB: what a form or a mail still takes. */
export const reportEventsMax = 20_000

/**
 * A bug report of an open store, read through its leader.
 *
 * **Fails with**  `StoreClosed`, `RequestFailed`, the signal's reason. Without a leader it waits for one.
 *
 * **Example**
 * ```ts
 * const report = await storeReport(store, { versions: { app: '1.4.2' } })
 * await fetch('/bugs', { method: 'POST', body: JSON.stringify(report) })
 * ```
 */
export const storeReport = async (store: Store, options: StoreReportOptions = {}): Promise<BugReport> => {
  const { isRaw = false, eventsMax = reportEventsMax, versions = {}, timeline = [], signal } = options
  const redactor = isRaw ? rawRedactor : makeRedactor()
  const inspection = inspectStore(store)
  const [log, rejected] = await Promise.all([
    readNewest(store, eventsMax, signal),
    store.rejected.list(signal === undefined ? {} : { signal }),
  ])
  const { status } = store
  const { schema } = inspection
  const pending = inspection.pending(eventsMax)
  const argsById = new Map([...log.events, ...pending].map(({ id, argsJson }) => [id, argsJson]))
  return {
    format: reportFormat,
    version: reportVersion,
    createdAt: new Date().toISOString(),
    from: 'session',
    versions,
    redaction: isRaw ? 'none' : 'shapes',
    store: {
      storeId: store.storeId,
      clientId: store.clientId,
      sessionId: store.sessionId,
      adapter: inspection.adapterName,
      backend: inspection.backendName,
      schema: {
        version: schema.version,
        fingerprint: schema.fingerprint,
        tables: schema.tables.map(({ name, createSql }) => ({ name, createSql })),
        eventNames: schema.eventNames,
      },
    },
    log: {
      epoch: log.epoch,
      term: status.leader.term,
      attachment: log.attachment,
      backendId: status.backend.backendId,
      localHead: formatPosition(log.events.at(-1)?.position ?? root),
      settledHead: formatPosition(log.settledHead),
      isComplete: log.isComplete,
      events: log.events.map((event) => reportEvent(event, redactor)),
    },
    pending: pending.map((event) => reportEvent(event, redactor)),
    rejected: rejected.map((row) => reportRejected(row, redactor)),
    quarantined: reportQuarantined(inspection.quarantined(), argsById, redactor),
    status: reportStatus(status, redactor),
    timeline: timeline.map((entry) => redactedEntry(entry, redactor)),
    queries: inspection.liveQueries().map(({ params, failure, ...query }) => ({
      ...query,
      params: params.map((value) => redactor.value(value)),
      failure: failure === null ? null : redactor.text(failure),
    })),
    files: [],
  }
}

const root = parsePosition('e0')!

/** An entry of a timeline: what may be said of it in words of the app's own. */
interface SeenEntry {
  readonly kind?: unknown
  readonly text: string
}

const isSeenEntry = (entry: unknown): entry is SeenEntry =>
  typeof entry === 'object' && entry !== null && 'text' in entry && typeof entry.text === 'string'

/** These are in the report's own parts, redacted by their args; here nothing tells what they quote. */
const toldElsewhere: ReadonlySet<unknown> = new Set(['rejected', 'quarantined', 'failure'])

const redactedEntry = (entry: unknown, redactor: Redactor): unknown => {
  if (redactor.isRaw || !isSeenEntry(entry)) return entry
  return { ...entry, text: toldElsewhere.has(entry.kind) ? '' : withoutSecrets(redactor.text(entry.text)) }
}

/** A log that is rolled back while it is read is read again; one that never stands still is reported as it was last. */
const triesMax = 5

/** All events of a log that has no more than `eventsMax` of them, else as many of the newest. */
const readNewest = async (store: Store, eventsMax: number, signal: AbortSignal | undefined): Promise<NewestEvents> => {
  for (let attempt = 1; ; attempt++) {
    const read = await readNewestEvents(store, eventsMax, signal)
    if (read.isOneLog || attempt === triesMax) return read
  }
}
