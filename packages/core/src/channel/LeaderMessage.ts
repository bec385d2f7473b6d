/**
 * Every message between a session and its leader. All of it is plain data that survives a structured clone; the two
 * sides may be in one thread, in two threads of a process, or in two tabs.
 *
 * | session → leader | answered by                 | leader → session | means                                              |
 * | ---------------- | --------------------------- | ---------------- | -------------------------------------------------- |
 * | `subscribe`      | `subscribed`                | `hello`          | a leader (maybe a new one) is there: subscribe     |
 * | `push`           | `feed` (or `push-refused`)  | `feed`           | log rows behind the session's cursor; wants `ack`  |
 * | `ack`            | –                           | `status`         | backend connection, errors, progress               |
 * | `image`, `no-image` | –                        | `want-image`     | the host's state bytes are needed                  |
 * | `request`        | `response`                  | `backend-call`   | the host is asked to run the app's backend         |
 * | `backend-result` | –                           | `outdated`       | a session with a newer schema has taken the lead   |
 * | `goodbye`        | –                           | `kept`           | an outdated session's pushes are in the log        |
 *
 * Rules:
 *  1. A session takes nothing from a leader but `hello` before its own `subscribe`, carrying the number `n`, is answered.
 *  2. The feed is a cursor, not a queue: one `feed` is under way per session, the next one is sent after its `ack` and
 *     covers everything that happened since. A rollback lowers the cursor to its base.
 *  3. (position, epoch) names a prefix of the client's log. A message of the session's own epoch is an advance; one of a
 *     later epoch is a rebase onto `base`, valid only if `fromEpoch` is the session's epoch and it has `base`.
 *  4. Messages of an older term are ignored.
 *
 * **Source**  spec section 5; ARCHITECTURE.md, "Materialize once, replicate rows".
 */
import type {
  BackendInfo,
  ConnectionState,
  PullPage,
  PullRequest,
  PushAnswer,
  PushBatch,
} from '../backend/SyncBackend.ts'
import type { SyncBackendError } from '../backend/SyncBackendError.ts'
import type { EventEnvelope } from '../event/EventEnvelope.ts'
import type { EventSequenceNumber, Position } from '../event/EventSequenceNumber.ts'
import type { SchemaDescriptor } from '../schema/SchemaDescriptor.ts'

/** What became of an event's materialization: its rows changed, it failed and was skipped, or its name is unknown here. */
export type EventOutcome = 'applied' | 'skipped' | 'unknown'

/**
 * Outcomes and row changes of consecutive events, packed so that a clone costs one buffer instead of one per event.
 *
 * **Shape**  event i: `outcomes[i]`, and the changeset `bytes.subarray(ends[i-1] ?? 0, ends[i])`, empty unless applied;
 * `errors[i]` is the message for a skipped one.
 */
export interface PackedEffects {
  readonly outcomes: ReadonlyArray<EventOutcome>
  readonly ends: ReadonlyArray<number>
  readonly bytes: Uint8Array
  readonly errors: ReadonlyArray<string | null>
}

/** Effects of the log rows directly behind `after`, in `epoch`. */
export interface EffectReport {
  readonly epoch: number
  readonly after: Position
  readonly seqs: ReadonlyArray<EventSequenceNumber>
  readonly ids: ReadonlyArray<string>
  readonly effects: PackedEffects
}

/** A log row as identity at a place. */
export interface RowName {
  readonly global: number
  readonly client: number
  readonly id: string
}

/** What every message about the log carries. */
export interface LeaderFacts {
  readonly term: number
  readonly epoch: number
  /** Counts attachments of a backend log (attach, reset, re-push); 0 without one. Settled positions are relative to it. */
  readonly attachment: number
  readonly backendId: string | null
  /** `global` of the backend's head as last heard. */
  readonly backendHead: number
  /** Events of this client that are not settled. */
  readonly unsettled: number
  readonly localHead: EventSequenceNumber
  readonly settledHead: EventSequenceNumber
  /** Up to where the leader's state database has every event's rows: nobody trims changesets behind it. */
  readonly stateHead: Position
}

/** A row of the feed. `event` is absent when this session pushed it: it has it. What it did to the leader's state, where that is known. */
export interface FeedRow {
  readonly seq: EventSequenceNumber
  readonly id: string
  readonly event?: EventEnvelope
  readonly outcome?: EventOutcome
  readonly hash?: string
}

export interface Feed {
  readonly _tag: 'feed'
  readonly facts: LeaderFacts
  /** Epoch of the session's cursor before this message. */
  readonly fromEpoch: number
  readonly base: EventSequenceNumber
  readonly baseId: string | null
  readonly rows: ReadonlyArray<FeedRow>
  /** Whether more rows are already waiting. */
  readonly hasMore: boolean
  /** Dead letters that may still be pending in the session; empty for a plain advance. */
  readonly refused: ReadonlyArray<RefusedEvent>
  /** Set for the host: the leader lacks the effects of the rows behind this position and takes them with the `ack`. */
  readonly effectsWantedAfter: Position | null
}

