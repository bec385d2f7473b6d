/**
 * What the backend says becomes part of the log: admission (is this the history we know?), then the merge, with head and
 * cursor in the transaction that applies the page.
 *
 * | Incoming event                                              | Result                                          |
 * | ----------------------------------------------------------- | ----------------------------------------------- |
 * | at or before the settled head, the same id                  | dropped                                         |
 * | at or before the settled head, another id                   | `HistoryChanged`                                |
 * | next in order, its parent is the event before it            | admitted                                        |
 * | next in order, another parent id                            | `HistoryChanged`                                |
 * | further on                                                  | `PullGap`: reopen from the durable cursor       |
 *
 * **Source**  spec section 4, "Before the merge"; section 9.
 */
import type { RefusedEvent } from '../channel/LeaderMessage.ts'
import type { PulledEvent, Rejection } from '../backend/SyncBackend.ts'
import { HistoryChanged } from '../backend/SyncBackendError.ts'
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, format } from '../event/EventSequenceNumber.ts'
import { upstreamAdvance } from '../sync/UpstreamAdvance.ts'
import { upstreamReject } from '../sync/UpstreamReject.ts'
import { EventUnknown, PullGap } from './LeaderError.ts'
import type { LeaderState } from './LeaderState.ts'
import { writeBeside, writeMerge } from './LogWriter.ts'

/** Pages that arrived together, as one. `cursor` is `undefined` for events that came with a push answer. */
export interface IncomingPage {
  readonly events: ReadonlyArray<PulledEvent>
  readonly cursor?: string | null | undefined
}

const toEnvelope = (event: PulledEvent): EventEnvelope => ({
  id: event.id,
  name: event.name,
  argsJson: event.argsJson,
  clientId: event.clientId,
  sessionId: event.sessionId,
  createdAt: event.createdAt,
  // Groups never cross the wire; an event from elsewhere is a group of its own here.
  commitId: event.id,
  isClientOnly: false,
})

interface Admitted {
  readonly rows: ReadonlyArray<NumberedEvent>
  readonly syncMetadata: ReadonlyMap<string, string | null>
  readonly head: number
  readonly headEventId: string | null
  /** The event that stops sync, for schemas with `onUnknownEvent: 'fail'`. */
  readonly unknown: PulledEvent | undefined
}

const admit = (leader: LeaderState, events: ReadonlyArray<PulledEvent>): Admitted => {
  const { log } = leader
  const rows: Array<NumberedEvent> = []
  const syncMetadata = new Map<string, string | null>()
  let { head, headEventId } = log.status
  for (const event of events) {
    if (event.global <= log.status.head) {
      mustBeSame(log.idAt({ global: event.global, client: 0 }), event, head)
      continue
    }
    if (event.global !== head + 1) throw new PullGap({ expected: head + 1, received: event.global })
    mustBeSame(headEventId, { id: event.parentId, global: event.parentGlobal }, head)
    if (leader.schema?.onUnknownEvent === 'fail' && !leader.schema.eventNames.includes(event.name)) {
      return { rows, syncMetadata, head, headEventId, unknown: event }
    }
    rows.push({ seq: { global: event.global, client: 0, rebaseGeneration: 0 }, event: toEnvelope(event) })
    syncMetadata.set(event.id, event.syncMetadataJson)
    head = event.global
    headEventId = event.id
  }
  return { rows, syncMetadata, head, headEventId, unknown: undefined }
}

const mustBeSame = (
  id: string | null | undefined,
  incoming: { readonly id: string | null; readonly global: number },
  head: number,
): void => {
  if (id === incoming.id) return
  throw new HistoryChanged({
    detail: `e${incoming.global} is ${id ?? 'nothing'} here and ${incoming.id ?? 'nothing'} at the backend`,
    headGlobal: head,
  })
}

/**
 * Merges what the backend sent, in one transaction on each database, with at most one rebase.
 *
 * **Fails with**  `HistoryChanged`, `PullGap`, `EventUnknown` (after the events before it were applied), `LeaderStale`,
 * `SqliteError`; otherwise nothing has changed.
 */
