/**
 * What the checker heard and saw of one round. Plain data: everything the verdict depends on is in here.
 *
 * Operations stand in the order in which the checker heard of them; a step is an index into that order. A client tells
 * of what has happened, so at a step everything told before it had happened already.
 */
import type { Entry, Lists } from './Workload.ts'

/** `committing` is told before the call, `committed` after it returned. */
export type Operation = { readonly client: number; readonly life: number } & (
  | { readonly is: 'opened' }
  | { readonly is: 'committing'; readonly group: string; readonly entries: ReadonlyArray<Entry> }
  | { readonly is: 'committed' | 'persisted' | 'confirmed' | 'rejected'; readonly group: string }
  | { readonly is: 'read'; readonly lists: Lists; readonly settled: number }
)

/** One event of the server's log. */
export interface LoggedEntries {
  readonly global: number
  readonly id: string
  readonly entries: ReadonlyArray<Entry>
}

/** The server's log as its file had it at that step. */
export interface ServerSample {
  readonly step: number
  readonly log: ReadonlyArray<LoggedEntries>
}

/** Values in a client's eventlog and in its dead letters, as its files had them at that step. */
export interface ClientSample {
  readonly client: number
  readonly step: number
  readonly logged: ReadonlyArray<string>
  readonly dead: ReadonlyArray<string>
}

/** What a client ended with; `null` if it could not say. */
export interface ClientEnd {
  readonly client: number
  /** From the end of the faults until everything was synced for good. **Units** ms. `null`: not within the limit. */
  readonly idleAfterMs: number | null
  /** Its last status and log, for people. */
  readonly state: string
  readonly lists: Lists | null
  readonly quarantined: number
}

export interface History {
  readonly clients: number
  readonly operations: ReadonlyArray<Operation>
  /** In order; the last one was taken when everything was over. */
  readonly serverSamples: ReadonlyArray<ServerSample>
  /** Those taken when everything was over are the last of each client. */
  readonly clientSamples: ReadonlyArray<ClientSample>
  readonly ends: ReadonlyArray<ClientEnd>
  /** Exits that nobody caused, what processes wrote to stderr, errors that they caught and did not expect. */
  readonly processProblems: ReadonlyArray<string>
}

export const violationKinds = [
  'lost',
  'duplicated',
  'stale-read',
  'settled-changed',
  'reordered',
  'torn',
  'refusal',
  'phantom',
  'diverged',
  'wedged',
  'process',
] as const
export type ViolationKind = (typeof violationKinds)[number]

export interface Violation {
  readonly kind: ViolationKind
  readonly client: number | null
  readonly detail: string
}

/** What the log's events make of the lists: the materializer once more, so simple that it is right. */
export const foldLog = (log: ReadonlyArray<LoggedEntries>, names: ReadonlyArray<string>): Lists => {
  const lists: Record<string, Array<string>> = {}
  for (const name of names) lists[name] = []
  for (const { entries } of log) for (const { list, value } of entries) lists[list]?.push(value)
  return lists
}
