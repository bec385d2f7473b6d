import type { LeaderRequests } from '../channel/LeaderMessage.ts'
import type { EventEnvelope } from '../event/EventEnvelope.ts'
import { compare, equals, type EventSequenceNumber, type Position } from '../event/EventSequenceNumber.ts'
import type { Session } from '../session/Session.ts'

/** An event of the log at its place. `args` are as stored: JSON, not decoded by the schema. */
export interface LoggedEvent {
  readonly position: EventSequenceNumber
  readonly id: string
  readonly name: string
  readonly args: unknown
  readonly clientId: string
  readonly sessionId: string
  readonly createdAt: number
  /** Whatever the backend attached, for instance the author. */
  readonly syncMetadata: unknown
}

/** With `{ pending: true }`: what is not settled comes and may go. `rollback`: everything behind `to` is taken back. */
export type LogStep =
  | { readonly _tag: 'append'; readonly event: LoggedEvent; readonly isSettled: boolean }
  | { readonly _tag: 'rollback'; readonly to: Position }

type LogRows = LeaderRequests['readLog']['answer']
type LogRow = LogRows['rows'][number]

const rowsPerRead = 500

const toLoggedEvent = ({ seq, event, syncMetadataJson }: LogRow): LoggedEvent => ({
  position: seq,
  ...pick(event),
  args: JSON.parse(event.argsJson) as unknown,
  syncMetadata: syncMetadataJson === null ? null : (JSON.parse(syncMetadataJson) as unknown),
})

const pick = ({ id, name, clientId, sessionId, createdAt }: EventEnvelope) => ({
  id,
  name,
  clientId,
  sessionId,
  createdAt,
})

/** Lets a reader wait until something may have happened in the log. A wait that nobody awaits rejects in silence. */
export interface LogNews {
  readonly next: (signal: AbortSignal | undefined) => Promise<void>
}

/** Settled events behind `after`, each once, in order; goes on as the log grows, until the signal or the store ends it. */
export async function* settledEvents(
  session: Session,
  news: LogNews,
  after: Position,
  signal: AbortSignal | undefined,
): AsyncGenerator<LoggedEvent, void, void> {
  let at = after
  for (;;) {
    const wait = news.next(signal)
    const { rows } = await session.questions.ask(
      'readLog',
      { after: at, limit: rowsPerRead, settledOnly: true },
      signal,
    )
    for (const row of rows) {
      at = row.seq
      yield toLoggedEvent(row)
    }
    if (rows.length === 0) await wait
  }
}

/**
 * The whole log behind `after` as steps: folding them gives the log as it stands, at every moment.
 *
 * Within an epoch of an attachment the log only grows, so a read starts behind what was given. A new epoch may have taken
 * some of it back: it is compared, page by page. In a new attachment nothing is settled any more: it is all given anew.
 */
export async function* logSteps(
  session: Session,
  news: LogNews,
  after: Position,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogStep, void, void> {
  /** Rows given out that were not settled then, oldest first. */
  let given: Array<GivenRow> = []
  let settled = after
  let log: LogName | undefined
  const read = (behind: Position): Promise<LogRows> =>
    session.questions.ask('readLog', { after: behind, limit: rowsPerRead, settledOnly: false }, signal)
  for (;;) {
    const wait = news.next(signal)
    const answer = await read(given.at(-1)?.seq ?? settled)
    if (log !== undefined && log.attachment !== answer.attachment && compare(settled, after) > 0) {
      given = []
      settled = after
      log = undefined
      yield { _tag: 'rollback', to: after }
      continue
    }
    if (log !== undefined && !isSameLog(log, answer)) {
      const compared = await compareWithLog(read, settled, given)
      log = compared.log
      if (compared.same < given.length) {
        given.length = compared.same
        yield { _tag: 'rollback', to: given.at(-1)?.seq ?? settled }
      }
      continue
    }
    log = answer
    for (const row of answer.rows) {
      given.push({ seq: row.seq, id: row.event.id })
      yield { _tag: 'append', event: toLoggedEvent(row), isSettled: compare(row.seq, answer.settledHead) <= 0 }
    }
    const unsettled = given.findIndex(({ seq }) => compare(seq, answer.settledHead) > 0)
    const gone = given.splice(0, unsettled === -1 ? given.length : unsettled)
    settled = gone.at(-1)?.seq ?? settled
    if (answer.rows.length === 0) await wait
  }
}

interface GivenRow {
  readonly seq: EventSequenceNumber
  readonly id: string
}

/** Of the same name: one is a prefix of the other. */
type LogName = Pick<LogRows, 'epoch' | 'attachment'>

const isSameLog = (a: LogName, b: LogName): boolean => a.epoch === b.epoch && a.attachment === b.attachment

/** How many of the rows given behind `settled` the log still has. What it did while it was read is begun again. */
const compareWithLog = async (
  read: (behind: Position) => Promise<LogRows>,
  settled: Position,
  given: ReadonlyArray<GivenRow>,
): Promise<{ readonly log: LogName; readonly same: number }> => {
  let log: LogName | undefined
  let same = 0
  for (;;) {
    const answer = await read(given[same - 1]?.seq ?? settled)
    if (log !== undefined && !isSameLog(log, answer)) {
      log = undefined
      same = 0
      continue
    }
    log = answer
    const isAsGiven = ({ seq, event }: LogRow, i: number): boolean => {
      const row = given[same + i]
      return row !== undefined && equals(row.seq, seq) && row.id === event.id
    }
    const differs = answer.rows.findIndex((row, i) => !isAsGiven(row, i))
    same += differs === -1 ? answer.rows.length : differs
    if (differs !== -1 || answer.rows.length === 0 || same === given.length) return { log, same }
  }
}