/**
 * To an outdated session, instead of a feed: the leader has answered for these events of it, in its log or among the dead
 * letters. They are the first of its pending.
 */
export interface Kept {
  readonly _tag: 'kept'
  readonly facts: LeaderFacts
  readonly ids: ReadonlyArray<string>
}

export type RefusalReason = 'refused' | 'group' | 'collision' | 'too-large'

export interface RefusedEvent {
  readonly event: EventEnvelope
  readonly reason: RefusalReason
  /** The backend's words, or ours. */
  readonly detail: string
}

export interface Subscribe {
  readonly _tag: 'subscribe'
  readonly n: number
  readonly sessionId: string
  readonly schema: SchemaDescriptor
  /** Name of the app's backend, which this session can run for the leader; `null` if it has none. */
  readonly backendName: string | null
  readonly wantsSnapshot: boolean
  /** The last image cannot be read: the leader's state is damaged and has to be made anew. */
  readonly isImageDamaged: boolean
  readonly epoch: number
  readonly attachment: number
  readonly upstreamHead: Position
  readonly settledHead: Position
  /** Its confirmed rows behind `settledHead`, oldest first. */
  readonly confirmed: ReadonlyArray<RowName>
  /** Complete, because identity is decided by content. */
  readonly pending: ReadonlyArray<EventEnvelope>
}

interface SubscribedBase {
  readonly _tag: 'subscribed'
  readonly n: number
  readonly clientId: string
  readonly facts: LeaderFacts
  readonly refused: ReadonlyArray<RefusedEvent>
  readonly status: BackendStatus
}

/** The state at `at`, or nothing at all (`image: null`, at the root): the feed goes on from there. */
export interface SubscribedSnapshot extends SubscribedBase {
  readonly mode: 'snapshot'
  readonly image: Uint8Array | null
  readonly at: EventSequenceNumber
  readonly atId: string | null
  readonly trimmedTo: Position
  /** Ids among the session's pending that the leader's log has with the same content. */
  readonly known: ReadonlyArray<string>
  /** Ids among the session's pending that the leader's log has with other content. */
  readonly collided: ReadonlyArray<string>
}

/** The session keeps its database; it rolls back to `base` if it is beyond it, and the feed goes on from there. */
export interface SubscribedResume extends SubscribedBase {
  readonly mode: 'resume'
  readonly base: EventSequenceNumber
  readonly baseId: string | null
  readonly rows: ReadonlyArray<FeedRow>
}

export type Subscribed = SubscribedSnapshot | SubscribedResume

export interface Push {
  readonly _tag: 'push'
  /** Id of this session's own pending event directly before the first one, or `null`. */
  readonly prev: string | null
  readonly events: ReadonlyArray<EventEnvelope>
  /** The session's epoch and its numbers for `events`; the effects hold if the leader admits them at the same place. */
  readonly epoch: number
  readonly seqs: ReadonlyArray<EventSequenceNumber>
  readonly effects: PackedEffects
}

/** `prev` is neither in the log nor among the dead letters: wait until (epoch, upstreamHead) >= this, then push again. */
export interface PushRefused {
  readonly _tag: 'push-refused'
  readonly term: number
  readonly epoch: number
  readonly head: EventSequenceNumber
}

export interface Ack {
  readonly _tag: 'ack'
  readonly effects: EffectReport | null
}

/** The session's database at its upstreamHead, without what is pending. */
export interface Image {
  readonly _tag: 'image'
  readonly epoch: number
  readonly attachment: number
  readonly at: EventSequenceNumber
  readonly trimmedTo: Position
  readonly fingerprint: string
  readonly bytes: Uint8Array
}

export type BackendConnection = 'none' | ConnectionState | 'unauthorized' | 'stopped'

/** What the leader knows of its backend. `error` is the last failure's message, `null` after a success. */
export interface BackendStatus {
  readonly connection: BackendConnection
  readonly name: string | null
  readonly backendId: string | null
  /** The backend's head as last heard. */
  readonly head: number
  /** Events of this client that the backend has not confirmed. */
  readonly pending: number
  readonly error: { readonly tag: string; readonly message: string } | null
  /** Leader's clock, ms since 1970, of the last page or answer. */
  readonly lastContactAt: number | null
  readonly isCaughtUp: boolean
}

/** Where a store's data is on this device, and what may become of it there. */
export interface StorageStatus {
  /** `memory`: nothing is left when the leader ends. */
  readonly kind: 'files' | 'memory'
  /** What may be lost, or has been, and what the app or its user can do. `tag` tells a program which one it is. */
  readonly warnings: ReadonlyArray<{ readonly tag: string; readonly message: string }>
}

