import * as Data from 'effect/Data'
import type { RefusalReason } from '../channel/LeaderMessage.ts'

/** A materializer threw or its SQL failed: nothing of the commit remains. `cause` is what it threw. */
export class MaterializerFailed extends Data.TaggedError('MaterializerFailed')<{
  readonly event: string
  readonly eventId: string
  readonly cause: unknown
}> {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the materializer of "${this.event}" failed, the commit was undone: ${why}`
  }
}

/** `commit` was called by a materializer, which may only read and answer with writes. */
export class CommitInsideMaterializer extends Data.TaggedError('CommitInsideMaterializer')<{ readonly event: string }> {
  override get message(): string {
    return `"${this.event}" was committed inside a materializer; a materializer answers with writes, commit from the app`
  }
}

/** The event belongs to another schema than the store's. */
export class EventNotInSchema extends Data.TaggedError('EventNotInSchema')<{
  readonly event: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `"${this.event}" is not an event of this store's schema; it knows ${this.known.join(', ')}`
  }
}

export class StoreClosed extends Data.TaggedError('StoreClosed')<{ readonly operation: string }> {
  override get message(): string {
    return `${this.operation}: the store is closed`
  }
}

/** What a receipt's promises reject with: the event is in the dead letters (`store.rejected`). */
export class EventRejected extends Data.TaggedError('EventRejected')<{
  readonly eventId: string
  readonly reason: RefusalReason
  readonly detail: string
}> {
  override get message(): string {
    return `event ${this.eventId} was refused (${this.reason}): ${this.detail}; see store.rejected`
  }
}

/** No such event here: a receipt was asked for an id that this client never stored, or lost with a crashed session. */
export class EventNotFound extends Data.TaggedError('EventNotFound')<{ readonly eventId: string }> {
  override get message(): string {
    return `event ${this.eventId} is neither in this client's log nor among its dead letters`
  }
}

/** The leader answered a request with an error of its own. */
export class RequestFailed extends Data.TaggedError('RequestFailed')<{
  readonly request: string
  readonly reason: string
  readonly detail: string
}> {
  override get message(): string {
    return `${this.request}: ${this.detail}`
  }
}

/** Another tab or process runs a newer version of this app's schema: what was committed here is kept and pushed; reload. */
export class SchemaOutdated extends Data.TaggedError('SchemaOutdated')<{
  readonly version: number
  readonly newest: number
}> {
  override get message(): string {
    return `this store's schema has version ${this.version}, another session runs ${this.newest}: reload the app`
  }
}

/** The same event changed other rows here than at the leader: its materializer depends on more than event and tables. */
export class MaterializerNotDeterministic extends Data.TaggedError('MaterializerNotDeterministic')<{
  readonly event: string
  readonly eventId: string
}> {
  override get message(): string {
    return `the materializer of "${this.event}" gives other rows each time (clock, randomness or outer state?); this session took a snapshot instead`
  }
}
