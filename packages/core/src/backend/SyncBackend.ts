import type * as Effect from 'effect/Effect'
import type * as Scope from 'effect/Scope'
import type * as Stream from 'effect/Stream'
import type { SyncBackendError } from './SyncBackendError.ts'

/**
 * The port every sync backend implements: an authoritative, append-only log per store that arbitrates and never
 * renumbers. The conformance suite for it is `syncBackendSuite` in `@headwater/testkit`.
 *
 * `push` is checked in this order, as one atomic step per store:
 *  1. *known ids*: all of the batch in the log in this order → `Accepted` with the head, wherever they stand; a proper
 *     prefix is the tail of the log → the rest is judged as a batch of its own; any other mix → `BackendAhead`. The same
 *     id with other content (id, clientId, name, argsJson) → `Rejected` with reason `DuplicateId`.
 *  2. *validation*, of events not in the log only → `Rejected`; nothing of the batch is stored.
 *  3. *parent*: beyond the head, or another id at its position → `HistoryChanged`; before the head → `BackendAhead`.
 * An accepted batch is durable (synced to disk) before it is answered or fanned out.
 *
 * **Source**  spec section 9.
 */

/** A synced event as it travels: never client-only parts, generation or changesets. */
export interface BackendEvent {
  readonly global: number
  readonly parentGlobal: number
  /** Id of the event at `parentGlobal`; `null` for the first event of a log. */
  readonly parentId: string | null
  readonly id: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
  readonly sessionId: string
  readonly createdAt: number
}

/** A pulled event. `syncMetadataJson` is the backend's own (for instance the server-stamped author); stored, never read by core. */
export interface PulledEvent extends BackendEvent {
  readonly syncMetadataJson: string | null
}

/** A place in a backend's log, by number and id. The root is `{ global: 0, eventId: null }`. */
export interface BackendPosition {
  readonly global: number
  readonly eventId: string | null
}

/** **Shape** `events`: contiguous, oldest first, at least one, the first one's parent is `parent`. */
export interface PushBatch {
  /** The log this client belongs to; a backend whose log has another id refuses with `BackendReset` and stores nothing. */
  readonly backendId: string
  readonly parent: BackendPosition
  readonly events: ReadonlyArray<BackendEvent>
}

export interface Rejection {
  readonly eventId: string
  readonly reason: string
}

export type PushAnswer =
  | { readonly _tag: 'Accepted'; readonly head: BackendPosition }
  /** Someone else's events come first. `missing`, where the backend can give it, is the complete tail behind `parent`. */
  | { readonly _tag: 'BackendAhead'; readonly head: BackendPosition; readonly missing?: ReadonlyArray<PulledEvent> }
  | { readonly _tag: 'Rejected'; readonly rejections: ReadonlyArray<Rejection> }
  | { readonly _tag: 'HistoryChanged'; readonly head: BackendPosition }

export interface PullRequest {
  /** `null` only before the first contact, when any log is taken. */
  readonly backendId: string | null
  /** The durable position; nothing at or before it is sent again. */
  readonly after: BackendPosition
  /**
   * The `cursor` of the last page stored, or `null` after a new attachment. Opaque to clients. What a backend should make
   * of it: a name for the *append* that wrote the event where the page ended. After a restore the same event can come to
   * stand at the same position behind other events, which `after` cannot tell; so every append gets a mark that is never
   * given again (random, stored with its events), and a page's cursor is `<global>.<mark at that global>`. A cursor whose
   * position has another mark by now, or is beyond the head, is `HistoryChanged`. `null`, the root and what cannot be read
   * mean that nothing is checked. Its position may be before `after`, when events came with an answer to a push.
   */
  readonly cursor: string | null
  /** `false`: the stream ends with the first caught-up page. `true`: it stays open and delivers what is appended. */
  readonly isLive: boolean
}

/**
 * **Shape** `events`: in order, without gaps, at least one unless `isCaughtUp`. A live pull on a caught-up log first
 * answers with one empty caught-up page. `cursor` is opaque text stored with the page, also for an empty page.
 */
export interface PullPage {
  readonly backendId: string
  readonly events: ReadonlyArray<PulledEvent>
  readonly cursor: string | null
  readonly head: BackendPosition
  /** Only if nothing that the backend ever acknowledged is missing. */
  readonly isCaughtUp: boolean
}

export interface BackendInfo {
  readonly backendId: string
  readonly head: BackendPosition
}

/** What a backend knows of its own connection. `offline` carries no reason: the failing call does. */
export type ConnectionState = 'connecting' | 'online' | 'offline'

export interface SyncBackend {
  /** For status and logs: `http https://…`. */
  readonly name: string
  /** Reachability, and which log this is. */
  readonly ping: Effect.Effect<BackendInfo, SyncBackendError>
  readonly push: (batch: PushBatch) => Effect.Effect<PushAnswer, SyncBackendError>
  /**
   * A stream of pages. **Fails with** `HistoryChanged` if `after.eventId` is not at `after.global` or lies beyond the
   * head (a restore ends every stream that way) or `cursor` names an append that is gone, `BackendReset` for another log.
   * A silent live stream is not dead: the backend checks its own heartbeat and fails with `TimedOut` when two are missed.
   */
  readonly pull: (request: PullRequest) => Stream.Stream<PullPage, SyncBackendError>
  /** The present state first, then every change. */
  readonly connection: Stream.Stream<ConnectionState>
}

export interface SyncBackendContext {
  readonly storeId: string
  readonly clientId: string
}

/** What an app passes as `backend`: makes the connection for one store; its resources live in the scope. */
export interface SyncBackendProvider {
  readonly name: string
  readonly make: (context: SyncBackendContext) => Effect.Effect<SyncBackend, never, Scope.Scope>
}
