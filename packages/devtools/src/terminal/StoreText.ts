/** What `headwater inspect` prints. Nothing people wrote reaches the terminal as a command (`printable`). */
import { styleText } from 'node:util'
import { formatPosition, type QuarantinedEvent, type RejectedRow } from '@headwater/core'
import { timeText } from '../inspect/TimeText.ts'
import { events as countText, type Finding, type Severity } from '../inspect/Diagnosis.ts'
import type { FileEvent } from './EventlogFile.ts'
import { stateHeadText, type TablePage } from './StateFile.ts'
import type { StoreFacts } from './StoreFacts.ts'
import { printable, shortened, sizeText, textTable } from './TextTable.ts'

const mark: Readonly<Record<Severity, string>> = {
  ok: styleText('green', '●'),
  info: styleText('cyan', '●'),
  warning: styleText('yellow', '▲'),
  error: styleText('red', '✗'),
}

const dim = (text: string): string => styleText('dim', text)

const holderText = ({ holder }: StoreFacts, now: number): string => {
  if (holder === null) return dim('not open')
  const since = Date.parse(holder.since)
  const when = Number.isNaN(since) ? '' : `, since ${timeText(since, now)}`
  return `open in process ${holder.pid}${dim(`${when} on ${printable(holder.hostname)}`)}`
}

/** One line a store. */
export const storesText = (stores: ReadonlyArray<StoreFacts>, now: number): ReadonlyArray<string> =>
  textTable(
    stores.map((facts) => [
      `${mark[worstOf(facts.findings)]} ${styleText('bold', facts.storeId)}`,
      printable(facts.findings[0]?.title ?? ''),
      facts.log !== null && facts.log.rejected > 0 ? styleText('red', `${facts.log.rejected} refused`) : '',
      (facts.state?.quarantined.length ?? 0) > 0
        ? styleText('yellow', `${facts.state?.quarantined.length} in quarantine`)
        : '',
      holderText(facts, now),
    ]),
  )

const severities: ReadonlyArray<Severity> = ['error', 'warning', 'info', 'ok']

const worstOf = (findings: ReadonlyArray<Finding>): Severity =>
  severities.find((severity) => findings.some((one) => one.severity === severity)) ?? 'ok'

/** Everything about one store but its events. */
export const storeText = (facts: StoreFacts, now: number): ReadonlyArray<string> => [
  `${styleText('bold', facts.storeId)}  ${holderText(facts, now)}  ${dim(facts.folder)}`,
  '',
  ...facts.findings.flatMap(findingText),
  '',
  ...textTable([...headRows(facts), ...tableRows(facts), ...fileRows(facts, now)]).map((line) => `  ${line}`),
]

const findingText = ({ severity, title, detail, advice }: Finding): ReadonlyArray<string> => [
  `${mark[severity]} ${styleText('bold', printable(title))}`,
  ...(detail === '' ? [] : [`  ${printable(detail)}`]),
  ...(advice === null ? [] : [`  ${dim('→')} ${printable(advice)}`]),
]

const headRows = ({ log, state }: StoreFacts): ReadonlyArray<ReadonlyArray<string>> => {
  if (log === null) return []
  const { localHead, settledHead, backendId, clientId, epoch, term, attachment } = log
  const backend = backendId ?? (attachment === 0 ? 'none' : 'not heard of yet')
  return [
    [dim('heads'), `local ${formatPosition(localHead)}, settled ${formatPosition(settledHead)}`],
    [dim('tables at'), state === null ? 'no state database' : stateHeadText(state)],
    [dim('log'), `${countText(log.events)}, ${log.unsettled} unsettled, ${log.clientOnly} client-only`],
    [dim('backend'), printable(backend)],
    [dim('client'), `${printable(clientId)}, epoch ${epoch}, term ${term}, attachment ${attachment}`],
  ]
}

