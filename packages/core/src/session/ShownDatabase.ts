/**
 * A snapshot may lag behind its leader's log: the state is being rebuilt. A session that has a database goes on with it
 * until the new one, which the feed goes to, stands where the log stood; so the app never sees its tables empty.
 *
 * **Source**  spec section 7, "crash at any instant": until a rebuild is complete sessions read their own database.
 */
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, next, type Position } from '../event/EventSequenceNumber.ts'
import type { SessionDatabase } from './SessionDatabase.ts'
import type { SessionState, ShownDatabase } from './SessionState.ts'

/** The present database gives way to one at `at` of a log that goes to `localHead`. Before the session's cells change. */
export const replaceDatabase = (
  session: SessionState,
  database: SessionDatabase,
  at: Position,
  localHead: Position,
): void => {
  const { database: fed, shown, sync } = session
  session.database = database
  const isKept = compare(at, localHead) < 0 && !session.isImageDamaged && (shown !== null || fed !== null)
  if (!isKept) {
    fed?.close()
    return closeShown(session)
  }
  session.shown =
    shown === null ? { database: fed!, head: sync.localHead, until: localHead } : { ...shown, until: localHead }
  if (shown !== null) fed?.close()
}

/** **Shape**  the events with the shown database's own numbers. */
export const numberShown = (
  shown: ShownDatabase,
  events: ReadonlyArray<EventEnvelope>,
): ReadonlyArray<NumberedEvent> => {
  let { head } = shown
  return events.map((event) => ({ seq: (head = next(head, event.isClientOnly)), event }))
}

/** Whether a fed database at `upstreamHead` is still behind what is shown. */
export const isBehindShown = ({ shown }: SessionState, upstreamHead: Position): boolean =>
  shown !== null && compare(upstreamHead, shown.until) < 0

/** Shows the fed database once it has come far enough; a log that has become shorter has nothing more to feed. */
export const showFed = (session: SessionState): void => {
  const { shown, sync, facts } = session
  if (shown === null) return
  const isFed =
    !isBehindShown(session, sync.upstreamHead) || (facts !== null && compare(sync.upstreamHead, facts.localHead) >= 0)
  if (!isFed) return
  closeShown(session)
  session.listener.onTables('everything')
}

export const closeShown = (session: SessionState): void => {
  session.shown?.database.close()
  session.shown = null
}
