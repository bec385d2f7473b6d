import type { BackendAddress } from './DemoBackend.ts'
import type { GateName } from './GatedPorts.ts'

export interface OpenTasks {
  readonly storeId: string
  readonly directory: string
  readonly backend: BackendAddress
}

export interface TaskWrite {
  readonly event: 'taskAdded' | 'taskRenamed'
  readonly id: string
  readonly title: string
}

/** A row of a changeset table, as it is. */
export interface ChangesetRow {
  readonly position: string
  readonly eventId: string
  readonly bytes: number
}

/** A SyncState: positions as text, `e42`. */
export interface SyncStateView {
  readonly pending: ReadonlyArray<string>
  readonly upstreamHead: string
  readonly localHead: string
}

/** The session as it is, told by its own process: its database is in that process's memory. */
export interface SessionView {
  readonly sync: SyncStateView
  readonly changesets: ReadonlyArray<ChangesetRow>
  readonly tasks: ReadonlyArray<{ readonly id: string; readonly title: string }>
}

/** A step of a client's log as it was observed: an append, or everything behind a position taken back. */
export type ObservedStep =
  | { readonly is: 'append'; readonly position: string; readonly eventId: string; readonly text: string }
  | { readonly is: 'rollback'; readonly to: string }

/** What a task client can be asked; see `ClientProcess.ts`. */
export interface TaskContract {
  readonly commands: {
    readonly open: { readonly ask: OpenTasks; readonly answer: { readonly clientId: string } }
    /** One `store.commit`; answers when that has returned, or as soon as the leader has it. */
    readonly commit: {
      readonly ask: {
        readonly writes: ReadonlyArray<TaskWrite>
        readonly waitsFor: 'nothing' | 'persisted' | 'confirmed'
      }
      readonly answer: { readonly eventIds: ReadonlyArray<string> }
    }
    readonly setOnline: { readonly ask: boolean; readonly answer: null }
    readonly hold: { readonly ask: ReadonlyArray<GateName>; readonly answer: null }
    readonly release: { readonly ask: GateName; readonly answer: null }
    readonly entered: { readonly ask: GateName; readonly answer: null }
    readonly look: { readonly ask: null; readonly answer: SessionView }
    /** Waits until the session has confirmed (by its leader) or settled (by the backend) everything up to there. */
    readonly reach: {
      readonly ask: { readonly what: 'upstreamHead' | 'settledHead'; readonly global: number }
      readonly answer: null
    }
    /** What has happened in the log since `watch`, once something stands at `global` for good. */
    readonly watch: { readonly ask: { readonly after: string }; readonly answer: null }
    readonly steps: { readonly ask: { readonly until: string }; readonly answer: ReadonlyArray<ObservedStep> }
    readonly close: { readonly ask: null; readonly answer: null }
  }
  readonly news: never
}
