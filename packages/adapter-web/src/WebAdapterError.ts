import * as Data from 'effect/Data'

/** Why a store's files cannot be where they should be. */
export type OpfsUnavailableReason =
  /** No OPFS with synchronous access: a private window, an old browser, a page without https. */
  | 'Missing'
  /** The user or a policy blocks storage for this site. */
  | 'Blocked'

const whatToDo: Readonly<Record<OpfsUnavailableReason, string>> = {
  Missing:
    'This browser has no private file system here (a private window, an old browser, or a page without https). Open the page in an ordinary window of a current browser.',
  Blocked: 'Storage is blocked for this site. Allow cookies and site data for it.',
}

/** There is no file system to keep a store in; it can still be opened in memory. */
export class OpfsUnavailable extends Data.TaggedError('OpfsUnavailable')<{
  readonly reason: OpfsUnavailableReason
  readonly detail: string
}> {
  override get message(): string {
    return `${whatToDo[this.reason]} (${this.detail})`
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
