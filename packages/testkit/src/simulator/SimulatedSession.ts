import type { EventInput, Receipt, Store } from '@headwater/core'
import type { SchemaVersion } from './SimulatedSchema.ts'
import type { SimulatedProcess } from './SimulatedProcess.ts'

export const storeId = 'simulated'

/** What a session knows of an event that it committed. */
export interface CommittedEvent {
  readonly id: string
  readonly name: string
  readonly argsJson: string
  /** Ids of its commit. */
  readonly group: ReadonlyArray<string>
  isPersisted: boolean
  confirmed: { readonly effect: 'applied' | 'skipped' } | null
  /** Name of the error that its receipt was rejected with. */
  rejection: string | null
}

export interface SimulatedSession {
  readonly label: string
  readonly store: Store
  readonly process: SimulatedProcess
  readonly version: SchemaVersion
  /** In the order of their commits. */
  readonly committed: Map<string, CommittedEvent>
  /** Whether it can run the backend for its leader: one that was opened before the store had any cannot. */
  readonly hasBackend: boolean
  /** What a live query of all items last told; `undefined` until it has. */
  readonly live: { rows: ReadonlyArray<unknown> | undefined }
  readonly reinstated: Set<string>
  readonly commit: (events: ReadonlyArray<EventInput>) => Receipt
  /** The process dies; what it had not handed over is gone. */
  readonly kill: () => void
  readonly close: () => void
  isClosed: boolean
  isClosing: boolean
}
