/** How events, errors and statuses stand in a bug report, for the panel and the terminal alike. */
import {
  formatPosition,
  type QuarantinedEvent,
  type RejectedRow,
  type StoredEvent,
  type StoreStatus,
} from '@headwater/core'
import type { BugReport, ReportEvent, ReportRejected } from './BugReport.ts'
import type { Redactor } from './Redaction.ts'

/** **Shape**  `argsJson` only where writing `args` anew would give another text. */
export const reportEvent = (event: StoredEvent, redactor: Redactor): ReportEvent => {
  const args = redactor.json(event.argsJson)
  return {
    position: formatPosition(event.position),
    id: event.id,
    name: event.name,
    args,
    ...(redactor.isRaw && JSON.stringify(args) !== event.argsJson ? { argsJson: event.argsJson } : {}),
    clientId: event.clientId,
    sessionId: event.sessionId,
    commitId: event.commitId,
    createdAt: event.createdAt,
    isClientOnly: event.isClientOnly,
    syncMetadata: event.syncMetadataJson === null ? null : redactor.json(event.syncMetadataJson),
  }
}

/** A dead letter. Its old place is not kept: it stands at `e0`. */
export const reportRejected = (row: RejectedRow, redactor: Redactor): ReportRejected => ({
  ...reportEvent({ ...row.event, position: nowhere, syncMetadataJson: null }, redactor),
  reason: row.reason,
  detail: redactor.text(row.detail, [row.event.argsJson]),
  isDismissed: row.isDismissed,
})

const nowhere = { global: 0, client: 0, rebaseGeneration: 0 }

/** **Shape**  `argsById`: of those events that are at hand. */
export const reportQuarantined = (
  rows: ReadonlyArray<QuarantinedEvent>,
  argsById: ReadonlyMap<string, string>,
  redactor: Redactor,
): BugReport['quarantined'] =>
  rows.map(({ eventId, position, error }) => {
    const args = argsById.get(eventId)
    return {
      eventId,
      position: formatPosition(position),
      error: redactor.text(error, args === undefined ? [] : [args]),
    }
  })

/** The status with positions as texts. What an address may carry beside a host is taken out. */
export const reportStatus = (status: StoreStatus, redactor: Redactor): unknown => {
  const { session, leader, backend } = status
  const error =
    backend.error === null || redactor.isRaw
      ? backend.error
      : { tag: backend.error.tag, message: withoutSecrets(backend.error.message) }
  return {
    ...status,
    session: {
      ...session,
      localHead: formatPosition(session.localHead),
      upstreamHead: formatPosition(session.upstreamHead),
      settledHead: formatPosition(session.settledHead),
    },
    leader: {
      ...leader,
      localHead: formatPosition(leader.localHead),
      settledHead: formatPosition(leader.settledHead),
    },
    backend: { ...backend, error },
  }
}

/** User, password, query and fragment of addresses in a message. */
export const withoutSecrets = (message: string): string =>
  message.replaceAll(/\b([a-z][a-z+.-]*:\/\/)(?:[^\s/@]*@)?([^\s/?#)]*)([^\s?#)]*)[^\s)]*/gi, '$1$2$3')
