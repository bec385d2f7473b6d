/**
 * The format of exported logs, version 1: UTF-8, one JSON object a line, any number of logs behind each other.
 *
 * | Line                                                  | Where                              | Fields                                                       |
 * | ----------------------------------------------------- | ---------------------------------- | ------------------------------------------------------------ |
 * | `{"headwater":"logs","format":1,"exportedAt":"…"}`    | first                              |                                                              |
 * | `{"log":"demo","backendId":"…","head":{…}}`           | begins a log                       | the store's id; `head` is the port's position of its last event |
 * | `{"mark":"…","event":{…}}`                            | once for each event, in order      | the mark of the append that wrote it; the `PulledEvent`      |
 * | `{"claim":"…","principal":"…"}`                       | behind the events                  | a client of this store, and whose it is                      |
 * | `{"end":"demo","events":3,"claims":1,"sha256":"…"}`   | ends a log                         | counts; the hash is of all bytes of the file before this line |
 * | `{"logs":1,"sha256":"…"}`                             | last                               | counts; the hash likewise                                    |
 *
 * A file is whole if and only if: every line is one of these, in this order; the events of a log are 1, 2, 3, …, each names the one
 * before as its parent, no id occurs twice, and the last is the head; counts and hashes are right; and nothing stands behind the
 * last line. Whoever reads it checks all of that before anything is stored ({@link readLogFile}).
 *
 * A reader refuses a `format` that it does not know. What is added later without harm to older readers is more fields.
 */
import { createHash, type Hash } from 'node:crypto'
import { WirePulledEvent } from '@headwater/backend-http/protocol'
import { type BackendPosition, type PulledEvent, storeIdPattern } from '@headwater/core/backend'
import * as Data from 'effect/Data'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'

export const logFileFormat = 1

/** What a log is, beside its events. */
export interface LogHeader {
  readonly storeId: string
  readonly backendId: string
  readonly head: BackendPosition
}

export interface ArchivedEvent {
  readonly mark: string
  /** **Shape** the JSON of a `PulledEvent`. */
  readonly json: string
}

export interface ArchivedClaim {
  readonly clientId: string
  readonly principalId: string
}

