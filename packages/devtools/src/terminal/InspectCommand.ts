import { styleText } from 'node:util'
import type { StoreFolder } from '@headwater/adapter-node'
import { formatPosition, type RejectedRow } from '@headwater/core'
import { timeText } from '../inspect/TimeText.ts'
import { EventlogFile, type EventFilter, type FileEvent } from './EventlogFile.ts'
import { type LogChange, LogFollower } from './LogFollower.ts'
import { lines, type Output } from './Output.ts'
import { StateFile } from './StateFile.ts'
import { factsOrFailure, readStoreFacts, type StoreFacts } from './StoreFacts.ts'
import { storeAt, storesAt } from './StoreSelection.ts'
import { eventsText, quarantinedText, rejectedText, storesText, storeText, tableText } from './StoreText.ts'
import { printable, shortened } from './TextTable.ts'
import { Usage } from './TerminalError.ts'

export interface InspectOptions {
  readonly path: string
  readonly storeId: string | undefined
  readonly filter: EventFilter
  /** Only skipped ones. */
  readonly isQuarantined: boolean
  readonly hasArgs: boolean
  readonly table: string | undefined
  readonly offset: number
  readonly isChecked: boolean
  readonly isJson: boolean
  readonly isFollowing: boolean
  /** Ends following. */
  readonly signal: AbortSignal
}

/** Answers the exit code: 1 if files are damaged. **Fails with** as what it reads. */
export const inspect = async (options: InspectOptions, output: Output): Promise<number> => {
  const { path, storeId, isFollowing, table } = options
  if (table !== undefined) return printTable(storeAt(path, storeId), table, options, output)
  if (isFollowing) return await follow(storeAt(path, storeId), options, output)
  const folders = storesAt(path, storeId)
  const now = Date.now()
  const read = { isChecked: options.isChecked, now }
  // One that cannot be read does not keep the others from being shown.
  const all = folders.map((folder) => (folders.length === 1 ? readStoreFacts : factsOrFailure)(folder, read))
  if (options.isJson) printJson(folders, all, options, output)
  else if (all.length > 1)
    lines(output, [...storesText(all, now), '', `One of them: headwater inspect ${path} --store ID`])
  else printStore(folders[0]!, all[0]!, options, now, output)
  return all.some(({ faults, log }) => log === null || (faults?.length ?? 0) > 0) ? 1 : 0
}

interface StoreEvents {
  readonly events: ReadonlyArray<FileEvent>
  readonly rejected: ReadonlyArray<RejectedRow>
  readonly quarantined: ReadonlyArray<FileEvent>
}

const noEvents: StoreEvents = { events: [], rejected: [], quarantined: [] }

const readEvents = ({ eventlog }: StoreFolder, facts: StoreFacts, options: InspectOptions): StoreEvents => {
  if (eventlog === null) return noEvents
  const file = new EventlogFile(eventlog)
  try {
    const ids = facts.state?.quarantined.map(({ eventId }) => eventId) ?? []
    return {
      events: file.events({ ...options.filter, ...(options.isQuarantined ? { ids } : {}) }),
      rejected: file.rejected(),
      quarantined: file.events({ ids, limit: ids.length }),
    }
  } finally {
    file.close()
  }
}

const printStore = (
  folder: StoreFolder,
  facts: StoreFacts,
  options: InspectOptions,
  now: number,
  output: Output,
): void => {
  const { events, rejected, quarantined } = readEvents(folder, facts, options)
  const { hasArgs, path } = options
  const quarantinedIds = new Set(facts.state?.quarantined.map(({ eventId }) => eventId))
  lines(output, storeText(facts, now))
  const section = (title: string, body: ReadonlyArray<string>): void => {
    if (body.length > 0) lines(output, ['', styleText('bold', title), ...body.map((line) => `  ${line}`)])
  }
  section('Refused', rejectedText(rejected, { hasArgs, now }))
  const nameById = new Map(quarantined.map(({ id, name }) => [id, name]))
  section('In quarantine', quarantinedText(facts.state?.quarantined ?? [], nameById))
  section(
    eventsTitle(facts, events, options),
    eventsText(events, { quarantinedIds, clientId: facts.log?.clientId ?? '', hasArgs, now }),
  )
  if (rejected.some(({ isDismissed }) => !isDismissed))
    lines(output, ['', `With the app closed: headwater retry ${path} EVENT, or headwater discard ${path} EVENT`])
}

const eventsTitle = ({ log }: StoreFacts, events: ReadonlyArray<FileEvent>, options: InspectOptions): string => {
  const { stage, isClientOnly, name } = options.filter
  const of = [
    stage,
    isClientOnly === true ? 'client-only' : undefined,
    options.isQuarantined ? 'quarantined' : undefined,
    name === undefined ? undefined : `named ${name}`,
  ].filter((part) => part !== undefined)
  return of.length === 0
    ? `The last ${events.length} of ${log?.events ?? 0} events`
    : `The last ${events.length} ${events.length === 1 ? 'event that is' : 'events that are'} ${of.join(', ')}`
}

