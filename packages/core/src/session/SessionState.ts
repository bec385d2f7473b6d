/**
 * Every mutable cell of a session, in one record. Each step runs to its end without awaiting anything: it computes a pure
 * merge, writes the database in one transaction, and only then publishes these cells.
 */
import type { BackendStatus, LeaderFacts, RefusedEvent, StorageStatus } from '../channel/LeaderMessage.ts'
import type { EventEffect } from '../channel/PackedEffects.ts'
import type { LeaderClient } from '../channel/LeaderClient.ts'
import type { Environment } from '../environment/Environment.ts'
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import { type EventSequenceNumber, type Position, root } from '../event/EventSequenceNumber.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import { initial, type SyncState } from '../sync/SyncState.ts'
import type { Changes, OpenSessionDatabase, SessionDatabase } from './SessionDatabase.ts'
import type { SessionObserver } from './SessionStep.ts'

/** How a session stands to its leader. */
export type LeaderConnection = 'connecting' | 'subscribing' | 'connected' | 'lost' | 'outdated'

/** What a step did to the tables: row changes to patch by, or `'everything'` after a snapshot. */
export type TableChanges = ReadonlyArray<Changes> | 'everything'

export interface EventWithoutEffect {
  readonly event: EventEnvelope
  readonly effect: EventEffect
}

/** What the app reads and commits to, instead of the database that is fed. */
export interface ShownDatabase {
  readonly database: SessionDatabase
  /** Of this database's own numbers: its log is nobody's any more. */
  head: EventSequenceNumber
  /** Where the fed database takes over. */
  readonly until: Position
}

/** Told after the cells are published. */
export interface SessionListener {
  readonly onTables: (changes: TableChanges) => void
  readonly onStatus: () => void
  /** Left pending because the leader has them now. */
  readonly onPersisted: (ids: ReadonlyArray<string>) => void
  readonly onRefused: (refused: ReadonlyArray<RefusedEvent>) => void
  /** The settled head has moved, or the log was rolled back: events may have met their fate. */
  readonly onFates: () => void
  /** These were applied without effect: skipped, or of an unknown name. */
  readonly onWithoutEffect: (events: ReadonlyArray<EventWithoutEffect>) => void
  readonly onFailure: (error: unknown) => void
  /** The session's database failed outside of any message: subscribe again, now or when the machine is better. */
  readonly onBroken: (error: unknown) => void
}

export interface SessionState {
  readonly sessionId: string
  readonly schema: StoreSchema
  readonly environment: Environment
  readonly client: LeaderClient
  readonly openDatabase: OpenSessionDatabase
  readonly listener: SessionListener
  readonly backendName: string | null

  /** The one that merges go to. */
  database: SessionDatabase | null
  /** What the app has before it while `database` is being fed. */
  shown: ShownDatabase | null
  /** The last subscription said that `database` cannot be read. */
  isImageDamaged: boolean
  clientId: string
  sync: SyncState
  /** Ids of `sync.pending`. */
  readonly pendingIds: Set<string>
  /** How many events at the front of pending have been sent to the present leader. */
  sentCount: number
  /** Effects of the last `unsentEffects.length` pending events, from their commits to their push; a rebase forgets them. */
  unsentEffects: Array<EventEffect>
  /** What the last merge materialized: the leader mostly asks for just that. `effects[i]` is of `rows[i]`, the first is directly behind `after`. */
  installed: {
    readonly after: Position
    readonly rows: ReadonlyArray<NumberedEvent>
    readonly effects: ReadonlyArray<EventEffect>
  } | null
  /** Collided with a foreign event of the same id: out of pending, pushed until the leader has answered for them. */
  orphans: Array<EventEnvelope>
  areOrphansSent: boolean

  settledHead: EventSequenceNumber
  epoch: number
  attachment: number
  /** Of the last message taken; `null` before the first. */
  facts: LeaderFacts | null
  /** The leader has spoken of another epoch or attachment, whose rows are still to come. */
  isOutrun: boolean
  backendStatus: BackendStatus | null
  /** `null`: files that stay. */
  storage: StorageStatus | null
  connection: LeaderConnection
  term: number
  /** Number of the subscription that waits for its answer, or `null`. */
  waitingFor: number | null
  nextNumber: number
  /** After a refused push: push again once the session has come this far. */
  pushAgainAt: { readonly epoch: number; readonly head: EventSequenceNumber } | null
  newestVersion: number
  /** It was outdated once: its positions are its own, only a snapshot brings it back into the log. */
  hasLeftLog: boolean
  isFlushScheduled: boolean
  isClosed: boolean
  /** Told of every step; `null` while nobody observes, which is all that costs. */
  observer: SessionObserver | null
}

export const makeSessionState = (
  options: Pick<
    SessionState,
    'sessionId' | 'schema' | 'environment' | 'client' | 'openDatabase' | 'listener' | 'backendName'
  >,
): SessionState => ({
  ...options,
  database: null,
  shown: null,
  isImageDamaged: false,
  clientId: '',
  sync: initial,
  pendingIds: new Set(),
  sentCount: 0,
  unsentEffects: [],
  installed: null,
  orphans: [],
  areOrphansSent: false,
  settledHead: root,
  epoch: 0,
  attachment: 0,
  facts: null,
  isOutrun: false,
  backendStatus: null,
  storage: null,
  connection: 'connecting',
  term: 0,
  waitingFor: null,
  nextNumber: 1,
  pushAgainAt: null,
  newestVersion: 0,
  hasLeftLog: false,
  isFlushScheduled: false,
  isClosed: false,
  observer: null,
})
