import type { BackendPosition, PulledEvent, PushAnswer, PushBatch, Rejection } from '@headwater/core/backend'
import { isSameEvent } from '@headwater/core/backend'
import * as Latch from 'effect/Latch'

/**
 * One store's log of `memoryBackend`: the port's rules written as plainly as possible, so that it can serve as the
 * oracle for backends that are fast. Event `global` stands at `events[global - 1]`.
 *
 * **Source**  spec section 9, "Checks in this order".
 */
export interface MemoryLog {
  backendId: string
  events: Array<PulledEvent>
  /** Place of each id in `events`. */
  places: Map<string, number>
  /** Beside `events`: the mark of the append that wrote each. */
  marks: Array<number>
  /** Appends so far, the next one's mark. Nothing takes it back, no restore and no replacement: no mark is given twice. */
  appends: number
  /** Raised by a restore or a replacement: streams opened before it end. */
  incarnation: number
  /** Opened, and replaced by a closed one, whenever anything a live pull waits for happens. */
  changed: Latch.Latch
}

/** Gives the reason to refuse an event, or `undefined`. */
export type MemoryValidator = (event: PushBatch['events'][number]) => string | undefined

export const makeMemoryLog = (backendId: string): MemoryLog => ({
  backendId,
  events: [],
  places: new Map(),
  marks: [],
  appends: 0,
  incarnation: 0,
  changed: Latch.makeUnsafe(false),
})

/** Wakes every live pull of the log. */
export const wake = (log: MemoryLog): void => {
  const changed = log.changed
  log.changed = Latch.makeUnsafe(false)
  Latch.openUnsafe(changed)
}

export const headOf = (log: MemoryLog): BackendPosition => {
  const last = log.events.at(-1)
  return last === undefined ? { global: 0, eventId: null } : { global: last.global, eventId: last.id }
}

/** Whether the log holds this position: the id at that number, the root, and nothing beyond the head. */
export const holds = (log: MemoryLog, position: BackendPosition): boolean =>
  position.global === 0
    ? position.eventId === null
    : log.events[position.global - 1]?.id === position.eventId && position.eventId !== null

/** Names the append that wrote the event at `global`; there is nothing to name at the root. */
export const cursorAt = (log: MemoryLog, global: number): string | null =>
  global === 0 ? null : `${global}.${log.marks[global - 1]}`

/**
 * Whether the log holds the append that the cursor names, and with it, because a log only grows, everything before. So
 * it does if there is no cursor, or none that can be read.
 */
export const holdsCursor = (log: MemoryLog, cursor: string | null): boolean => {
  const [, global, mark] = /^(\d+)\.(\d+)$/.exec(cursor ?? '') ?? []
  return global === undefined || Number(global) === 0 || log.marks[Number(global) - 1] === Number(mark)
}

/** Cuts the log behind `global`, as a restore from an older backup does. */
export const cutLog = (log: MemoryLog, global: number): void => {
  for (const event of log.events.splice(global)) log.places.delete(event.id)
  log.marks.splice(global)
  log.incarnation += 1
  wake(log)
}

/** Judges a batch and, if it is accepted, appends it. Atomic: it runs without a suspension. */
export const pushToLog = (
  log: MemoryLog,
  batch: PushBatch,
  validate: MemoryValidator,
  syncMetadataJson: (event: PushBatch['events'][number]) => string | null,
): PushAnswer => {
  const known = judgeKnown(log, batch)
  if ('_tag' in known) return known
  const rejections = known.fresh.flatMap((event): Array<Rejection> => {
    const reason = validate(event)
    return reason === undefined ? [] : [{ eventId: event.id, reason }]
  })
  if (rejections.length > 0) return { _tag: 'Rejected', rejections }
  const first = known.fresh[0]
  const parent = first === undefined ? headOf(log) : { global: first.parentGlobal, eventId: first.parentId }
  // Behind a known prefix the parent is the tail of the log by identity; at another number the client is behind.
  if (known.fresh.length < batch.events.length && first !== undefined && first.parentGlobal !== log.events.length) {
    return { _tag: 'BackendAhead', head: headOf(log) }
  }
  if (!holds(log, parent)) return { _tag: 'HistoryChanged', head: headOf(log) }
  if (parent.global < log.events.length) {
    return { _tag: 'BackendAhead', head: headOf(log), missing: log.events.slice(parent.global) }
  }
  for (const event of known.fresh) {
    log.places.set(event.id, log.events.length)
    log.events.push({ ...event, syncMetadataJson: syncMetadataJson(event) })
    log.marks.push(log.appends)
  }
  log.appends += 1
  wake(log)
  return { _tag: 'Accepted', head: headOf(log) }
}

/** Step 1 of the port: what is known already either answers the whole batch or leaves a fresh rest to judge. */
const judgeKnown = (log: MemoryLog, batch: PushBatch): PushAnswer | { readonly fresh: PushBatch['events'] } => {
  const places = batch.events.map((event) => log.places.get(event.id) ?? -1)
  const collisions = batch.events.flatMap((event, index): Array<Rejection> => {
    const stored = log.events[places[index] ?? -1]
    return stored === undefined || isSameEvent(stored, event) ? [] : [{ eventId: event.id, reason: 'DuplicateId' }]
  })
  if (collisions.length > 0) return { _tag: 'Rejected', rejections: collisions }
  const known = places.filter((place) => place >= 0)
  if (known.length === 0) return { fresh: batch.events }
  const isAscending = known.every((place, index) => index === 0 || place > (known[index - 1] ?? place))
  if (known.length === places.length && isAscending) return { _tag: 'Accepted', head: headOf(log) }
  const isTail = known.every(
    (place, index) => place === places[index] && place === log.events.length - known.length + index,
  )
  return isTail ? { fresh: batch.events.slice(known.length) } : { _tag: 'BackendAhead', head: headOf(log) }
}
