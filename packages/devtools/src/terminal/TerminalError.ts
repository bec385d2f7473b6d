import * as Data from 'effect/Data'

/** The command line makes no sense. Exit code 2. */
export class Usage extends Data.TaggedError('Usage')<{ readonly problem: string }> {
  override get message(): string {
    return `${this.problem}; see headwater --help`
  }
}

/** There is nothing to inspect at a path. */
export class NoStore extends Data.TaggedError('NoStore')<{
  readonly path: string
  readonly why: 'missing' | 'no-folder' | 'unreadable' | 'empty' | 'unknown-store'
  /** Stores that are there. */
  readonly known?: ReadonlyArray<string>
}> {
  override get message(): string {
    switch (this.why) {
      case 'missing':
        return `${this.path}: there is no such folder`
      case 'no-folder':
        return `${this.path} is a file: give the folder that nodeAdapter({ directory }) was given`
      case 'unreadable':
        return `${this.path} cannot be read by this user: run it as the user that runs the app`
      case 'empty':
        return `${this.path} holds no Headwater store: give the folder that nodeAdapter({ directory }) was given`
      case 'unknown-store':
        return `there is no such store in ${this.path}: it has ${this.known?.join(', ')}`
    }
  }
}

/** A command is for one store and the folder has several. Exit code 2. */
export class StoreNotChosen extends Data.TaggedError('StoreNotChosen')<{
  readonly path: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.path} holds ${this.known.length} stores, choose one with --store: ${this.known.join(', ')}`
  }
}

/** A store's file cannot be read as what it is. */
export class FileUnreadable extends Data.TaggedError('FileUnreadable')<{
  readonly path: string
  readonly detail: string
}> {
  override get message(): string {
    return `${this.path} is damaged or not a database (${this.detail}): open the store with the app, which salvages an eventlog and makes a state anew; keep a copy of the folder before`
  }
}

/** A store is to be changed that an app has open. Nothing was changed. */
export class StoreOpen extends Data.TaggedError('StoreOpen')<{
  readonly storeId: string
  /** `process 4711 on mill`. */
  readonly holder: string
}> {
  override get message(): string {
    return `${this.storeId} is open in ${this.holder}, which alone may change it: retry and discard there (store.rejected, store.quarantined, the panel), or close the app first`
  }
}

/** No event by that id, or several by that beginning of one. */
export class EventNotChosen extends Data.TaggedError('EventNotChosen')<{
  readonly given: string
  readonly found: number
  readonly where: string
}> {
  override get message(): string {
    return this.found === 0
      ? `${this.given} is no event among ${this.where}`
      : `${this.given} is the beginning of ${this.found} events' ids among ${this.where}: give more of it`
  }
}

/** A file that is no bug report, or cannot be replayed. */
export class ReportUnusable extends Data.TaggedError('ReportUnusable')<{
  readonly file: string
  readonly problem: string
}> {
  override get message(): string {
    return `${this.file}: ${this.problem}`
  }
}
