import type { BackendAddress } from './DemoBackend.ts'
import type { Burst } from './BurstPlan.ts'
import type { HistoryDigest } from './LogFold.ts'

export interface OpenHistory {
  readonly storeId: string
  readonly directory: string
  /** A JSON file with the client's own commits (`HistoryCommit`), oldest first. */
  readonly shareFile: string
  readonly backend: BackendAddress
}

export interface OpenedHistory {
  /** How many of the client's own commits its own store has already: after a restart it goes on behind them. */
  readonly found: number
  /** Events in this client's log that the server has not confirmed. */
  readonly unconfirmed: number
}

/** How far a client is, in its own git commits. */
export interface HistoryProgress {
  readonly committed: number
  /** Of these, how many its leader has on disk: `receipt.persisted` has resolved. */
  readonly persisted: number
  readonly isOnline: boolean
}

export interface HistoryReport {
  readonly tables: HistoryDigest
  readonly epoch: number
  readonly term: number
  readonly quarantined: number
  readonly rejected: number
}

/** What a history client can be asked; see `ClientProcess.ts`. */
export interface HistoryContract {
  readonly commands: {
    readonly open: { readonly ask: OpenHistory; readonly answer: OpenedHistory }
    /** Commits what is left of its share, burst by burst; answers when the server has confirmed all of it. */
    readonly run: { readonly ask: { readonly bursts: ReadonlyArray<Burst> }; readonly answer: HistoryProgress }
    /** Answers when the client has everything up to the server's `head`, settled. */
    readonly converge: { readonly ask: { readonly head: number }; readonly answer: HistoryReport }
    readonly close: { readonly ask: null; readonly answer: null }
  }
  readonly news: HistoryProgress
}
