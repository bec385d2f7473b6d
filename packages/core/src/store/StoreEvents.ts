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

const pick = ({ id, name, clientId, sessionId, createdAt }: EventEnvelope) => ({ id, name, clientId, sessionId, createdAt })

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
    const { rows } = await session.questions.ask('readLog', { after: at, limit: rowsPerRead, settledOnly: true }, signal)
    for (const row of rows) {
      at = row.seq
      yield toLoggedEvent(row)
    }
    if (rows.length === 0) await wait
  }
}

/** The whole log behind `after` as steps: folding them gives the log as it stands, at every moment. */
export async function* logSteps(
  session: Session,
  news: LogNews,
  after: Position,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogStep, void, void> {
  /** Rows given out that were not settled then, oldest first. */
  let given: Array<LogRow> = []
  let settled = after
  for (;;) {
    const wait = news.next(signal)
    const read = await session.questions.ask('readLog', { after: settled, limit: given.length + rowsPerRead, settledOnly: false }, signal)
    const same = commonLength(given, read.rows)
    if (same < given.length) {
      given = given.slice(0, same)
      yield { _tag: 'rollback', to: given.at(-1)?.seq ?? settled }
    }
    const fresh = read.rows.slice(same)
    for (const row of fresh) yield { _tag: 'append', event: toLoggedEvent(row), isSettled: compare(row.seq, read.settledHead) <= 0 }
    given = [...given, ...fresh]
    while (given[0] !== undefined && compare(given[0].seq, read.settledHead) <= 0) settled = given.shift()!.seq
    if (fresh.length === 0) await wait
  }
}

const commonLength = (a: ReadonlyArray<LogRow>, b: ReadonlyArray<LogRow>): number => {
  let length = 0
  while (length < a.length && length < b.length && equals(a[length]!.seq, b[length]!.seq) && a[length]!.event.id === b[length]!.event.id) length++
  return length
}
