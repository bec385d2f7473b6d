/**
 * Every mutable cell of a leader, in one record. The leader is single-threaded and each step runs to its end without
 * awaiting anything, so there are no locks: a step reads the cells, computes a pure merge, writes the log, then the
 * state, then these cells, then queues messages (spec section 3, "Order on every write path").
 */
import type { BackendConnection, Notice } from '../channel/LeaderMessage.ts'
import type { Environment } from '../environment/Environment.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import type { EventSequenceNumber } from '../event/EventSequenceNumber.ts'
import type { SchemaDescriptor } from '../schema/SchemaDescriptor.ts'
import { PendingEvents } from '../sync/PendingEvents.ts'
import { make as makeSyncState, type SyncState, type UpstreamScope } from '../sync/SyncState.ts'
import type { EventEffect } from '../channel/PackedEffects.ts'
import { EffectHashes } from './EffectHashes.ts'
import type { Eventlog } from './Eventlog.ts'
import { RecentRows } from './RecentRows.ts'
import type { SendToSession, SessionFeed } from './SessionFeed.ts'
import type { StateReplica } from './StateReplica.ts'

/** Why the last push failed, and what that says of the connection. */
export interface PushFailure {
  readonly error: { readonly tag: string; readonly message: string }
  readonly connection: BackendConnection | null
}

/**
 * What the backend loops have seen, for the status. `connection`, `error` and `isCaughtUp` are the pull's; `pushFailure`
 * overlays them until a push succeeds or nothing is left to push.
 */
export interface BackendCells {
  name: string | null
  connection: BackendConnection
  head: number
  error: { readonly tag: string; readonly message: string } | null
  pushFailure: PushFailure | null
  lastContactAt: number | null
  isCaughtUp: boolean
}

export interface LeaderState {
  readonly environment: Environment
  readonly log: Eventlog
  readonly replica: StateReplica
  /** Stores bytes durably beside the log; answers where. */
  readonly keepExport: (bytes: Uint8Array) => string
  readonly recent: RecentRows
  /** Rows that one message to a session carries at most. */
  readonly feedEventsMax: number
  /** By connection, in order of subscription. Not by sessionId: two sessions that are told one id would starve each other. */
  readonly feeds: Map<SendToSession, SessionFeed>
  /** Effects that came with a push, by event id, until the state has taken them. */
  readonly effects: Map<string, EventEffect>
  readonly hashes: EffectHashes
  readonly backend: BackendCells
  readonly notices: Array<Notice>
  sync: SyncState
  /** The leading schema: the one of the host, which is the newest that subscribed. */
  schema: SchemaDescriptor | null
  host: SessionFeed | null
  /** Epoch in which the host was asked for its whole database; `null` when no answer is awaited. */
  imageAskedFor: number | null
  /** `global` of the last pending event that a push answer has acknowledged; they wait for a pull to be settled. */
  acknowledgedGlobal: number
  /** The attachment in which a page was taken last; 0 before the first. */
  pulledAttachment: number
  /** Why sync has stopped for good (until the app decides); local work goes on. */
  stopped: Error | null
  isClosed: boolean
}

export const isAttached = (log: Eventlog): boolean => log.status.attachment > 0

export const scopeOf = (log: Eventlog): UpstreamScope => (isAttached(log) ? 'synced' : 'none')

/** Nothing at or before it is ever rolled back. At the leader it is the SyncState's upstreamHead. */
export const settledHeadOf = (leader: LeaderState): EventSequenceNumber => leader.sync.upstreamHead

/** Pending is what stands behind the settled head; without a backend nothing does. Reads the log from there. */
export const loadSyncState = (log: Eventlog): SyncState => {
  const localHead = log.localHead()
  if (!isAttached(log)) return makeSyncState({ upstreamHead: localHead })
  const upstreamHead = log.lastAtGlobal(log.status.head)
  const pending: Array<NumberedEvent> = []
  for (let after = upstreamHead; ;) {
    const rows = log.page(after, 1000)
    for (const { seq, event } of rows) pending.push({ seq, event })
    const last = rows.at(-1)
    if (last === undefined) break
    after = last.seq
  }
  return makeSyncState({ upstreamHead, pending: PendingEvents.fromArray(pending) })
}

/** After a failure: what memory says of the log is read from it again. **Fails with** `LeaderStale`, `SqliteError`; then nothing has changed. */
export const reloadLog = (leader: LeaderState): void => {
  leader.log.recover()
  leader.sync = loadSyncState(leader.log)
  leader.recent.clear()
  leader.effects.clear()
  leader.acknowledgedGlobal = 0
}

export const makeLeaderState = (options: {
  readonly environment: Environment
  readonly log: Eventlog
  readonly replica: StateReplica
  readonly keepExport: LeaderState['keepExport']
  readonly feedEventsMax: number
}): LeaderState => ({
  environment: options.environment,
  log: options.log,
  replica: options.replica,
  keepExport: options.keepExport,
  feedEventsMax: options.feedEventsMax,
  recent: new RecentRows(),
  feeds: new Map(),
  effects: new Map(),
  hashes: new EffectHashes(),
  backend: {
    name: null,
    connection: 'none',
    head: options.log.status.head,
    error: null,
    pushFailure: null,
    lastContactAt: null,
    isCaughtUp: false,
  },
  notices: [],
  sync: loadSyncState(options.log),
  schema: null,
  host: null,
  imageAskedFor: null,
  acknowledgedGlobal: 0,
  pulledAttachment: 0,
  stopped: null,
  isClosed: false,
})

/** Whether a session's materializers are the leading ones: what it says of effects holds for the state. */
export const hasLeadingSchema = ({ schema }: LeaderState, { subscription }: SessionFeed): boolean =>
  schema !== null && subscription.schema.fingerprint === schema.fingerprint
