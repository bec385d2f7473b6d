/**
 * What a session has may go before all of it comes back: a snapshot lags behind its leader's log while the state is being
 * rebuilt, and a long rebase takes several messages. So the app goes on with the database that it has, until the one that
 * the feed goes to stands where the log stood.
 *
 * **Source**  spec section 7, "crash at any instant": until a rebuild is complete sessions read their own database;
 * section 6: live queries refresh once for a rebase.
 */
import type { EventEnvelope, NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, next, type Position } from '../event/EventSequenceNumber.ts'
import { SessionDatabase } from './SessionDatabase.ts'
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

/** A rebase is about to undo what comes back with later messages, up to `until`: a copy of the database takes it. */
export const feedCopy = (session: SessionState, until: Position): void => {
  const { database, sync, openDatabase, schema } = session
  if (session.shown !== null || database === null) return
  const copy = new SessionDatabase(openDatabase, schema, database.connection.serialize(), database.trimmedTo)
  session.database = copy
  session.shown = { database, head: sync.localHead, until }
}

/** A rebase moves the place where the fed database has everything that is shown. */
export const showUntil = (session: SessionState, until: Position): void => {
  if (session.shown !== null) session.shown = { ...session.shown, until }
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
