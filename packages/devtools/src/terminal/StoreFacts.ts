/** Everything that a store's folder says, read once: what `headwater inspect` prints and `--json` writes. */
import { basename } from 'node:path'
import { type LeaderHolder, type StoreFolder, storeHolder } from '@headwater/adapter-node'
import { comparePositions } from '@headwater/core'
import { FormatUnsupported, SqliteError } from '@headwater/core/adapter'
import { ageText } from '../inspect/TimeText.ts'
import {
  events,
  type Finding,
  finding,
  quarantinedFinding,
  rejectedFinding,
  slowAfterMs,
} from '../inspect/Diagnosis.ts'
import { EventlogFile, type LogSummary } from './EventlogFile.ts'
import { StateFile, type StateSummary, type StateTable } from './StateFile.ts'
import { checkFormat } from './StoreSelection.ts'
import { FileUnreadable } from './TerminalError.ts'

export interface StoreFacts {
  readonly storeId: string
  readonly folder: string
  /** Who has it open; `null` if nobody. */
  readonly holder: LeaderHolder | null
  /** `null`: there is no eventlog, because it is being salvaged or was deleted. */
  readonly log: LogSummary | null
  /** `null`: there is no state database; it is made when the store is opened. */
  readonly state: StateSummary | null
  readonly tables: ReadonlyArray<StateTable>
  readonly files: StoreFolder['files']
  /** What is wrong with the files; `null` where that was not looked at. */
  readonly faults: ReadonlyArray<string> | null
  /** The verdict first. */
  readonly findings: ReadonlyArray<Finding>
}

/** Looking at every page of more than this takes longer than somebody waits who did not ask for it. **Units** bytes. */
const checkedBytesMax = 64 * 1024 * 1024

export interface FactsOptions {
  /** Look at every page, however large the files are. */
  readonly isChecked: boolean
  readonly now: number
}

/**
 * Reads a store's files, the state before the log: so the state is never ahead of what is said of the log.
 *
 * **Fails with**  `FormatUnsupported`, `FileUnreadable`, `SqliteError`.
 */
export const readStoreFacts = (folder: StoreFolder, { isChecked, now }: FactsOptions): StoreFacts => {
  checkFormat(folder)
  const bytes = folder.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const looksAtPages = isChecked || bytes <= checkedBytesMax
  const state = using(
    folder.state,
    (path) => new StateFile(path),
    (file) => ({
      summary: file.summary(),
      tables: file.tables(),
      faults: looksAtPages ? file.faults() : [],
    }),
  )
  const log = using(
    folder.eventlog,
    (path) => new EventlogFile(path),
    (file) => ({
      summary: file.summary(),
      faults: looksAtPages ? file.faults() : [],
    }),
  )
  const facts = {
    storeId: folder.storeId,
    folder: folder.folder,
    holder: storeHolder(folder),
    log: log?.summary ?? null,
    state: state?.summary ?? null,
    tables: state?.tables ?? [],
    files: folder.files,
    faults: looksAtPages
      ? [
          ...(log?.faults ?? []).map((fault) => `eventlog: ${fault}`),
          ...(state?.faults ?? []).map((fault) => `state: ${fault}`),
        ]
      : null,
  }
  return { ...facts, findings: findingsOf(facts, now) }
}

/** What can be said of a store whose files cannot be read: why. Anything that is no failure of theirs is thrown. */
export const factsOrFailure = (folder: StoreFolder, options: FactsOptions): StoreFacts => {
  try {
    return readStoreFacts(folder, options)
  } catch (error) {
    if (!(error instanceof FileUnreadable || error instanceof FormatUnsupported || error instanceof SqliteError))
      throw error
    return {
      storeId: folder.storeId,
      folder: folder.folder,
      holder: storeHolder(folder),
      log: null,
      state: null,
      tables: [],
      files: folder.files,
      faults: null,
      findings: [finding('error', 'It cannot be read', error.message)],
    }
  }
}

/** `undefined` where there is no file. */
const using = <File extends { readonly close: () => void }, A>(
  path: string | null,
  open: (path: string) => File,
  read: (file: File) => A,
): A | undefined => {
  if (path === null) return undefined
  const file = open(path)
  try {
    return read(file)
  } finally {
    file.close()
  }
}

type Facts = Omit<StoreFacts, 'findings'>

const findingsOf = (facts: Facts, now: number): ReadonlyArray<Finding> => [
  verdictOf(facts, now),
  ...(facts.faults ?? []).map((fault) =>
    finding(
      'error',
      'A file is damaged',
      fault,
      'Keep a copy of the folder, then open the store with the app: it salvages.',
    ),
  ),
  ...rejectedFinding(facts.log?.rejected ?? 0),
  ...quarantinedFinding(facts.state?.quarantined.length ?? 0),
  ...stateFindings(facts),
  ...keptFindings(facts),
]

const verdictOf = ({ log, holder }: Facts, now: number): Finding => {
  if (log === null)
    return finding(
      'error',
      'There is no eventlog',
      'It was deleted, or a salvage was interrupted.',
      'Open the store with the app: it goes on with what is there.',
    )
  if (log.attachment === 0)
    return finding('ok', `A local store: ${events(log.events)}, all settled`, 'It has had no backend so far.')
  if (log.unsettled === 0)
    return finding('ok', `All ${events(log.events)} settled`, 'The backend has confirmed everything.')
  const age = log.oldestUnsettledAt === null ? 0 : now - log.oldestUnsettledAt
  const waiting = `${events(log.unsettled)} not confirmed by the backend, the oldest for ${ageText(age)}`
  if (holder === null)
    return finding('warning', waiting, 'Nobody has the store open: they are pushed when the app opens it.')
  return age <= slowAfterMs
    ? finding('info', waiting, 'The app has the store open.')
    : finding(
        'warning',
        waiting,
        'The app has the store open: it is offline, was refused its token, has stopped syncing, or is slow.',
        'What the backend answers is known to the app only: store.status.backend, or the panel.',
      )
}

const stateFindings = ({ log, state, holder }: Facts): ReadonlyArray<Finding> => {
  if (log === null || log.events === 0) return []
  if (state?.head === undefined || state.head === null)
    return [finding('info', 'There are no tables yet', 'They are made of the log when the store is opened.')]
  if (comparePositions(state.head.position, log.localHead) >= 0) return []
  const detail = holder === null ? 'They catch up when the store is opened.' : 'They catch up as the app runs.'
  return [finding('info', 'The tables are behind the log', detail)]
}

/** Logs that were kept aside: nobody deletes them but people. */
const keptFindings = ({ files }: Facts): ReadonlyArray<Finding> => [
  ...files
    .filter(({ name }) => name.includes('.corrupt-') && name.endsWith('.db'))
    .map(({ name }) =>
      finding('warning', 'A corrupt log was kept aside', basename(name), 'What could be read of it is in the log.'),
    ),
  ...files
    .filter(({ name }) => name.includes('.reset-') && name.endsWith('.db'))
    .map(({ name }) => finding('info', 'A log was kept at a reset', name)),
]
