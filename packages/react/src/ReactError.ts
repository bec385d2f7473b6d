import * as Data from 'effect/Data'

/** A hook was called outside of every `StoreProvider`. */
export class StoreProviderMissing extends Data.TaggedError('StoreProviderMissing')<{ readonly hook: string }> {
  override get message(): string {
    return `${this.hook} was called outside of a StoreProvider: put one around the components that use the store`
  }
}

/** `useCommit`'s function was called while the provider's store is still opening. */
export class StoreOpening extends Data.TaggedError('StoreOpening')<{ readonly operation: string }> {
  override get message(): string {
    return `${this.operation}: the store is still opening; wait with useStore, or disable what commits until status.leader.connection is "connected"`
  }
}

/**
 * Something that needs the store was rendered on a server whose provider was given a function, which only a browser
 * calls. React shows the `fallback` around it and renders it in the browser.
 */
export class NotOnServer extends Data.TaggedError('NotOnServer')<{ readonly missing: string }> {
  override get message(): string {
    return `not rendered on the server: ${this.missing}; give StoreProvider an open store there, or a snapshot that has it`
  }
}

/** A snapshot that `dehydrate` of this version did not make, or that was damaged on its way. */
export class SnapshotInvalid extends Data.TaggedError('SnapshotInvalid')<{ readonly problem: string }> {
  override get message(): string {
    return `this is not a snapshot of dehydrate: ${this.problem}`
  }
}
