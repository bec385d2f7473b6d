/**
 * A corrupt eventlog is kept aside and read row by row. What can be read goes into a new log, in its order; with a
 * backend nothing of it counts as settled, so the first pull fetches what is missing, the rest is found again by
 * identity, unpushed events end up behind it, and client-only events stay with their anchor: salvage is an attachment.
 *
 * **Source**  spec section 7, "disk full, quota, corrupt state database".
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { next, root } from '../event/EventSequenceNumber.ts'
import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { Eventlog } from './Eventlog.ts'
import type { LeaderStorage } from './LeaderStorage.ts'

export interface OpenedLog {
  readonly log: Eventlog
  /** Set when the file was corrupt: where it is kept, and how many events could be read. */
  readonly salvaged: { readonly keptAs: string; readonly events: number } | null
}

/** **Fails with**  `FormatUnsupported`, `SqliteError` other than a corrupt file. */
export const openEventlog = (storage: LeaderStorage, newClientId: () => string): OpenedLog => {
  try {
    const connection = storage.openEventlog()
    const log = Eventlog.open(connection, newClientId)
    mustBeSound(connection)
    return { log, salvaged: null }
  } catch (error) {
    if (!isCorrupt(error)) throw error
    return salvage(storage, newClientId)
  }
}

const isCorrupt = (error: unknown): boolean =>
  error instanceof SqliteError && (error.reason === 'Corrupt' || error.reason === 'NotADatabase')

/** A log is read from its end on every start; damage there must not wait for the first rebase to be found. */
const mustBeSound = (connection: SqliteConnection): void => {
  connection.prepare('SELECT seqNumGlobal, eventId, argsJson FROM eventlog ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 100').all()
}

const salvage = (storage: LeaderStorage, newClientId: () => string): OpenedLog => {
  const { eventlog, corrupt, keptAs } = storage.setAsideEventlog()
  const old = corrupt === undefined ? undefined : tryOpen(corrupt, newClientId)
  const log = Eventlog.open(eventlog, () => old?.status.clientId ?? newClientId())
  if (old === undefined) return { log, salvaged: { keptAs, events: 0 } }
  const rows = renumber(readWhatCanBeRead(old))
  const { attachment, term, epoch } = old.status
  for (let i = 0; i <= term; i++) if (log.status.term <= term) log.raiseTerm()
  log.write({ rows, status: { epoch: epoch + 1, attachment: attachment === 0 ? 0 : attachment + 1 }, rejected: tryRead(() => old.rejected()) })
  old.close()
  return { log, salvaged: { keptAs, events: rows.length } }
}

const tryRead = <A>(read: () => ReadonlyArray<A>): ReadonlyArray<A> => {
  try {
    return read()
  } catch {
    return []
  }
}

const tryOpen = (connection: SqliteConnection, newClientId: () => string): Eventlog | undefined => {
  try {
    return Eventlog.open(connection, newClientId)
  } catch {
    return undefined
  }
}

/** Pages of one row around the damage: a page that fails is asked for again from the next position on. */
const readWhatCanBeRead = (old: Eventlog): ReadonlyArray<NumberedEvent> => {
  const rows = new Map<string, NumberedEvent>()
  let after = { global: 0, client: 0 }
  let failuresLeft = 10_000
  for (let limit = 1000; failuresLeft > 0; ) {
    try {
      const page = old.page(after, limit)
      for (const row of page) rows.set(row.event.id, row)
      const last = page.at(-1)
      if (last === undefined) break
      after = last.seq
    } catch {
      failuresLeft--
      if (limit > 1) limit = 1
      else after = { global: after.global + 1, client: 0 }
    }
  }
  return [...rows.values()]
}

const renumber = (rows: ReadonlyArray<NumberedEvent>): ReadonlyArray<NumberedEvent> => {
  let head = root
  return rows.map(({ event, seq }) => {
    head = next(head, event.isClientOnly, seq.rebaseGeneration)
    return { seq: head, event }
  })
}
