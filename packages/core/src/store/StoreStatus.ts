import type { BackendStatus, StorageStatus } from '../channel/LeaderMessage.ts'
import { compare, type EventSequenceNumber, root } from '../event/EventSequenceNumber.ts'
import type { LeaderConnection, SessionState } from '../session/SessionState.ts'

/**
 * Where a store stands: its session, its leader and its backend, as far as this session has heard.
 *
 * `session.pending` counts what the leader does not have, `backend.pending` what the backend has not confirmed.
 */
export interface StoreStatus {
  readonly session: {
    readonly sessionId: string
    readonly clientId: string
    readonly localHead: EventSequenceNumber
    readonly upstreamHead: EventSequenceNumber
    readonly settledHead: EventSequenceNumber
    readonly pending: number
  }
  readonly leader: {
    readonly connection: LeaderConnection
    readonly term: number
    readonly epoch: number
    /** Counts bindings of the log to a backend's log (first backend, reset, re-push); settled positions are relative to it. */
    readonly attachment: number
    readonly localHead: EventSequenceNumber
    readonly settledHead: EventSequenceNumber
  }
  readonly backend: BackendStatus
  /** As the leader has told it. */
  readonly storage: StorageStatus
  /** How far this session has come towards its leader's log; `null` when it has all of it. */
  readonly progress: { readonly done: number; readonly total: number } | null
  /** Everything committed here is confirmed by the backend, and everything the backend has is here. */
  readonly isSynced: boolean
  /** Another session runs this newer version of the schema: reload. */
  readonly outdatedBy: number | null
  /** The store was closed: what is shown is the last that was known, and `commit` throws `StoreClosed`. */
  readonly isClosed: boolean
}

const noBackend: BackendStatus = {
  connection: 'none',
  name: null,
  backendId: null,
  head: 0,
  pending: 0,
  error: null,
  lastContactAt: null,
  isCaughtUp: false,
}

const files: StorageStatus = { kind: 'files', warnings: [] }

/** The status as the session's cells have it now. */
export const statusOf = (session: SessionState): StoreStatus => {
  const { sync, facts } = session
  const told = session.backendStatus ?? noBackend
  const backend =
    facts === null ? told : { ...told, backendId: facts.backendId, head: facts.backendHead, pending: facts.unsettled }
  const localHead = facts?.localHead ?? root
  const isBehind = compare(sync.upstreamHead, localHead) < 0
  return {
    session: {
      sessionId: session.sessionId,
      clientId: session.clientId,
      localHead: sync.localHead,
      upstreamHead: sync.upstreamHead,
      settledHead: session.settledHead,
      pending: sync.pending.length,
    },
    leader: {
      connection: session.connection,
      term: session.term,
      epoch: facts?.epoch ?? 0,
      attachment: facts?.attachment ?? 0,
      localHead,
      settledHead: facts?.settledHead ?? root,
    },
    backend,
    storage: session.storage ?? files,
    progress: isBehind ? { done: sync.upstreamHead.global, total: localHead.global } : null,
    isSynced:
      session.connection === 'connected' &&
      backend.connection === 'online' &&
      backend.isCaughtUp &&
      backend.error === null &&
      !session.isOutrun &&
      !isBehind &&
      sync.pending.length === 0 &&
      compare(facts?.settledHead ?? root, localHead) >= 0,
    outdatedBy: session.connection === 'outdated' ? session.newestVersion : null,
    isClosed: session.isClosed,
  }
}
