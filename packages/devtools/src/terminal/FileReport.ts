import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import type { StoreFolder } from '@headwater/adapter-node'
import { formatPosition } from '@headwater/core'
import { type BugReport, reportFormat, reportVersion } from '../inspect/BugReport.ts'
import { makeRedactor, rawRedactor } from '../inspect/Redaction.ts'
import { reportEvent, reportQuarantined, reportRejected } from '../inspect/ReportParts.ts'
import { EventlogFile } from './EventlogFile.ts'
import { StateFile } from './StateFile.ts'
import { checkFormat } from './StoreSelection.ts'
import { NoStore } from './TerminalError.ts'

export interface FileReportOptions {
  /** Args, metadata and errors as they are. */
  readonly isRaw: boolean
  /** The newest events of a longer log. */
  readonly eventsMax: number
}

/**
 * A bug report made of a store's files, also while the app runs.
 *
 * **Fails with**  as `readStoreFacts`; `NoStore` where there is no eventlog.
 */
export const fileReport = (folder: StoreFolder, { isRaw, eventsMax }: FileReportOptions): BugReport => {
  checkFormat(folder)
  if (folder.eventlog === null) throw new NoStore({ path: folder.folder, why: 'empty' })
  const redactor = isRaw ? rawRedactor : makeRedactor()
  const state = readState(folder.state)
  const file = new EventlogFile(folder.eventlog)
  try {
    const summary = file.summary()
    const events = file.events({ limit: eventsMax })
    const argsById = new Map(events.map(({ id, argsJson }) => [id, argsJson]))
    const { clientId, epoch, term, attachment, backendId, localHead, settledHead } = summary
    return {
      format: reportFormat,
      version: reportVersion,
      createdAt: new Date().toISOString(),
      from: 'files',
      versions: versionsHere(),
      redaction: isRaw ? 'none' : 'shapes',
      store: {
        storeId: folder.storeId,
        clientId,
        sessionId: null,
        adapter: null,
        backend: null,
        schema: { version: null, fingerprint: state.fingerprint, tables: state.tables, eventNames: null },
      },
      log: {
        epoch,
        term,
        attachment,
        backendId,
        localHead: formatPosition(localHead),
        settledHead: formatPosition(settledHead),
        isComplete: events.length === summary.events,
        events: events.map((event) => reportEvent(event, redactor)),
      },
      pending: [],
      rejected: file.rejected().map((row) => reportRejected(row, redactor)),
      quarantined: reportQuarantined(state.quarantined, argsById, redactor),
      status: null,
      timeline: [],
      queries: [],
      files: folder.files,
    }
  } finally {
    file.close()
  }
}

const readState = (path: string | null) => {
  if (path === null) return { fingerprint: null, tables: [], quarantined: [] }
  const file = new StateFile(path)
  try {
    const { head, quarantined } = file.summary()
    const tables = file.tables().map(({ name, createSql }) => ({ name, createSql }))
    return { fingerprint: head?.fingerprint ?? null, tables, quarantined }
  } finally {
    file.close()
  }
}

/** Of the packages that read the files, and of the machine. */
export const versionsHere = (): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    ['@headwater/devtools', '@headwater/core', '@headwater/adapter-node'].map((name) => [name, versionOf(name)]),
  ),
  node: process.versions.node,
  platform: `${process.platform} ${process.arch} ${release()}`,
})

/** **Fails with** nothing: a package that does not tell has no version. */
export const versionOf = (name: string): string => {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL(import.meta.resolve(`${name}/package.json`)), 'utf8'))
    return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?'
  } catch {
    return '?'
  }
}