/** Why a file of logs is not taken. The message says where it is wrong. */
export class LogFileError extends Data.TaggedError('LogFileError')<{
  readonly reason: 'Unreadable' | 'NotALogFile' | 'NewerFormat' | 'Damaged' | 'Incomplete' | 'WrongStore'
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Makes the lines of a file. **Shape** each answer is text to be written, in this order. */
export interface LogFileWriter {
  readonly begin: (exportedAt: Date) => string
  readonly beginLog: (log: LogHeader) => string
  readonly events: (events: ReadonlyArray<ArchivedEvent>) => string
  readonly claims: (claims: ReadonlyArray<ArchivedClaim>) => string
  readonly endLog: () => string
  readonly end: () => string
}

export const logFileWriter = (): LogFileWriter => {
  const hash = createHash('sha256')
  const hashed = (text: string): string => {
    hash.update(text)
    return text
  }
  const line = (fields: object): string => hashed(`${JSON.stringify(fields)}\n`)
  const counts = { logs: 0, events: 0, claims: 0, storeId: '' }
  return {
    begin: (exportedAt) => line({ headwater: 'logs', format: logFileFormat, exportedAt: exportedAt.toISOString() }),
    beginLog: ({ storeId, backendId, head }) => {
      Object.assign(counts, { logs: counts.logs + 1, events: 0, claims: 0, storeId })
      return line({ log: storeId, backendId, head })
    },
    events: (events) => {
      counts.events += events.length
      return hashed(events.map(({ mark, json }) => `{"mark":${JSON.stringify(mark)},"event":${json}}\n`).join(''))
    },
    claims: (claims) => {
      counts.claims += claims.length
      return claims.map(({ clientId, principalId }) => line({ claim: clientId, principal: principalId })).join('')
    },
    endLog: () => {
      const { storeId, events, claims } = counts
      return line({ end: storeId, events, claims, sha256: digestOf(hash) })
    },
    end: () => line({ logs: counts.logs, sha256: digestOf(hash) }),
  }
}

const digestOf = (hash: Hash): string => hash.copy().digest('hex')

/** What a file holds, one thing after the other. */
export type LogFileItem =
  | { readonly _tag: 'Log'; readonly log: LogHeader }
  | { readonly _tag: 'Event'; readonly mark: string; readonly event: PulledEvent }
  | { readonly _tag: 'Claim'; readonly claim: ArchivedClaim }
  | { readonly _tag: 'LogEnd' }

const FileLine = Schema.fromJsonString(Schema.Struct({ headwater: Schema.Literal('logs'), format: Schema.Natural }))
const Text = Schema.String.pipe(Schema.check(Schema.isBetweenLength(1, 256)))
const Counted = Schema.Natural
const LogLine = Schema.Struct({
  log: Schema.String.pipe(Schema.check(Schema.isPattern(storeIdPattern))),
  backendId: Text,
  head: Schema.Struct({ global: Counted, eventId: Schema.NullOr(Text) }),
})
const EventLine = Schema.Struct({
  mark: Schema.String.pipe(Schema.check(Schema.isPattern(/^[\w-]{1,64}$/))),
  event: WirePulledEvent,
})
const ClaimLine = Schema.Struct({ claim: Text, principal: Schema.String })
const LogEndLine = Schema.Struct({ end: Schema.String, events: Counted, claims: Counted, sha256: Schema.String })
const EndLine = Schema.Struct({ logs: Counted, sha256: Schema.String })

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const decodeFileLine = Schema.decodeUnknownOption(FileLine)
const [decodeEvent, decodeClaim, decodeLog, decodeLogEnd, decodeEnd] = [
  Schema.decodeUnknownOption(EventLine),
  Schema.decodeUnknownOption(ClaimLine),
  Schema.decodeUnknownOption(LogLine),
  Schema.decodeUnknownOption(LogEndLine),
  Schema.decodeUnknownOption(EndLine),
]

/** By the field that each kind of line has for itself. */
const decodeLine = (text: string) => {
  const line = Option.getOrUndefined(decodeJson(text))
  if (typeof line !== 'object' || line === null) return undefined
  if ('event' in line) return Option.getOrUndefined(decodeEvent(line))
  if ('claim' in line) return Option.getOrUndefined(decodeClaim(line))
  if ('log' in line) return Option.getOrUndefined(decodeLog(line))
  if ('end' in line) return Option.getOrUndefined(decodeLogEnd(line))
  return Option.getOrUndefined(decodeEnd(line))
}

/** The log that is being read. */
interface OpenLog {
  readonly log: LogHeader
  readonly ids: Set<string>
  last: BackendPosition
  claims: number
}

/**
 * Reads a file and checks it on the way: what comes out is right up to there, but the file is whole only when the reading has come
 * to its end.
 *
 * **Shape** `lines`: without their ends, the last one too.
 *
 * **Fails with**  `LogFileError`, thrown.
 */
export function* readLogFile(lines: Iterable<string>): Generator<LogFileItem> {
  const hash = createHash('sha256')
  let [number, logs, isOver]: [number, number, boolean] = [0, 0, false]
  let open: OpenLog | undefined
  const damaged = (what: string): LogFileError =>
    new LogFileError({ reason: 'Damaged', detail: `line ${number}: ${what}` })
  for (const text of lines) {
    number += 1
    if (isOver) throw damaged('there is more behind the end')
    if (number === 1) {
      checkFileLine(text)
    } else {
      const line = decodeLine(text)
      if (line === undefined) throw damaged('it cannot be read')
      if ('event' in line) {
        const fault = open === undefined || open.claims > 0 ? 'an event outside of a log' : eventFault(open, line.event)
        if (open === undefined || fault !== undefined) throw damaged(fault ?? 'an event outside of a log')
        yield { _tag: 'Event', mark: line.mark, event: line.event }
      } else if ('claim' in line) {
        if (open === undefined) throw damaged('a claim outside of a log')
        open.claims += 1
        yield { _tag: 'Claim', claim: { clientId: line.claim, principalId: line.principal } }
      } else if ('log' in line) {
        if (open !== undefined) throw damaged(`the log of ${open.log.storeId} has no end`)
        const log = { storeId: line.log, backendId: line.backendId, head: line.head }
        open = { log, ids: new Set(), last: { global: 0, eventId: null }, claims: 0 }
        logs += 1
        yield { _tag: 'Log', log }
      } else if ('end' in line) {
        if (open === undefined) throw damaged('the end of no log')
        const fault = endFault(open, line, digestOf(hash))
        if (fault !== undefined) throw damaged(fault)
        open = undefined
        yield { _tag: 'LogEnd' }
      } else {
        if (open !== undefined) throw damaged(`the log of ${open.log.storeId} has no end`)
        if (line.logs !== logs) throw damaged(`${logs} logs, the end says ${line.logs}`)
        if (line.sha256 !== digestOf(hash)) throw damaged('the hash is another')
        isOver = true
      }
    }
    hash.update(text).update('\n')
  }
  if (!isOver) {
    const detail = `the file ends with line ${number}, in the midst of what was written; export it again`
    throw new LogFileError({ reason: number === 0 ? 'NotALogFile' : 'Incomplete', detail })
  }
}

const checkFileLine = (text: string): void => {
  const line = Option.getOrUndefined(decodeFileLine(text))
  if (line === undefined)
    throw new LogFileError({ reason: 'NotALogFile', detail: 'this is no file of headwater-server export' })
  if (line.format === logFileFormat) return
  const detail = `the file has format ${line.format}, this version knows ${logFileFormat}; run the headwater-server that wrote it`
  throw new LogFileError({ reason: 'NewerFormat', detail })
}

/** What is wrong with the next event of a log; takes it, if nothing is. */
const eventFault = (open: OpenLog, event: PulledEvent): string | undefined => {
  const { last, ids } = open
  if (event.global !== last.global + 1) return `e${event.global} stands behind e${last.global}`
  if (event.parentGlobal !== last.global || event.parentId !== last.eventId)
    return `e${event.global} names another parent than the event before`
  if (ids.has(event.id)) return `e${event.global} has the id of an event before it`
  ids.add(event.id)
  open.last = { global: event.global, eventId: event.id }
  return undefined
}

const endFault = (open: OpenLog, line: typeof LogEndLine.Type, sha256: string): string | undefined => {
  const { log, last, claims } = open
  if (line.end !== log.storeId) return `the end of ${line.end} in the log of ${log.storeId}`
  if (line.events !== last.global || line.claims !== claims)
    return `${last.global} events and ${claims} claims, the end says ${line.events} and ${line.claims}`
  if (log.head.global !== last.global || log.head.eventId !== last.eventId)
    return `the log ends with e${last.global}, its head says e${log.head.global}`
  return line.sha256 === sha256 ? undefined : 'the hash is another'
}
