/**
 * A corrupt eventlog is kept aside and read row by row. What can be read goes into a new log, in its order; with a
 * backend nothing of it counts as settled, so the first pull fetches what is missing, the rest is found again by
 * identity, unpushed events end up behind it, and client-only events stay with their anchor: salvage is an attachment.
 *
 * **Source**  spec section 7, "disk full, quota, corrupt state database".
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { next, type Position, root } from '../event/EventSequenceNumber.ts'
import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { readDamaged } from './DamagedRead.ts'
import { Eventlog } from './Eventlog.ts'
import type { SyncStatusRow } from './EventlogStatements.ts'
import type { LeaderStorage, SetAsideEventlog } from './LeaderStorage.ts'
import { readStateHead } from './StateReplica.ts'

export type KnownStatus = Partial<Pick<SyncStatusRow, 'term' | 'epoch' | 'attachment' | 'clientId'>>

export interface OpenedLog {
  readonly log: Eventlog
  /** Set when the file was corrupt: where it is kept, and how many events could be read. */
  readonly salvaged: { readonly keptAs: string; readonly events: number } | null
}

/** **Fails with**  `FormatUnsupported`, `SqliteError` other than a corrupt file. */
export const openEventlog = (storage: LeaderStorage, newClientId: () => string): OpenedLog => {
  let connection: SqliteConnection | undefined
  try {
    connection = storage.openEventlog()
    const log = Eventlog.open(connection, newClientId)
    mustBeSound(connection)
    return { log, salvaged: null }
  } catch (error) {
    connection?.close()
    if (!isCorrupt(error)) throw error
    return salvageEventlog(storage, newClientId, readStateHead(storage) ?? {})
  }
}

export const isCorrupt = (error: unknown): boolean => error instanceof SqliteError && error.isDamage

/** A log goes on at its end. Damage further back is found when it is read, and salvaged then. */
const mustBeSound = (connection: SqliteConnection): void => {
  connection
    .prepare(
      'SELECT seqNumGlobal, eventId, argsJson FROM eventlog ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 100',
    )
    .all()
}

/**
 * Keeps the corrupt file aside and makes a new log of what can be read of it. The file's connections must be closed.
 *
 * **Shape**  `known`: the last that is known of its status, for a file that does not tell it any more: neither term nor
 * epoch nor attachment may fall, sessions that live on compare with them.
 *
 * **Fails with**  `SqliteError`.
 */
export const salvageEventlog = (
  storage: LeaderStorage,
  newClientId: () => string,
  known: KnownStatus = {},
): OpenedLog => {
  const aside = storage.setAsideEventlog()
  try {
    return copySalvaged(aside, newClientId, known)
  } catch (error) {
    // Whoever tries again must find both files free.
    aside.corrupt?.close()
    aside.eventlog.close()
    throw error
  }
}

const copySalvaged = (
  { eventlog, corrupt, keptAs, done }: SetAsideEventlog,
  newClientId: () => string,
  known: KnownStatus,
): OpenedLog => {
  const old =
    corrupt &&
    readDamaged(
      () => Eventlog.openDamaged(corrupt),
      () => undefined,
    )
  const log = Eventlog.open(eventlog, () => old?.status.clientId || known.clientId || newClientId())
  const highest = (name: 'term' | 'epoch' | 'attachment') => Math.max(known[name] ?? 0, old?.status[name] ?? 0)
  log.raiseTerm(highest('term'))
  // Without an attachment everything is settled; with one nothing is, until it was fetched again.
  const attachment = highest('attachment')
  const status = { epoch: highest('epoch') + 1, attachment: attachment === 0 ? 0 : attachment + 1 }
  if (old === undefined) {
    corrupt?.close()
    log.write({ rows: [], status })
    done()
    return { log, salvaged: { keptAs, events: 0 } }
  }
  const rejected = readDamaged(
    () => old.rejected(),
    () => [],
  )
  const rows = renumber(readWhatCanBeRead(old))
  log.write({ rows, status, rejected })
  old.close()
  done()
  return { log, salvaged: { keptAs, events: rows.length } }
}

/** About a second of look-ups that fail. */
const failuresMax = 20_000
/** Steps across a damaged stretch get longer by one row after so many failures: 20,000 of them cross 780,000 rows. */
const failuresPerStep = 256

type DamagedLog = Pick<Eventlog, 'page'>

/** A page of rows, or `undefined` where one of them cannot be read. */
const tryPage = (old: DamagedLog, after: Position, limit: number) =>
  readDamaged(
    () => old.page(after, limit),
    () => undefined,
  )

/**
 * In pages until one fails; then row by row across the damage, and on in pages. Steps that were longer than one row are
 * taken back where reading works again, so no readable row behind a damaged stretch is lost.
 */
const readWhatCanBeRead = (old: DamagedLog): ReadonlyArray<NumberedEvent> => {
  const rows = new Map<string, NumberedEvent>()
  let after: Position = root
  let failedBehind: Position = root
  let [limit, inARow] = [1000, 0]
  for (let failures = 0; failures < failuresMax;) {
    const stepRows = 1 + Math.floor(inARow / failuresPerStep)
    const page = tryPage(old, after, limit)
    if (page === undefined) {
      failures++
      if (limit > 1) limit = 1
      else {
        failedBehind = after
        after = (stepRows === 1 && nextReadableAt(old, after)) || { global: after.global + stepRows, client: 0 }
        inARow++
      }
      continue
    }
    const last = page.at(-1)
    if (stepRows > 1) after = { global: failedBehind.global + 1, client: 0 }
    else if (last === undefined) break
    else {
      for (const row of page) rows.set(row.event.id, row)
      after = last.seq
      limit = 1000
    }
    inARow = 0
  }
  return Array.from(rows.values())
}

/** No log has as many client-only events behind one synced event. */
const clientMax = 2 ** 32

/**
 * The damage may end among the client-only events of one synced event: the first position of them behind which reading
 * works again, or `undefined` when it goes on behind the last of them.
 */
const nextReadableAt = (old: DamagedLog, { global, client }: Position): Position | undefined => {
  const canRead = (at: number): boolean => tryPage(old, { global, client: at }, 1) !== undefined
  let [unreadable, readable] = [client, clientMax]
  if (!canRead(readable)) return undefined
  while (readable - unreadable > 1) {
    const middle = Math.floor((unreadable + readable) / 2)
    if (canRead(middle)) readable = middle
    else unreadable = middle
  }
  return { global, client: readable }
}

const renumber = (rows: ReadonlyArray<NumberedEvent>): ReadonlyArray<NumberedEvent> => {
  let head = root
  return rows.map(({ event, seq }) => {
    head = next(head, event.isClientOnly, seq.rebaseGeneration)
    return { seq: head, event }
  })
}