const tableRows = ({ tables, state }: StoreFacts): ReadonlyArray<ReadonlyArray<string>> => [
  [
    dim('tables'),
    tables.map(({ name, rows }) => `${printable(name)} ${rows.toLocaleString('en')}`).join(', ') || 'none',
  ],
  ...(state === null ? [] : [[dim('changesets'), `${state.changesets.count}, ${sizeText(state.changesets.bytes)}`]]),
]

/** Locks and shared memory hold nothing of the store's. */
const isOwn = ({ name }: StoreFacts['files'][number]): boolean => !name.startsWith('lock.db') && !name.endsWith('-shm')

const fileRows = ({ files, faults }: StoreFacts, now: number): ReadonlyArray<ReadonlyArray<string>> => [
  [
    dim('files'),
    files
      .filter(isOwn)
      .map(({ name, sizeBytes }) => `${printable(name)} ${sizeText(sizeBytes)}`)
      .join(', '),
  ],
  [
    dim('integrity'),
    faults === null
      ? 'not looked at: the files are large, --check does'
      : faults.length === 0
        ? `no faults at ${timeText(now, now)}`
        : styleText('red', `${faults.length} faults`),
  ],
]

export interface EventsTextOptions {
  readonly quarantinedIds: ReadonlySet<string>
  readonly clientId: string
  readonly hasArgs: boolean
  readonly now: number
}

/** One line an event, oldest first. */
export const eventsText = (events: ReadonlyArray<FileEvent>, options: EventsTextOptions): ReadonlyArray<string> =>
  textTable(events.map((event) => eventRow(event, options)))

/** About a line of a terminal. */
const argsLengthMax = 100

const eventRow = (
  event: FileEvent,
  { quarantinedIds, clientId, hasArgs, now }: EventsTextOptions,
): ReadonlyArray<string> => [
  formatPosition(event.position),
  event.stage === 'settled' ? dim('settled') : styleText('yellow', event.stage),
  printable(event.name),
  timeText(event.createdAt, now),
  event.clientId === clientId ? 'here' : dim('elsewhere'),
  dim(event.id),
  [
    event.isClientOnly ? 'client-only' : '',
    quarantinedIds.has(event.id) ? styleText('yellow', 'quarantined') : '',
    hasArgs ? printable(shortened(event.argsJson, argsLengthMax)) : '',
  ]
    .filter((part) => part !== '')
    .join('  '),
]

/** Dead letters, a line each. */
export const rejectedText = (
  rows: ReadonlyArray<RejectedRow>,
  { hasArgs, now }: Pick<EventsTextOptions, 'hasArgs' | 'now'>,
): ReadonlyArray<string> =>
  textTable(
    rows.map(({ event, reason, detail, isDismissed }) => [
      isDismissed ? dim('discarded') : styleText('red', reason),
      printable(event.name),
      timeText(event.createdAt, now),
      dim(event.id),
      shortened(printable(detail), argsLengthMax),
      hasArgs ? printable(shortened(event.argsJson, argsLengthMax)) : '',
    ]),
  )

export const quarantinedText = (
  rows: ReadonlyArray<QuarantinedEvent>,
  nameById: ReadonlyMap<string, string>,
): ReadonlyArray<string> =>
  textTable(
    rows.map(({ eventId, position, error }) => [
      formatPosition(position),
      printable(nameById.get(eventId) ?? ''),
      dim(eventId),
      shortened(printable(error), argsLengthMax),
    ]),
  )

/** A page of a table's rows under its columns. */
export const tableText = ({ columns, rows }: TablePage): ReadonlyArray<string> =>
  textTable([columns.map((name) => styleText('bold', printable(name))), ...rows.map((row) => row.map(cellText))])

const cellLengthMax = 48

const cellText = (value: TablePage['rows'][number][number]): string =>
  value === null
    ? dim('NULL')
    : shortened(printable(value instanceof Uint8Array ? `<${value.length} bytes>` : String(value)), cellLengthMax)
