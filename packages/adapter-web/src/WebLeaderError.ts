import * as Data from 'effect/Data'

/** The store's leader is gone; the session looks for another one and goes on in memory meanwhile. */
export class LeaderLost extends Data.TaggedError('LeaderLost')<{ readonly storeId: string; readonly detail: string }> {
  override get message(): string {
    return `the leader of "${this.storeId}" is gone: ${this.detail}; another tab takes over`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The store's leader does not answer. Sessions go on in memory; nothing they commit is lost. */
export class LeaderUnresponsive extends Data.TaggedError('LeaderUnresponsive')<{ readonly storeId: string }> {
  override get message(): string {
    return `the leader of "${this.storeId}" does not answer: a tab replaces it; commits stay in memory until then`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The worker that leads the store could not be started. */
export class LeaderNotStarted extends Data.TaggedError('LeaderNotStarted')<{
  readonly storeId: string
  readonly detail: string
}> {
  override get message(): string {
    return `the leader of "${this.storeId}" could not be started: ${this.detail}`
  }
}

/** A tab with a newer version of the adapter leads the store, and speaks another protocol. What was committed here stays pending. */
export class AdapterOutdated extends Data.TaggedError('AdapterOutdated')<{
  readonly storeId: string
  readonly protocol: number
  readonly leaderProtocol: number
}> {
  override get message(): string {
    return `"${this.storeId}" is open in a tab with a newer version of this app: reload this page`
  }
}

/** Somebody has the store open: it cannot be wiped or imported. Nothing was changed. */
export class StoreInUse extends Data.TaggedError('StoreInUse')<{ readonly storeId: string }> {
  override get message(): string {
    return `"${this.storeId}" is open, here or in another tab: close it everywhere, then try again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The page was frozen or put into the back/forward cache; it looks for a leader when it is shown again. */
export class PageSuspended extends Data.TaggedError('PageSuspended')<{ readonly storeId: string }> {
  override get message(): string {
    return `the page is suspended: "${this.storeId}" goes on when it is shown again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The browser has no Web Locks, so nothing keeps two tabs from writing to the same files. */
export class LocksUnavailable extends Data.TaggedError('LocksUnavailable')<{ readonly isSecure: boolean }> {
  override get message(): string {
    return this.isSecure
      ? 'this browser has no Web Locks: use a current one'
      : 'a page that is not served over https (or from localhost) has neither Web Locks nor a private file system: serve it over https'
  }
}

/** SQLite's WebAssembly could not be loaded into the page. */
export class SqliteNotLoaded extends Data.TaggedError('SqliteNotLoaded')<{ readonly detail: string }> {
  override get message(): string {
    return `SQLite could not be loaded: ${this.detail}. Is wa-sqlite.wasm deployed beside the app, served as application/wasm, and does the policy allow 'wasm-unsafe-eval'?`
  }
}
