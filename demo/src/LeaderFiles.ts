/** A leader's databases, read from its files by another process while the leader runs. */
import { type OpenStoreFiles, openStoreFiles } from '@headwater/adapter-node'
import { formatPosition } from '@headwater/core'
import type { ChangesetRow, SyncStateView } from './TaskContract.ts'

export interface EventlogRow {
  readonly position: string
  readonly eventId: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
  readonly syncMetadataJson: string | null
}

export interface SyncStatusRow {
  readonly head: number
  readonly headEventId: string | null
  readonly backendId: string | null
  readonly cursorJson: string | null
  readonly epoch: number
  readonly term: number
}

export interface LeaderView {
  /** As a leader makes it from its log when it starts: what stands behind the backend's head is pending. */
  readonly sync: SyncStateView
  readonly changesets: ReadonlyArray<ChangesetRow>
  /** Behind `after`. */
  readonly eventlog: ReadonlyArray<EventlogRow>
  readonly syncStatus: SyncStatusRow
}

export const lookAtLeader = (directory: string, storeId: string, after: number): LeaderView => {
  const files = openStoreFiles({ directory, storeId })
  try {
    return viewOf(files, after)
  } finally {
    files.close()
  }
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const viewOf = ({ eventlog, state }: OpenStoreFiles, after: number): LeaderView => {
  const [head, headEventId, backendId, cursorJson, epoch, term] =
    eventlog
      .prepare('SELECT head, headEventId, backendId, cursorJson, epoch, term FROM __headwater_sync_status')
      .get() ?? []
  const rows = eventlog
    .prepare(
      `SELECT seqNumGlobal, seqNumClient, rebaseGeneration, eventId, name, argsJson, clientId, syncMetadataJson FROM eventlog
     WHERE seqNumGlobal > ? ORDER BY seqNumGlobal, seqNumClient`,
    )
    .all([after])
    .map((row): EventlogRow => ({
      position: formatPosition({ global: Number(row[0]), client: Number(row[1]), rebaseGeneration: Number(row[2]) }),
      eventId: String(row[3]),
      name: String(row[4]),
      argsJson: String(row[5]),
      clientId: String(row[6]),
      syncMetadataJson: textOrNull(row[7]),
    }))
  const last = Number(eventlog.prepare('SELECT max(seqNumGlobal) FROM eventlog').get()?.[0] ?? 0)
  const settled = Number(head)
  const changesets = state
    .prepare(
      'SELECT seqNumGlobal, seqNumClient, eventId, length(changeset) FROM __headwater_session_changeset ORDER BY seqNumGlobal, seqNumClient',
    )
    .all()
    .map((row): ChangesetRow => ({
      position: formatPosition({ global: Number(row[0]), client: Number(row[1]) }),
      eventId: String(row[2]),
      bytes: Number(row[3]),
    }))
  return {
    sync: {
      pending: Array.from({ length: last - settled }, (_, index) => `e${settled + 1 + index}`),
      upstreamHead: `e${settled}`,
      localHead: `e${last}`,
    },
    changesets,
    eventlog: rows,
    syncStatus: {
      head: settled,
      headEventId: textOrNull(headEventId),
      backendId: textOrNull(backendId),
      cursorJson: textOrNull(cursorJson),
      epoch: Number(epoch),
      term: Number(term),
    },
  }
}
