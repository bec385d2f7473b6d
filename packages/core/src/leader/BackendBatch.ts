import { batchBytesMax, batchEventsMax, eventSizeBytes } from '../backend/BackendLimits.ts'
import type { BackendEvent, BackendPosition, PushBatch } from '../backend/SyncBackend.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import type { PendingEvents } from '../sync/PendingEvents.ts'
import type { LeaderState } from './LeaderState.ts'

/**
 * The next events to push: the first pending synced ones that no push answer has acknowledged, in whole commit groups
 * up to `eventsMax` and the protocol's size; a larger group goes in parts, a larger event alone.
 *
 * **Shape**  `undefined` when there is nothing to push or no backend log is known yet. A log that was attached anew may
 * have holes (salvage), which a pull has to fill first: a batch with one in it looks like changed history.
 */
export const nextBatch = (leader: LeaderState, eventsMax: number = batchEventsMax): PushBatch | undefined => {
  const { log, sync } = leader
  const { backendId, attachment, head } = log.status
  if (attachment > 1 && head === 0 && leader.pulledAttachment !== attachment) return undefined
  const rows = synced(sync.pending, leader.acknowledgedGlobal, eventsMax + 1)
  const first = rows[0]
  if (backendId === null || first === undefined) return undefined
  const parent: BackendPosition = {
    global: first.seq.global - 1,
    eventId: log.idAt({ global: first.seq.global - 1, client: 0 }) ?? null,
  }
  return { backendId, parent, events: cutBatch(chain(parent, rows), rows, eventsMax) }
}

/** At most `limit` synced events behind `acknowledgedGlobal`; finds the start by bisection, pending may be long. */
const synced = (pending: PendingEvents, acknowledgedGlobal: number, limit: number): ReadonlyArray<NumberedEvent> => {
  let [low, high] = [0, pending.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (pending.at(middle)!.seq.global > acknowledgedGlobal) high = middle
    else low = middle + 1
  }
  const rows: Array<NumberedEvent> = []
  for (let i = low; i < pending.length && rows.length < limit; i++) {
    const row = pending.at(i)!
    if (!row.event.isClientOnly) rows.push(row)
  }
  return rows
}

const chain = (parent: BackendPosition, rows: ReadonlyArray<NumberedEvent>): ReadonlyArray<BackendEvent> =>
  rows.map(({ seq, event }, i) => ({
    global: seq.global,
    parentGlobal: seq.global - 1,
    parentId: i === 0 ? parent.eventId : rows[i - 1]!.event.id,
    id: event.id,
    name: event.name,
    argsJson: event.argsJson,
    clientId: event.clientId,
    sessionId: event.sessionId,
    createdAt: event.createdAt,
  }))

/** JSON of an event without its name and args: ids of 36 characters, numbers, keys. */
const envelopeBytesMax = 600

/** Certainly not less than the size on the wire: a UTF-16 unit is at most 3 bytes of UTF-8, and escaping at most doubles ASCII. */
const boundBytes = (events: ReadonlyArray<BackendEvent>, end: number): number => {
  let bound = 0
  for (let i = 0; i < end; i++) bound += envelopeBytesMax + 3 * (events[i]!.argsJson.length + events[i]!.name.length)
  return bound
}

/** How many events fit, measured exactly; at least one. */
const fittingCount = (events: ReadonlyArray<BackendEvent>, end: number): number => {
  let bytes = 0
  for (let i = 0; i < end; i++) {
    bytes += eventSizeBytes(events[i]!)
    if (bytes > batchBytesMax && i > 0) return i
  }
  return end
}

const cutBatch = (
  events: ReadonlyArray<BackendEvent>,
  rows: ReadonlyArray<NumberedEvent>,
  eventsMax: number,
): ReadonlyArray<BackendEvent> => {
  let end = Math.min(events.length, eventsMax)
  if (boundBytes(events, end) > batchBytesMax) end = fittingCount(events, end)
  if (end === events.length) return events
  // Back to the last boundary between groups, unless the one group fills the batch.
  const groupOf = (i: number) => rows[i]!.event.commitId
  let boundary = end
  while (boundary > 0 && groupOf(boundary - 1) === groupOf(boundary)) boundary--
  return events.slice(0, boundary > 0 ? boundary : end)
}
