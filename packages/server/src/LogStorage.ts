import type { BackendInfo, BackendPosition, PushBatch, Rejection } from '@headwater/core/backend'
import * as Data from 'effect/Data'
import type * as Effect from 'effect/Effect'

/**
 * The port to where the logs of all stores are kept: SQLite by default, PostgreSQL for many servers, anything that can append
 * atomically. `test/LogStorageSuite.ts` is what every storage has to pass.
 *
 * Events cross it as the text that is sent to clients (the JSON of a `PulledEvent`), so that a storage may keep it as it is.
 * What decides is {@link judgeKnown} and {@link judgeParent} of PushJudgement.ts: run inside the transaction that appends, or
 * before it, if the append then holds only where what was judged still stands.
 */
export interface LogStorage {
  /** For logs: `sqlite /var/lib/headwater/log-v1.sqlite3`. */
  readonly name: string
  /** Which log a store has and where it ends. A store's first mention makes its log, with a new random `backendId`. */
  readonly info: (storeId: string) => Effect.Effect<BackendInfo, StorageFailed>
  /** Step 1 of the port only, without writing: what of this batch is new, or the answer that needs no validation. */
  readonly judgeKnown: (request: AppendRequest) => Effect.Effect<KnownAnswer, StorageFailed>
  /**
   * Judges and, if it is accepted, appends: one atomic step per store. Durable before it answers. Calls may share a
   * transaction, but never their fate; those of one store that come after each other are judged in that order.
   */
  readonly append: (request: AppendRequest) => Effect.Effect<AppendAnswer, StorageFailed>
  readonly read: (request: ReadRequest) => Effect.Effect<ReadAnswer, StorageFailed>
  /** Ids of the stores behind `after`, in the order of their bytes; fewer than `storesMax` if there are no more. */
  readonly stores: (after: string | null, storesMax: number) => Effect.Effect<ReadonlyArray<string>, StorageFailed>
  /**
   * Calls `listener` after every durable append to the store, wherever it was made; also when there was none. The answer
   * ends it.
   */
  readonly subscribe: (storeId: string, listener: () => void) => () => void
  /** Answers what was asked before, then frees everything. */
  readonly close: Effect.Effect<void>
}

export interface AppendRequest {
  readonly storeId: string
  readonly batch: PushBatch
  /** **Shape**  the stored text of each event of the batch, in the same order. */
  readonly eventsJson: ReadonlyArray<string>
  /** Who pushes, if it is known: binds the clientIds of the new events to it. */
  readonly principalId: string | null
  /** Skips the check of bindings, and makes none: an administrator pushes a whole log again after a restore. */
  readonly mayPushForOthers: boolean
}

/** The log of this store is not the one the client knows. */
export interface OtherLog {
  readonly _tag: 'BackendReset'
  readonly backendId: string
}

export type AppendAnswer =
  | { readonly _tag: 'Accepted'; readonly head: BackendPosition; readonly appended: number }
  | { readonly _tag: 'BackendAhead'; readonly head: BackendPosition; readonly missingJson?: ReadonlyArray<string> }
  | { readonly _tag: 'Rejected'; readonly rejections: ReadonlyArray<Rejection> }
  | { readonly _tag: 'HistoryChanged'; readonly head: BackendPosition }
  | OtherLog
  /** A new event names a client that another principal used first in this store. */
  | { readonly _tag: 'ClientBound'; readonly clientId: string }

export type KnownAnswer = { readonly _tag: 'Fresh'; readonly from: number } | AppendAnswer

export interface ReadRequest {
  readonly storeId: string
  /** `null` takes any log. */
  readonly backendId: string | null
  readonly after: BackendPosition
  /** What an earlier answer gave, from a client that may say anything. See the port's `PullRequest.cursor`. */
  readonly cursor: string | null
  /** 0 only asks whether the log holds the place. */
  readonly eventsMax: number
  /** Of the events' text; the first event is read whatever its size. */
  readonly bytesMax: number
}

export type ReadAnswer =
  | {
      readonly _tag: 'Events'
      readonly backendId: string
      readonly eventsJson: ReadonlyArray<string>
      /** Position of the last of them, or `after`. */
      readonly last: BackendPosition
      /** Names the append that wrote the event at `last`; `null` at the root. */
      readonly cursor: string | null
      readonly head: BackendPosition
    }
  | { readonly _tag: 'HistoryChanged'; readonly head: BackendPosition }
  | OtherLog

/** The storage could not do it: disk full, I/O error, busy. Nothing of the operation was kept; it may be tried again. */
export class StorageFailed extends Data.TaggedError('StorageFailed')<{
  readonly operation: string
  readonly detail: string
}> {
  override get message(): string {
    return `the log storage failed (${this.operation}: ${this.detail})`
  }
  get isRetryable(): boolean {
    return true
  }
}
