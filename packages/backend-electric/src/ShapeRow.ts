/** A row of a shape, as an event. */
import { WirePulledEvent, shapeColumns } from '@headwater/backend-http/protocol'
import type { PulledEvent } from '@headwater/core/backend'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'

/** Values as PostgreSQL's text, by column; of an update only those that changed. */
export type ShapeValues = Record<string, string | null>

export interface ShapeRow {
  readonly storeId: string
  readonly event: PulledEvent
  /** Names the append that wrote it. */
  readonly append: string
}

const decodeEvent = Schema.decodeUnknownOption(WirePulledEvent)

/** The number of the event; `undefined` if there is none. */
export const globalOf = (values: ShapeValues): number | undefined => {
  const global = Number(values['seq'] ?? '')
  return Number.isSafeInteger(global) && global > 0 ? global : undefined
}

/** `undefined` if it is none of our rows: a column is missing, or is not what it should be. */
export const readRow = (values: ShapeValues): ShapeRow | undefined => {
  const global = globalOf(values)
  const { store_id: storeId, mark } = values
  if (global === undefined || typeof storeId !== 'string' || typeof mark !== 'string') return undefined
  const fields = Object.fromEntries(Object.entries(shapeColumns).map(([column, name]) => [name, values[column]]))
  const createdAt = typeof fields['createdAt'] === 'string' ? Number(fields['createdAt']) : undefined
  const event = decodeEvent({ ...fields, global, parentGlobal: global - 1, createdAt })
  return Option.isNone(event) ? undefined : { storeId, event: event.value, append: `${global}.${mark}` }
}

/** What it takes in memory while it waits. **Units** characters. */
export const sizeOf = (values: ShapeValues): number =>
  Object.values(values).reduce((sum, value) => sum + (value?.length ?? 0), rowOverhead)

/** Of the object around the values, about. */
const rowOverhead = 500
