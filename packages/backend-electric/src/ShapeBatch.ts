/** What goes into the log of a shape, and what comes out of it. */
import type { BackendPosition, PulledEvent } from '@headwater/core/backend'
import type { ShapePlace } from './ElectricCursor.ts'
import type { ShapeValues } from './ShapeRow.ts'

/** What one answer of Electric's, or one part of an event stream, says. */
export interface ShapeBatch {
  readonly changes: ReadonlyArray<ShapeChange>
  /** Behind its last message; `undefined` if nothing in it says where that is. */
  readonly place: ShapePlace | undefined
  readonly isUpToDate: boolean
  /** Why it cannot be read on from here; `undefined` if it can. */
  readonly trouble: string | undefined
}

export interface ShapeChange {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly values: ShapeValues
}

/** A page, but for the log's id. */
export interface ShapePage {
  readonly events: ReadonlyArray<PulledEvent>
  readonly cursor: string | null
  readonly head: BackendPosition
  readonly isCaughtUp: boolean
}

/** The shape and the log may be different things: only the database knows. */
export interface ShapeDoubt {
  readonly _tag: 'ShapeDoubt'
  readonly detail: string
}

/** What no shape of ours says. */
export interface ShapeMalformed {
  readonly _tag: 'ShapeMalformed'
  readonly detail: string
}