export const admitPage = (leader: LeaderState, page: IncomingPage): void => {
  const { log } = leader
  const admitted = admit(leader, page.events)
  const last = page.events.at(-1)
  // A page that waited while others came by another way: its cursor is older than what is stored.
  const isOutrun = last !== undefined && last.global < log.status.head
  const isCursorKept = page.cursor === undefined || isOutrun || admitted.unknown !== undefined
  const cursorJson = isCursorKept ? log.status.cursorJson : (page.cursor ?? null)
  if (admitted.rows.length > 0) mergePage(leader, admitted, cursorJson)
  else if (cursorJson !== log.status.cursorJson) writeBeside(leader, { status: { cursorJson }, isRepeatable: true })
  if (admitted.unknown !== undefined) {
    throw new EventUnknown({ name: admitted.unknown.name, global: admitted.unknown.global })
  }
}

const mergePage = (leader: LeaderState, admitted: Admitted, cursorJson: string | null): void => {
  const { log } = leader
  const { rows, syncMetadata, head, headEventId } = admitted
  const merged = upstreamAdvance(leader.sync, rows, 'synced')
  const reinstated = rows.filter(({ event }) => log.isRejected(event)).map(({ event }) => event)
  const collided = merged._tag === 'rebase' ? merged.droppedEvents : []
  const rejected = collided.map(({ event }): RefusedEvent => ({
    event,
    reason: 'collision',
    detail: "another client's event has this id",
  }))
  try {
    writeMerge(leader, merged, {
      syncMetadata,
      confirmed: merged.confirmedEvents.filter(({ seq }) => seq.client === 0),
      status: { head, headEventId, cursorJson },
      // Not a rebase: an epoch that was told must not name another log after a power loss.
      isRepeatable: merged._tag === 'advance' && reinstated.length === 0,
      ...(reinstated.length > 0 ? { reinstated } : {}),
      ...(rejected.length > 0 ? { rejected } : {}),
    })
  } catch (error) {
    throw settledTwice(leader, rows) ?? error
  }
  for (const refused of rejected) leader.notices.push({ _tag: 'rejected', refused })
  for (const event of reinstated) leader.notices.push({ _tag: 'reinstated', eventId: event.id })
}

/**
 * An incoming event whose id a settled one has: that cannot leave the log any more, and nothing can be stored beside it.
 * Looked for only once the log has refused it; the index does it for nothing.
 */
const settledTwice = ({ log, sync }: LeaderState, rows: ReadonlyArray<NumberedEvent>): HistoryChanged | undefined => {
  for (const { seq, event } of rows) {
    const settled = log.byId(event.id)?.seq
    if (settled === undefined || compare(settled, sync.upstreamHead) > 0) continue
    return new HistoryChanged({
      detail: `e${seq.global} of the backend has the id of ${format(settled)} here, which is settled (${event.id})`,
      headGlobal: log.status.head,
    })
  }
  return undefined
}

/**
 * Takes refused events and what of their commit groups is not acknowledged yet out of the log, into the dead letters.
 *
 * **Fails with**  `LeaderStale`, `SqliteError`.
 */
export const admitRejections = (
  leader: LeaderState,
  rejections: ReadonlyArray<Rejection>,
  reason: 'refused' | 'too-large' = 'refused',
): void => {
  const detailById = new Map(rejections.map((rejection) => [rejection.eventId, rejection.reason]))
  const merged = upstreamReject(leader.sync, new Set(detailById.keys()), leader.acknowledgedGlobal)
  if (merged._tag === 'advance') return
  const rejected = merged.droppedEvents.map(({ event }): RefusedEvent => {
    const detail = detailById.get(event.id)
    return detail === undefined
      ? { event, reason: 'group', detail: 'another event of the same commit was refused' }
      : { event, reason: detail === 'DuplicateId' ? 'collision' : reason, detail }
  })
  const acknowledged = leader.acknowledgedGlobal
  writeMerge(leader, merged, { rejected })
  // What stands before the refused events has kept its place.
  leader.acknowledgedGlobal = acknowledged
  for (const refused of rejected) leader.notices.push({ _tag: 'rejected', refused })
}
