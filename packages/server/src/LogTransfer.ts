/**
 * Whole logs into a file and out of it: the commands `export` and `import`. Both stream; a file is checked from its first to its last
 * line before anything of it is stored.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { PulledEvent } from '@headwater/core/backend'
import { type ArchivePage, ImportRefused, type LogArchive, archivePageEvents, notEmpty } from './LogArchive.ts'
import {
  type ArchivedClaim,
  type ArchivedEvent,
  LogFileError,
  type LogFileItem,
  type LogHeader,
  logFileWriter,
  readLogFile,
} from './LogFile.ts'

/** How many there were. */
export interface TransferCounts {
  readonly logs: number
  readonly events: number
}

export interface ExportOptions {
  /** A new file, which has its name only when it is complete and synced. */
  readonly file: string
  /** Default: all. */
  readonly storeIds?: ReadonlyArray<string>
  readonly onProgress?: (events: number) => void
}

/**
 * Writes logs as they are when each is begun, beside servers that append.
 *
 * **Fails with**  `LogFileError`: there is no such store, or the file cannot be written.
 */
export const exportLogs = async (archive: LogArchive, options: ExportOptions): Promise<TransferCounts> => {
  const { file, storeIds, onProgress = () => undefined } = options
  const out = openOutput(file)
  const writer = logFileWriter()
  let [logs, events] = [0, 0]
  try {
    out.write(writer.begin(new Date()))
    for await (const storeId of storeIds ?? allStores(archive)) {
      const log = await archive.find(storeId)
      if (log === undefined) {
        const detail = `there is no store ${storeId} in ${archive.name}`
        throw new LogFileError({ reason: 'WrongStore', detail })
      }
      out.write(writer.beginLog(log))
      const claims = new Map<string, ArchivedClaim>()
      for (let at = 0; at < log.head.global;) {
        const page = await archive.read(storeId, at)
        // What came behind the head since is not part of it.
        const own = page.events.slice(0, log.head.global - at)
        if (own.length === 0)
          throw new LogFileError({ reason: 'Damaged', detail: `${storeId} has a gap behind e${at}; run verify` })
        out.write(writer.events(own))
        for (const claim of page.claims) claims.set(claim.clientId, claim)
        at += own.length
        events += own.length
        onProgress(events)
      }
      out.write(writer.claims([...claims.values()]))
      out.write(writer.endLog())
      logs += 1
    }
    out.write(writer.end())
    out.keep()
    return { logs, events }
  } catch (error) {
    out.drop()
    throw error
  }
}

async function* allStores(archive: LogArchive): AsyncGenerator<string> {
  for (let after: string | null = null; ;) {
    const storeIds: ReadonlyArray<string> = await archive.stores(after, archivePageEvents)
    yield* storeIds
    after = storeIds.at(-1) ?? null
    if (storeIds.length < archivePageEvents) return
  }
}

interface Output {
  readonly write: (text: string) => void
  /** The file is complete. */
  readonly keep: () => void
  /** It never will be. */
  readonly drop: () => void
}

const openOutput = (file: string): Output => {
  const partial = `${file}.partial`
  const handle = describing(file, () => {
    // Only to find out whether the name is free, before minutes of work: the file comes under it at the end.
    closeSync(openSync(file, 'wx'))
    rmSync(file)
    return openSync(partial, 'w')
  })
  const finish = (work: () => void): void => {
    closeSync(handle)
    work()
  }
  return {
    write: (text) => describing(file, () => writeAll(handle, text)),
    keep: () => {
      fsyncSync(handle)
      finish(() => renameSync(partial, file))
    },
    drop: () => finish(() => rmSync(partial, { force: true })),
  }
}

const writeAll = (handle: number, text: string): void => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
}

export interface ImportOptions {
  readonly file: string
  /** The stores that are wanted, each of which has to be in the file. Default: all that are. */
  readonly storeIds?: ReadonlyArray<string>
  /** **Units** bytes of the file, which is read twice: once to check it, once to store it. */
  readonly onProgress?: (stage: 'check' | 'store', bytes: number, all: number) => void
}

/** `kept`: logs that were there already, up to the same head: an import that was interrupted goes on behind them. */
export interface ImportCounts extends TransferCounts {
  readonly kept: number
}

/**
 * Stores the logs of a file. First all of it is checked, and that no target has a log of its own.
 *
 * **Fails with**  `LogFileError`, `ImportRefused`; then nothing was stored, but for logs that were imported before a failure of the
 * storage.
 */
export const importLogs = async (archive: LogArchive, options: ImportOptions): Promise<ImportCounts> => {
  const { file, storeIds, onProgress = () => undefined } = options
  const items = (stage: 'check' | 'store') => readLogFile(linesOf(file, (bytes, all) => onProgress(stage, bytes, all)))
  const wanted = storeIds === undefined ? undefined : new Set(storeIds)
  const logs = checkFile(items('check'), archive, wanted)
  const there = await alreadyThere(archive, logs)
  let events = 0
  const source = items('store')
  for (const item of source) {
    if (item._tag !== 'Log' || there.has(item.log.storeId) || wanted?.has(item.log.storeId) === false) continue
    await archive.take(item.log, pagesOf(source))
    events += item.log.head.global
  }
  return { logs: logs.size - there.size, events, kept: there.size }
}

