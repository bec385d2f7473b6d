import * as Data from 'effect/Data'

/** Why a store's files cannot be where they should be. */
export type OpfsUnavailableReason =
  /** No OPFS with synchronous access: a private window, an old browser, a page without https. */
  | 'Missing'
  /** The user or a policy blocks storage for this site. */
  | 'Blocked'

const whatToDo: Readonly<Record<OpfsUnavailableReason, string>> = {
  Missing:
    'This browser has no private file system here (a private window, an old browser, or a page without https): open the page in an ordinary window of a current browser.',
  Blocked: 'Storage is blocked for this site: allow cookies and site data for it.',
}

/** There is no file system to keep a store in. As a warning in the status: the store is in memory. */
export class OpfsUnavailable extends Data.TaggedError('OpfsUnavailable')<{
  readonly reason: OpfsUnavailableReason
  readonly detail: string
}> {
  override get message(): string {
    return `${whatToDo[this.reason]} Until then what was not synced is lost with the tab that leads. (${this.detail})`
  }
}

/** The store's files are in use by another leader, which does not let go of them. */
export class StoreFilesHeld extends Data.TaggedError('StoreFilesHeld')<{ readonly folder: string }> {
  override get message(): string {
    return `The files of ${this.folder} are in use by another tab: close it, or reload this page, and try again.`
  }
}

/** An import found a store of this name. */
export class StoreExists extends Data.TaggedError('StoreExists')<{ readonly storeId: string }> {
  override get message(): string {
    return `There is a store "${this.storeId}" already: import under another name, or wipe it first.`
  }
}

/** A warning in the status: the browser may delete the store's files. Safari does after seven days without a visit. */
export class StorageEvictable extends Data.TaggedError('StorageEvictable')<Record<never, never>> {
  override get message(): string {
    return 'The browser may delete this store when space is short, or when the site was not visited for some days: let the user install or bookmark the app, and give the store a backend.'
  }
}

/** A warning in the status: the log was gone when the store was opened, its other files were not. */
export class EventlogLost extends Data.TaggedError('EventlogLost')<Record<never, never>> {
  override get message(): string {
    return 'The log of this store was deleted from this device: what had not been synced is lost, the rest comes back from the backend.'
  }
}
