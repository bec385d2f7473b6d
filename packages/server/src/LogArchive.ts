import type { BackendPosition, PulledEvent } from '@headwater/core/backend'
import * as Data from 'effect/Data'
import type { ArchivedClaim, ArchivedEvent, LogHeader } from './LogFile.ts'

/**
 * Whole logs of a storage, to be copied with everything that a client may have seen of them: marks, `backendId`, claims. Both
 * storages have one; the commands `export` and `import` are written on it.
 */
export interface LogArchive {
  /** For messages: `sqlite /var/lib/headwater/log-v1.sqlite3`. */
  readonly name: string
  /** **Units** what all logs hold together, about. */
  readonly totals: () => Promise<{ readonly stores: number; readonly events: number }>
  /** As `LogStorage.stores`. */
  readonly stores: (after: string | null, storesMax: number) => Promise<ReadonlyArray<string>>
  /** Which log a store has and where it ends, `undefined` if there is none; without making one. */
  readonly find: (storeId: string) => Promise<LogHeader | undefined>
  /** The events behind a number and the claims of their clients; none at the end. */
  readonly read: (storeId: string, after: number) => Promise<ArchivePage>
  /** Why this storage cannot keep an event, if it cannot. */
  readonly refuses: (event: PulledEvent) => string | undefined
  /**
   * Takes a whole log for a store that has none, or an empty one: all of it or nothing, also if the process ends in the midst.
   * **Fails with** `ImportRefused`, what reading `pages` throws.
   */
  readonly take: (log: LogHeader, pages: Iterable<ArchivePage>) => Promise<void>
  readonly close: () => Promise<void>
}

/** **Shape** `events`: consecutive. */
export interface ArchivePage {
  readonly events: ReadonlyArray<ArchivedEvent>
  readonly claims: ReadonlyArray<ArchivedClaim>
}

/** Events in a page: of reading, of a statement, of a step of the progress bar. */
export const archivePageEvents = 1_000

/** Why a log is not imported; nothing of it was stored. */
export class ImportRefused extends Data.TaggedError('ImportRefused')<{
  readonly storeId: string
  readonly detail: string
}> {
  override get message(): string {
    return `store ${this.storeId}: ${this.detail}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Why a store that has this log takes no other; `undefined` if it is empty. */
export const notEmpty = (head: BackendPosition, name: string): string | undefined =>
  head.global === 0
    ? undefined
    : `there is a log already, up to e${head.global}, in ${name}; import into an empty one, or move that one away first`
