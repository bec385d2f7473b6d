/**
 * Events that did not do what their commit asked for: refused ones, which are in no log, and quarantined ones, which are
 * in the log without effect.
 *
 * **Source**  spec sections 7 and 8.
 */
import type { RejectedRow } from '../channel/LeaderMessage.ts'
import type { EventEnvelope } from '../event/EventEnvelope.ts'
import type { Receipt } from '../session/Receipts.ts'
import type { Session } from '../session/Session.ts'
import type { QuarantinedEvent } from '../session/SessionDatabase.ts'
import { EventNotFound } from '../session/SessionError.ts'

/** Ends a wait. What the leader was asked for may happen all the same. */
export interface WaitOptions {
  readonly signal?: AbortSignal
}

/** Refused events of this client: kept until they are dismissed. Everything **fails with** `StoreClosed`, the signal's reason. */
export interface RejectedEvents {
  readonly list: (options?: WaitOptions) => Promise<ReadonlyArray<RejectedRow>>
  /** Commits the same name and args under a new id, and dismisses the refused one. **Fails with** `EventNotFound`, and as `commit`. */
  readonly retry: (eventId: string, options?: WaitOptions) => Promise<Receipt>
  readonly dismiss: (eventIds: string | ReadonlyArray<string>, options?: WaitOptions) => Promise<void>
}

/** Events whose materializer failed on arrival: they are in the log, without effect, until a schema materializes them. */
export interface QuarantinedEvents {
  readonly list: () => ReadonlyArray<QuarantinedEvent>
  /** Commits the same name and args under a new id. **Fails with** `EventNotFound`, and as `commit`. */
  readonly retry: (eventId: string, options?: WaitOptions) => Promise<Receipt>
  /** Leaves it out of `list` for as long as this store is open. */
  readonly dismiss: (eventIds: string | ReadonlyArray<string>) => void
}

const idsOf = (eventIds: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof eventIds === 'string' ? [eventIds] : eventIds

const commitAgain = (session: Session, event: EventEnvelope): Receipt =>
  session.commitEvents([session.events.again(event, session.state.clientId)])

export const makeRejectedEvents = (session: Session): RejectedEvents => {
  const list: RejectedEvents['list'] = async ({ signal } = {}) =>
    (await session.questions.ask('listRejected', {}, signal)).filter((row) => !row.isDismissed)
  const dismiss: RejectedEvents['dismiss'] = async (eventIds, { signal } = {}) => {
    await session.questions.ask('dismissRejected', { ids: idsOf(eventIds) }, signal)
  }
  const retry: RejectedEvents['retry'] = async (eventId, options) => {
    const row = (await list(options)).find(({ event }) => event.id === eventId)
    if (row === undefined) throw new EventNotFound({ eventId })
    const receipt = commitAgain(session, row.event)
    await receipt.persisted
    await dismiss(eventId, options)
    return receipt
  }
  return { list, retry, dismiss }
}

export const makeQuarantinedEvents = (session: Session): QuarantinedEvents => {
  const dismissed = new Set<string>()
  const list: QuarantinedEvents['list'] = () =>
    session.database.quarantined().filter(({ eventId }) => !dismissed.has(eventId))
  const retry: QuarantinedEvents['retry'] = async (eventId, { signal } = {}) => {
    if (!list().some((row) => row.eventId === eventId)) throw new EventNotFound({ eventId })
    const event = await readEvent(session, eventId, signal)
    if (event === undefined) throw new EventNotFound({ eventId })
    return commitAgain(session, event)
  }
  const dismiss: QuarantinedEvents['dismiss'] = (eventIds) => {
    for (const id of idsOf(eventIds)) dismissed.add(id)
  }
  return { list, retry, dismiss }
}

/** An event of the log, by its id. */
const readEvent = async (
  session: Session,
  eventId: string,
  signal: AbortSignal | undefined,
): Promise<EventEnvelope | undefined> => {
  const [located] = await session.questions.ask('locate', { ids: [eventId], committedBy: null }, signal)
  if (located?._tag !== 'logged') return undefined
  const { global, client } = located.seq
  const after = client > 0 ? { global, client: client - 1 } : { global: global - 1, client: Number.MAX_SAFE_INTEGER }
  const { rows } = await session.questions.ask('readLog', { after, limit: 1, settledOnly: false }, signal)
  return rows.find(({ event }) => event.id === eventId)?.event
}
