/** What the checker and its processes tell each other over IPC. */
import type { StoreStatus } from '@headwater/core'
import type { Entry, Lists } from './Workload.ts'

export interface HistoryClientOptions {
  readonly client: number
  readonly life: number
  readonly directory: string
  readonly url: string
  readonly seed: number
  /** Commits of this client. **Units** per second. */
  readonly rate: number
  readonly workerUrl: string
  /** A life that begins when everything is over commits nothing any more. */
  readonly isQuiet: boolean
  readonly isOffline: boolean
}

export type FromClient =
  | { readonly is: 'opened' }
  | { readonly is: 'committing'; readonly group: string; readonly entries: ReadonlyArray<Entry> }
  | { readonly is: 'committed' | 'persisted' | 'confirmed' | 'rejected'; readonly group: string }
  | { readonly is: 'read'; readonly lists: Lists; readonly settled: number }
  | { readonly is: 'status'; readonly status: StoreStatus }
  | { readonly is: 'problem'; readonly detail: string }
  | { readonly is: 'finished'; readonly lists: Lists; readonly quarantined: number }

/**
 * `quiet`: commit no more, tell every change of the status. `finish`: tell what is in the tables, close, end. `offline`,
 * `online`: the machine lost its network, and has it again.
 */
export type ToClient = { readonly is: 'quiet' | 'finish' | 'offline' | 'online' }

export interface HistoryServerOptions {
  readonly data: string
  readonly port: number
}