/** Reads it to its end. The answer is the logs that are wanted. */
const checkFile = (
  items: Iterable<LogFileItem>,
  archive: LogArchive,
  wanted: ReadonlySet<string> | undefined,
): ReadonlyMap<string, LogHeader> => {
  const logs = new Map<string, LogHeader>()
  const others: Array<string> = []
  let log: LogHeader | undefined
  for (const item of items) {
    if (item._tag === 'Log') {
      log = wanted?.has(item.log.storeId) === false ? undefined : item.log
      if (log === undefined) others.push(item.log.storeId)
      if (log !== undefined && logs.has(log.storeId))
        throw new LogFileError({ reason: 'Damaged', detail: `the file has two logs of ${log.storeId}` })
      if (log !== undefined) logs.set(log.storeId, log)
    } else if (item._tag === 'Event' && log !== undefined) {
      const refused = archive.refuses(item.event)
      if (refused === undefined) continue
      throw new ImportRefused({ storeId: log.storeId, detail: `e${item.event.global} cannot be kept: ${refused}` })
    }
  }
  const missing = [...(wanted ?? [])].find((storeId) => !logs.has(storeId))
  if (missing === undefined) return logs
  const found = [...logs.keys(), ...others].slice(0, 5).join(', ') || 'none'
  throw new LogFileError({ reason: 'WrongStore', detail: `the file has no log of ${missing}; it has ${found}` })
}

/** Stores that have exactly this log. **Fails with** `ImportRefused` for one that has another. */
const alreadyThere = async (
  archive: LogArchive,
  logs: ReadonlyMap<string, LogHeader>,
): Promise<ReadonlySet<string>> => {
  const there = new Set<string>()
  for (const [storeId, log] of logs) {
    const found = await archive.find(storeId)
    if (found === undefined) continue
    const isSame = found.backendId === log.backendId && found.head.eventId === log.head.eventId
    const refused = notEmpty(found.head, archive.name)
    if (isSame && found.head.global === log.head.global) there.add(storeId)
    else if (refused !== undefined) throw new ImportRefused({ storeId, detail: refused })
  }
  return there
}

/** The pages of the log whose header was read last, up to its end. */
function* pagesOf(items: Iterator<LogFileItem>): Generator<ArchivePage> {
  let [events, claims]: [Array<ArchivedEvent>, Array<ArchivedClaim>] = [[], []]
  for (let next = items.next(); next.done !== true && next.value._tag !== 'LogEnd'; next = items.next()) {
    const item = next.value
    if (item._tag === 'Event') events.push({ mark: item.mark, json: jsonOf(item.event) })
    if (item._tag === 'Claim') claims.push(item.claim)
    if (events.length + claims.length < archivePageEvents) continue
    yield { events, claims }
    ;[events, claims] = [[], []]
  }
  if (events.length + claims.length > 0) yield { events, claims }
}

/** As the server writes it: fields in this order, and no others. */
const jsonOf = (event: PulledEvent): string => {
  const { global, parentGlobal, parentId, id, name, argsJson, clientId, sessionId, createdAt, syncMetadataJson } = event
  return JSON.stringify({
    global,
    parentGlobal,
    parentId,
    id,
    name,
    argsJson,
    clientId,
    sessionId,
    createdAt,
    syncMetadataJson,
  })
}

const chunkBytes = 1024 * 1024
/** Far more than a line of the largest event: what is longer is no file of ours. */
const lineLengthMax = 32 * 1024 * 1024

/** The lines of a file, read as they are wanted. **Fails with** `LogFileError`, thrown. */
function* linesOf(file: string, onBytes: (bytes: number, all: number) => void): Generator<string> {
  const handle = describing(file, () => openSync(file, 'r'))
  try {
    const all = describing(file, () => fstatSync(handle).size)
    const [buffer, decoder] = [Buffer.alloc(chunkBytes), new StringDecoder('utf8')]
    let [rest, bytes] = ['', 0]
    for (;;) {
      const read = describing(file, () => readSync(handle, buffer))
      const lines = (rest + (read === 0 ? decoder.end() : decoder.write(buffer.subarray(0, read)))).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
      if (rest.length > lineLengthMax)
        throw new LogFileError({
          reason: 'NotALogFile',
          detail: `${file} has a line of more than ${lineLengthMax} bytes`,
        })
      bytes += read
      onBytes(bytes, all)
      if (read > 0) continue
      if (rest !== '') yield rest
      return
    }
  } finally {
    closeSync(handle)
  }
}

const describing = <A>(file: string, work: () => A): A => {
  try {
    return work()
  } catch (error) {
    const detail = `${file} cannot be used (${error instanceof Error ? error.message : String(error)})`
    throw new LogFileError({ reason: 'Unreadable', detail })
  }
}