/** An event for the app, told to every session. */
export type Notice =
  | { readonly _tag: 'rejected'; readonly refused: RefusedEvent }
  | { readonly _tag: 'reinstated'; readonly eventId: string }
  | { readonly _tag: 'stopped'; readonly error: { readonly tag: string; readonly message: string } }

export interface RejectedRow extends RefusedEvent {
  readonly isDismissed: boolean
}

export type Located =
  | {
      readonly _tag: 'logged'
      readonly seq: EventSequenceNumber
      readonly isSettled: boolean
      readonly outcome: EventOutcome | null
    }
  | { readonly _tag: 'rejected'; readonly reason: RefusalReason; readonly detail: string }
  | { readonly _tag: 'unknown' }

/** Questions a session asks its leader, with the answer's type. */
export interface LeaderRequests {
  /** `committedBy`: the session that asks what became of its own commits; `null`: what the log has under these ids. */
  readonly locate: {
    readonly ask: { readonly ids: ReadonlyArray<string>; readonly committedBy: string | null }
    readonly answer: ReadonlyArray<Located>
  }
  readonly readLog: {
    readonly ask: { readonly after: Position; readonly limit: number; readonly settledOnly: boolean }
    readonly answer: {
      readonly epoch: number
      readonly attachment: number
      readonly settledHead: EventSequenceNumber
      readonly rows: ReadonlyArray<{
        readonly seq: EventSequenceNumber
        readonly event: EventEnvelope
        readonly syncMetadataJson: string | null
      }>
    }
  }
  readonly listRejected: { readonly ask: Record<never, never>; readonly answer: ReadonlyArray<RejectedRow> }
  readonly dismissRejected: { readonly ask: { readonly ids: ReadonlyArray<string> }; readonly answer: null }
  readonly exportLog: { readonly ask: Record<never, never>; readonly answer: Uint8Array }
  readonly resolveHistory: {
    readonly ask: { readonly choice: HistoryChoice }
    readonly answer: { readonly exported: Uint8Array | null; readonly keptAs: string | null }
  }
  readonly wake: { readonly ask: Record<never, never>; readonly answer: null }
}

/** What to do after `HistoryChanged` or `BackendReset` (spec section 7). */
export type HistoryChoice = 'reset' | 're-push'

export type LeaderRequestTag = keyof LeaderRequests

export interface Request<T extends LeaderRequestTag = LeaderRequestTag> {
  readonly _tag: 'request'
  readonly n: number
  readonly request: T
  readonly ask: LeaderRequests[T]['ask']
}

export interface Response {
  readonly _tag: 'response'
  readonly n: number
  readonly answer?: unknown
  readonly error?: { readonly tag: string; readonly message: string }
}

/** The leader's backend port, run by the host session. `call` numbers are unique per leader. */
export type BackendCall =
  | { readonly _tag: 'backend-call'; readonly call: number; readonly run: 'ping' }
  | { readonly _tag: 'backend-call'; readonly call: number; readonly run: 'push'; readonly batch: PushBatch }
  | { readonly _tag: 'backend-call'; readonly call: number; readonly run: 'pull'; readonly request: PullRequest }
  /** There is room for the next page. */
  | { readonly _tag: 'backend-call'; readonly call: number; readonly run: 'next' }
  | { readonly _tag: 'backend-call'; readonly call: number; readonly run: 'cancel' }

export type BackendResult = { readonly _tag: 'backend-result'; readonly call: number } & (
  | { readonly is: 'info'; readonly info: BackendInfo }
  | { readonly is: 'answer'; readonly answer: PushAnswer }
  | { readonly is: 'page'; readonly page: PullPage }
  | { readonly is: 'end' }
  | { readonly is: 'failure'; readonly error: (typeof SyncBackendError)['Encoded'] }
  | { readonly is: 'connection'; readonly state: ConnectionState }
)

export type SessionMessage =
  | Subscribe
  | Push
  | Ack
  | Image
  | Request
  | BackendResult
  /** The host cannot send the image that it was asked for, for the time being. */
  | { readonly _tag: 'no-image' }
  | { readonly _tag: 'goodbye' }

export type LeaderMessage =
  | { readonly _tag: 'hello'; readonly term: number }
  | Subscribed
  | Feed
  | Kept
  | PushRefused
  | { readonly _tag: 'want-image'; readonly term: number; readonly epoch: number }
  | { readonly _tag: 'status'; readonly term: number; readonly status: BackendStatus; readonly facts: LeaderFacts }
  /** Behind `hello`, and when it changes. Not sent for files that stay. */
  | { readonly _tag: 'storage'; readonly term: number; readonly storage: StorageStatus }
  | { readonly _tag: 'notice'; readonly term: number; readonly notice: Notice }
  | { readonly _tag: 'outdated'; readonly term: number; readonly version: number }
  | Response
  | BackendCall
