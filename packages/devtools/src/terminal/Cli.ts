import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  DirectoryUnusable,
  StoreExists,
  StoreLocked,
  StoreNotFound,
  UnsupportedPlatform,
} from '@headwater/adapter-node'
import { InvalidStoreId } from '@headwater/core'
import { FormatUnsupported, SqliteError } from '@headwater/core/adapter'
import { reportEventsMax } from '../inspect/StoreReport.ts'
import { fileReport, versionOf } from './FileReport.ts'
import { inspect } from './InspectCommand.ts'
import { lines, type Output } from './Output.ts'
import { readReport, replayReport } from './replay.ts'
import { discardEvents, type Repaired, retryEvents } from './StoreRepair.ts'
import { storeAt } from './StoreSelection.ts'
import {
  EventNotChosen,
  FileUnreadable,
  NoStore,
  ReportUnusable,
  StoreNotChosen,
  StoreOpen,
  Usage,
} from './TerminalError.ts'
import { printable, sizeText } from './TextTable.ts'

const help = `headwater: looks into Headwater's stores on this machine, also while their apps run

  headwater inspect DIR [--store ID] [--events N] [--stage STAGE] [--name GLOB] [--args] [--follow] [--check] [--json]
  headwater inspect DIR [--store ID] --table NAME [--events N] [--offset N] [--json]
  headwater report DIR [--store ID] [--raw] [--all] [--out FILE]
  headwater replay FILE --into DIR [--store ID]
  headwater retry DIR [--store ID] EVENT…
  headwater discard DIR [--store ID] EVENT…

  DIR             the directory that nodeAdapter was given, or one store's folder in it
  --store ID      one of several stores
  --events N      how many events, newest last; of a table how many rows (default 20)
  --stage STAGE   persisted (not confirmed by the backend), settled, quarantined, or client-only
  --name GLOB     events of that name: 'todo*'
  --args          with the args of events, which are what people wrote
  --follow, -f    goes on with what happens: events, rollbacks, refusals; Ctrl-C ends it
  --check         looks at every page of the files, however large they are
  --json          for programs; --follow writes a line a change
  --out FILE      where to write the report (default: standard output)
  --raw           leaves args, metadata and errors in the report as they are; default: shapes only
  --all           the whole log, not only the newest ${reportEventsMax.toLocaleString('en')} events
  --into DIR      where to make the store that a report tells of; open it there with the app, or inspect it
  --help, --version

inspect and report only read, and leave nothing behind. retry and discard change a store, and so take the lock that its
leader holds: they refuse while an app has it open. EVENT is an id, or enough of its beginning.
Exit codes: 0; 1 if something failed or a file is damaged; 2 if the command line makes no sense.
`

const options = {
  store: { type: 'string' },
  events: { type: 'string', default: '20' },
  stage: { type: 'string' },
  name: { type: 'string' },
  args: { type: 'boolean', default: false },
  follow: { type: 'boolean', short: 'f', default: false },
  check: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  table: { type: 'string' },
  offset: { type: 'string', default: '0' },
  raw: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  out: { type: 'string' },
  into: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const

/** Runs the command line; the answer is the exit code. `signal` ends `--follow`. */
export const runCli = async (args: ReadonlyArray<string>, output: Output, signal: AbortSignal): Promise<number> => {
  try {
    const { values, positionals } = readArgs(args)
    if (values.help) return say(output, [help.trimEnd()])
    if (values.version) return say(output, [versionOf('@headwater/devtools')])
    const [command, ...given] = positionals
    switch (command) {
      case 'inspect':
        return await inspect(inspectOptions(one(command, given, 'DIR'), values, signal), output)
      case 'report':
        return report(one(command, given, 'DIR'), values, output)
      case 'replay':
        return replay(one(command, given, 'FILE'), values, output)
      case 'retry':
      case 'discard':
        return repair(command, given, values, output)
      case undefined:
        throw new Usage({ problem: 'a command is missing' })
      default:
        throw new Usage({ problem: `there is no command "${command}"` })
    }
  } catch (error) {
    output.trouble(lineOf(error))
    return error instanceof Usage || error instanceof StoreNotChosen ? 2 : 1
  }
}

const readArgs = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new Usage({ problem: error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error) })
  }
}

type Values = ReturnType<typeof readArgs>['values']

const say = (output: Output, texts: ReadonlyArray<string>): number => {
  lines(output, texts)
  return 0
}

