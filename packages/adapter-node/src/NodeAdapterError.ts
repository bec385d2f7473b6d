import * as Schema from 'effect/Schema'

/** Who leads a store. `threadId` is Node's, 0 for the main thread. */
export const LeaderHolder = Schema.Struct({
  pid: Schema.Number,
  threadId: Schema.Number,
  hostname: Schema.String,
  /** When the process started, ms since 1970: tells a process from a later one with its pid. */
  processStartedAt: Schema.Number,
  since: Schema.String,
  /** Of this taking of the lock. */
  token: Schema.String,
})
export type LeaderHolder = typeof LeaderHolder.Type

/** Another process has this store open. Nothing was changed. */
export class StoreLocked extends Schema.TaggedError<StoreLocked>('@headwater/adapter-node/StoreLocked')('StoreLocked', {
  folder: Schema.String,
  holder: Schema.NullOr(LeaderHolder),
}) {
  override get message(): string {
    const { holder } = this
    const who =
      holder === null ? 'another process' : `process ${holder.pid} on ${holder.hostname} (since ${holder.since})`
    return `${this.folder} is open in ${who}: close it there, use another directory, or pass waitForLock: true; openStoreFiles() reads beside it`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Stores cannot be kept there. Nothing was changed. */
export class DirectoryUnusable extends Schema.TaggedError<DirectoryUnusable>(
  '@headwater/adapter-node/DirectoryUnusable',
)('DirectoryUnusable', {
  directory: Schema.String,
  /** The file system's own, e.g. `EACCES`. */
  code: Schema.String,
}) {
  override get message(): string {
    return `${this.directory} cannot hold stores (${this.code}): choose a directory that this user may create and write`
  }
}

/** The thread that leads the store could not be started or did not answer. */
export class LeaderNotStarted extends Schema.TaggedError<LeaderNotStarted>('@headwater/adapter-node/LeaderNotStarted')(
  'LeaderNotStarted',
  {
    folder: Schema.String,
    detail: Schema.String,
  },
) {
  override get message(): string {
    return `the leader of ${this.folder} could not be started: ${this.detail}`
  }
}

/** The thread that led the store is gone; the session looks for another leader and goes on in memory meanwhile. */
export class LeaderLost extends Schema.TaggedError<LeaderLost>('@headwater/adapter-node/LeaderLost')('LeaderLost', {
  folder: Schema.String,
  detail: Schema.String,
}) {
  override get message(): string {
    return `the leader of ${this.folder} is gone: ${this.detail}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The thread that leads the store does not answer. Sessions go on in memory; nothing they commit is lost. */
export class LeaderUnresponsive extends Schema.TaggedError<LeaderUnresponsive>(
  '@headwater/adapter-node/LeaderUnresponsive',
)('LeaderUnresponsive', {
  folder: Schema.String,
  /** This thread started the leader and replaces it. */
  isReplaced: Schema.Boolean,
}) {
  override get message(): string {
    const what = this.isReplaced ? 'it is ended and replaced' : 'the thread that started it has to replace it'
    return `the leader of ${this.folder} does not answer: ${what}; commits stay in memory until then`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** `importStore` never overwrites. */
export class StoreExists extends Schema.TaggedError<StoreExists>('@headwater/adapter-node/StoreExists')('StoreExists', {
  folder: Schema.String,
}) {
  override get message(): string {
    return `${this.folder} already holds a store: wipe it first, or import under another storeId`
  }
}

/** A tool asked for a store that is not there. */
export class StoreNotFound extends Schema.TaggedError<StoreNotFound>('@headwater/adapter-node/StoreNotFound')(
  'StoreNotFound',
  {
    folder: Schema.String,
  },
) {
  override get message(): string {
    return `${this.folder} holds no store of this format`
  }
}