const printJson = (
  folders: ReadonlyArray<StoreFolder>,
  all: ReadonlyArray<StoreFacts>,
  options: InspectOptions,
  output: Output,
): void => {
  const stores = all.map((facts, i) => {
    const { events, rejected } = facts.log === null ? noEvents : readEvents(folders[i]!, facts, options)
    return { ...facts, rejected: rejected.map(jsonRejected(options)), events: events.map(jsonEvent(options)) }
  })
  output.line(JSON.stringify({ stores }, null, 2))
}

const jsonEvent =
  ({ hasArgs }: InspectOptions) =>
  ({ argsJson, syncMetadataJson, ...event }: FileEvent) => ({
    ...event,
    ...(hasArgs ? { argsJson, syncMetadataJson } : {}),
  })

const jsonRejected =
  ({ hasArgs }: InspectOptions) =>
  ({ event: { argsJson, ...event }, ...row }: RejectedRow) => ({
    ...row,
    event: { ...event, ...(hasArgs ? { argsJson } : {}) },
  })

const printTable = (folder: StoreFolder, table: string, options: InspectOptions, output: Output): number => {
  const { filter, offset, isJson } = options
  const file = folder.state === null ? undefined : new StateFile(folder.state)
  try {
    const page = file?.rows(table, filter.limit, offset)
    if (page === undefined) {
      const known = file?.tables().map(({ name }) => name) ?? []
      throw new Usage({
        problem: `${folder.storeId} has no table "${table}"; its tables are ${known.join(', ') || 'none'}`,
      })
    }
    if (isJson) output.line(JSON.stringify({ ...page, offset }, jsonValue, 2))
    else lines(output, tableText(page))
    return 0
  } finally {
    file?.close()
  }
}

/** What JSON has no form for: integers beyond 2^53 as text, bytes as a list. */
const jsonValue = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return value instanceof Uint8Array ? Array.from(value) : value
}

// ------------------------------------------------------------------------------------------------------------ follow

/** Sooner than people notice; two file statuses a look. **Units** ms. */
const lookEveryMs = 200

const follow = async (folder: StoreFolder, options: InspectOptions, output: Output): Promise<number> => {
  const { signal, isJson } = options
  const follower = new LogFollower(folder, options.filter.limit)
  while (!signal.aborted) {
    for (const change of follower.look()) {
      if (!isShown(change, options)) continue
      output.line(isJson ? jsonChange(change, options) : changeText(change, options))
    }
    await aborted(signal, lookEveryMs)
  }
  return 0
}

const isShown = (change: LogChange, { filter: { name, isClientOnly } }: InspectOptions): boolean => {
  if (change._tag !== 'event') return true
  const { event } = change
  if (isClientOnly !== undefined && event.isClientOnly !== isClientOnly) return false
  return name === undefined || globMatches(name, event.name)
}

/** As SQLite's GLOB with `*` and `?`. */
const globMatches = (glob: string, text: string): boolean => {
  const pattern = glob.replaceAll(/[^*?]/g, (character) => character.replace(/[\\^$.|+()[\]{}]/, String.raw`\$&`))
  return new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text)
}

const changeText = (change: LogChange, { hasArgs }: InspectOptions): string => {
  const now = Date.now()
  const at = styleText('dim', timeText(now, now))
  switch (change._tag) {
    case 'event': {
      const { event } = change
      const kind = event.isClientOnly ? ' client-only' : ''
      const args = hasArgs ? `  ${printable(shortened(event.argsJson, 100))}` : ''
      return `${at}  + ${formatPosition(event.position)}  ${printable(event.name)}  ${event.stage}${kind}  ${styleText('dim', event.id)}${args}`
    }
    case 'rollback':
      return `${at}  ${styleText('magenta', `↶ rolled back to ${formatPosition(change.to)}: ${change.count} taken back`)}`
    case 'settled':
      return `${at}  ${styleText('green', `✓ settled up to ${formatPosition(change.head)}`)}`
    case 'rejected':
      return `${at}  ${styleText('red', `✗ ${change.row.reason}: ${printable(change.row.event.name)} ${change.row.event.id}: ${printable(change.row.detail)}`)}`
    case 'quarantined':
      return `${at}  ${styleText('yellow', `▲ in quarantine: ${formatPosition(change.row.position)} ${change.row.eventId}: ${printable(change.row.error)}`)}`
    case 'replaced':
      return `${at}  ${styleText('red', 'the files were deleted or replaced')}`
  }
}

const jsonChange = (change: LogChange, options: InspectOptions): string =>
  JSON.stringify(
    change._tag === 'event'
      ? { ...change, event: jsonEvent(options)(change.event) }
      : change._tag === 'rejected'
        ? { ...change, row: jsonRejected(options)(change.row) }
        : change,
  )

const aborted = (signal: AbortSignal, afterMs: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, afterMs)
    signal.addEventListener('abort', done, { once: true })
  })