const one = (command: string, [given, ...more]: ReadonlyArray<string>, what: string): string => {
  if (given !== undefined && more.length === 0) return given
  throw new Usage({ problem: `${command} takes one ${what}` })
}

const ours = [
  DirectoryUnusable,
  EventNotChosen,
  FileUnreadable,
  FormatUnsupported,
  InvalidStoreId,
  NoStore,
  ReportUnusable,
  SqliteError,
  StoreExists,
  StoreLocked,
  StoreNotChosen,
  StoreNotFound,
  StoreOpen,
  UnsupportedPlatform,
  Usage,
]

/** Failures with a message of ours as one line; anything else with its stack, because it is a bug. */
const lineOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return ours.some((Class) => error instanceof Class) ? printable(error.message) : (error.stack ?? error.message)
}

// ---------------------------------------------------------------------------------------------------------- commands

const stages = ['persisted', 'settled', 'quarantined', 'client-only'] as const

const inspectOptions = (path: string, values: Values, signal: AbortSignal): Parameters<typeof inspect>[0] => {
  const stage = stages.find((known) => known === values.stage)
  if (values.stage !== undefined && stage === undefined)
    throw new Usage({ problem: `--stage is one of ${stages.join(', ')}, not "${values.stage}"` })
  if (values.follow && stage !== undefined && stage !== 'client-only')
    throw new Usage({ problem: `--follow tells of every stage; with --stage it takes client-only` })
  return {
    path,
    storeId: values.store,
    filter: {
      limit: wholeNumber('--events', values.events),
      ...(stage === 'persisted' || stage === 'settled' ? { stage } : {}),
      ...(stage === 'client-only' ? { isClientOnly: true } : {}),
      ...(values.name === undefined ? {} : { name: values.name }),
    },
    isQuarantined: stage === 'quarantined',
    hasArgs: values.args,
    table: values.table,
    offset: wholeNumber('--offset', values.offset),
    isChecked: values.check,
    isJson: values.json,
    isFollowing: values.follow,
    signal,
  }
}

const wholeNumber = (name: string, text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Usage({ problem: `${name} takes a whole number, not "${text}"` })
}

const report = (path: string, { store, raw, all, out }: Values, output: Output): number => {
  const made = fileReport(storeAt(path, store), { isRaw: raw, eventsMax: all ? 1_000_000_000 : reportEventsMax })
  const text = JSON.stringify(made, null, 2)
  if (out === undefined) return say(output, [text])
  if (existsSync(out)) throw new Usage({ problem: `${out} is there already: choose another --out` })
  writeReport(out, text)
  const args = raw
    ? 'with args as people wrote them: mind whom you send it to'
    : 'args as shapes; look it through before you send it'
  return say(output, [`${out}: ${made.log.events.length} events, ${sizeText(text.length)}, ${args}`])
}

/** **Fails with** `ReportUnusable` where it cannot be written. */
const writeReport = (out: string, text: string): void => {
  try {
    writeFileSync(out, `${text}\n`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ReportUnusable({ file: out, problem: `it cannot be written (${code ?? String(error)})` })
  }
}

const replay = (file: string, { into, store }: Values, output: Output): number => {
  if (into === undefined) throw new Usage({ problem: 'replay takes --into DIR' })
  const made = readReport(file)
  const storeId = replayReport(made, { directory: into, ...(store === undefined ? {} : { storeId: store }) })
  return say(output, [
    `${storeId}: ${made.log.events.length + made.pending.length} events, ${made.rejected.length} refused, in ${into}`,
    `headwater inspect ${into} --store ${storeId}, or open it with the app, without a backend`,
  ])
}

const repair = (
  command: 'retry' | 'discard',
  [path, ...given]: ReadonlyArray<string>,
  { store }: Values,
  output: Output,
): number => {
  if (path === undefined || given.length === 0)
    throw new Usage({ problem: `${command} takes DIR and at least one EVENT` })
  const folder = storeAt(path, store)
  const done = command === 'retry' ? retryEvents(folder, given) : discardEvents(folder, given)
  return say(output, done.map(repairedText))
}

const repairedText = ({ eventId, name, newId }: Repaired): string =>
  newId === null
    ? `${eventId} ${printable(name)}: discarded`
    : `${eventId} ${printable(name)}: committed again as ${newId}; applied and pushed when the app opens the store`
