/** What a store's eventlog file says, read in one transaction: heads, counts, events, dead letters. */
import { type Position, type RejectedRow, type StoredEvent } from '@headwater/core'
import { Eventlog, type LogRow, type SqliteConnection, type SqliteValue } from '@headwater/core/adapter'
import { type EventStage, loggedStage } from '../inspect/EventStage.ts'
import { guarded, openReadOnly } from './ReadOnlyDatabase.ts'

/** Heads and counts of a log. */
export interface LogSummary {
  readonly clientId: string
  readonly backendId: string | null
  readonly attachment: number
  readonly epoch: number
  readonly term: number
  readonly localHead: LogRow['seq']
  readonly settledHead: LogRow['seq']
  readonly events: number
  readonly clientOnly: number
  /** Events behind the settled head. */
  readonly unsettled: number
  /** Ms since 1970; `null` without one. */
  readonly oldestUnsettledAt: number | null
  /** Dead letters that nobody has dismissed, and those that were. */
  readonly rejected: number
  readonly dismissed: number
}

export interface EventFilter {
  readonly stage?: Exclude<EventStage, 'pending' | 'rejected'>
  readonly isClientOnly?: boolean
  /** With `*` for any text: `todo*`. */
  readonly name?: string
  /** Of these only. */
  readonly ids?: ReadonlyArray<string>
  /** The newest of them. */
  readonly limit: number
}

export interface FileEvent extends StoredEvent {
  readonly stage: 'persisted' | 'settled'
}

export class EventlogFile {
  readonly #path: string
  readonly #connection: SqliteConnection
  readonly #log: Eventlog
  readonly settledHead: LogRow['seq']

  /** **Fails with** `FileUnreadable`, `FormatUnsupported`, `SqliteError`. */
  constructor(path: string) {
    this.#path = path
    this.#connection = openReadOnly(path)
    try {
      const isEmpty = this.#connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
      // Of an empty file, left by a crash, the copy gets its tables here.
      if (!isEmpty) this.#connection.exec('BEGIN')
      this.#log = guarded(path, () => Eventlog.open(this.#connection, () => ''))
      const { attachment, head } = this.#log.status
      this.settledHead = this.#read(() => (attachment === 0 ? this.#log.localHead() : this.#log.lastAtGlobal(head)))
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  #read<A>(read: () => A): A {
    return guarded(this.#path, read)
  }

  get localHead(): LogRow['seq'] {
    return this.#read(() => this.#log.localHead())
  }

  get epoch(): number {
    return this.#log.status.epoch
  }

  get clientId(): string {
    return this.#log.status.clientId
  }

  summary(): LogSummary {
    return this.#read(() => {
      const { clientId, backendId, attachment, epoch, term } = this.#log.status
      const { global, client } = this.settledHead
      const counts = this.#row(
        `SELECT count(*), coalesce(sum(seqNumClient > 0), 0),
           coalesce(sum((seqNumGlobal, seqNumClient) > (${global}, ${client})), 0),
           min(CASE WHEN (seqNumGlobal, seqNumClient) > (${global}, ${client}) THEN createdAt END) FROM eventlog`,
      )
      const rejected = this.#log.rejected()
      const dismissed = rejected.filter(({ isDismissed }) => isDismissed).length
      return {
        clientId,
        backendId,
        attachment,
        epoch,
        term,
        localHead: this.#log.localHead(),
        settledHead: this.settledHead,
        events: Number(counts[0]),
        clientOnly: Number(counts[1]),
        unsettled: Number(counts[2]),
        oldestUnsettledAt: counts[3] === null ? null : Number(counts[3]),
        rejected: rejected.length - dismissed,
        dismissed,
      }
    })
  }

  #row(sql: string): ReadonlyArray<SqliteValue> {
    return this.#connection.prepare(sql).get() ?? []
  }

  /** **Shape**  oldest first. */
  events({ stage, isClientOnly, name, ids, limit }: EventFilter): ReadonlyArray<FileEvent> {
    const { global, client } = this.settledHead
    const conditions: ReadonlyArray<readonly [sql: string, ...params: ReadonlyArray<SqliteValue>]> = [
      ...(stage === undefined
        ? []
        : [[`(seqNumGlobal, seqNumClient) ${stage === 'settled' ? '<=' : '>'} (${global}, ${client})`] as const]),
      ...(isClientOnly === undefined ? [] : [[`seqNumClient ${isClientOnly ? '> 0' : '= 0'}`] as const]),
      ...(name === undefined ? [] : [['name GLOB ?', name] as const]),
      ...(ids === undefined ? [] : [['eventId IN (SELECT value FROM json_each(?))', JSON.stringify(ids)] as const]),
    ]
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`
    return this.#read(() =>
      this.#connection
        .prepare(
          `SELECT seqNumGlobal, seqNumClient FROM eventlog ${where} ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT ?`,
        )
        .all([...conditions.flatMap(([, ...params]) => params), limit])
        .reverse()
        .map(([at, behind]) => this.#stored(this.#log.at({ global: at as number, client: behind as number })!)),
    )
  }

  /** **Shape**  oldest first, strictly behind `after`, at most `limit`. */
  page(after: Position, limit: number): ReadonlyArray<FileEvent> {
    return this.#read(() => this.#log.page(after, limit).map((row) => this.#stored(row)))
  }

  idAt(position: Position): string | undefined {
    return this.#read(() => this.#log.at(position)?.event.id)
  }

  /** Dismissed ones too, oldest first. */
  rejected(): ReadonlyArray<RejectedRow> {
    return this.#read(() => this.#log.rejected())
  }

  /** What is wrong with the file and the log in it; nothing if all is well. Reads all of it. */
  faults(): ReadonlyArray<string> {
    return this.#read(() => [...pageFaults(this.#connection), ...this.#logFaults()])
  }

  /** Law L9: no gap, ever; and every parent is where it is said to be. */
  #logFaults(): ReadonlyArray<string> {
    const [gap] = this.#row(
      `SELECT min('e' || seqNumGlobal || CASE WHEN seqNumClient > 0 THEN '.' || seqNumClient ELSE '' END) FROM eventlog AS row
       WHERE (parentSeqNumGlobal, parentSeqNumClient) IS NOT (0, 0) AND NOT EXISTS (SELECT 1 FROM eventlog AS parent
         WHERE (parent.seqNumGlobal, parent.seqNumClient) = (row.parentSeqNumGlobal, row.parentSeqNumClient))`,
    )
    const { head, headEventId, attachment } = this.#log.status
    const settled = this.#log.at({ global: head, client: 0 })
    return [
      ...(gap === null || gap === undefined ? [] : [`the event before ${String(gap)} is missing`]),
      ...(attachment > 0 && head > 0 && settled?.event.id !== headEventId
        ? [`the settled head e${head} is another event than the one that was confirmed`]
        : []),
    ]
  }

  #stored({ seq, event, syncMetadataJson }: LogRow): FileEvent {
    return { position: seq, ...event, syncMetadataJson, stage: loggedStage(seq, this.settledHead) }
  }

  close(): void {
    this.#connection.close()
  }
}

/** SQLite's own look at a file. **Shape** at most ten. */
export const pageFaults = (connection: SqliteConnection): ReadonlyArray<string> =>
  connection
    .prepare('PRAGMA quick_check(10)')
    .all()
    .map(([found]) => String(found))
    .filter((found) => found !== 'ok')
