/**
 * One shape: the snapshot it began with, cut into chunks, and the log of what happened to its rows since, cut into chunks.
 * Chunks close at a number of bytes, wherever they stand; a request gets one of them. Behind the last one that closed come
 * the rest and `up-to-date`.
 */
import { type ElectricOffset, isBefore, offsetText, snapshotEnd } from './ElectricOffset.ts'
import type { PgTransaction } from './ReplicationStream.ts'
import type { ShapeDefinition } from './ShapeDefinition.ts'
import { type ShapeRow, messagesOf, snapshotMessage } from './ShapeMessage.ts'

interface LogEntry {
  readonly offset: ElectricOffset
  readonly json: string
  /** Number of the chunk that it is in. */
  readonly chunk: number
}

/** What a request gets: messages, the offset behind them, and whether that is the end for now. */
export interface ShapePart {
  readonly messages: ReadonlyArray<string>
  readonly offset: string
  readonly isUpToDate: boolean
}

/** How a wait for something new ended. */
export type ShapeNews = 'news' | 'rotated' | 'silence'

/** A snapshot as PostgreSQL describes it: which transactions it shows. */
export interface PgSnapshot {
  readonly xmin: bigint
  readonly xmax: bigint
  readonly running: ReadonlyArray<bigint>
}

export class ElectricShape {
  readonly handle: string
  readonly definition: ShapeDefinition
  isRotated = false
  readonly #chunkBytes: number
  readonly #log: Array<LogEntry> = []
  readonly #waiting = new Set<(news: ShapeNews) => void>()
  #chunks: ReadonlyArray<ReadonlyArray<string>> = []
  #snapshot: PgSnapshot | undefined
  /** Came while the snapshot was taken, which may show them already. */
  readonly #early: Array<PgTransaction> = []
  #openChunk = { number: 0, bytes: 0 }

  constructor(handle: string, definition: ShapeDefinition, chunkBytes: number) {
    this.handle = handle
    this.definition = definition
    this.#chunkBytes = chunkBytes
  }

  /** Requests that wait for something new. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Where the log ends. */
  get end(): ElectricOffset {
    return this.#log.at(-1)?.offset ?? snapshotEnd
  }

  /** Once, before anything is read. **Shape** `rows`: in whatever order they came. */
  begin(snapshot: PgSnapshot, rows: ReadonlyArray<ShapeRow>): void {
    const { xmin, xmax, running } = snapshot
    const end = { control: 'snapshot-end', xmin: String(xmin), xmax: String(xmax), xip_list: running.map(String) }
    const messages = rows.map((row) => snapshotMessage(this.definition, row))
    this.#chunks = chunksOf([...messages, JSON.stringify({ headers: end })], this.#chunkBytes)
    this.#snapshot = snapshot
    for (const transaction of this.#early.splice(0)) this.take(transaction)
  }

  /** The next transaction, of any table. */
  take(transaction: PgTransaction): void {
    const snapshot = this.#snapshot
    if (snapshot === undefined) return void this.#early.push(transaction)
    if (isVisible(snapshot, transaction.xid)) return
    const messages = messagesOf(this.definition, transaction)
    for (const { opPosition, json } of messages) {
      this.#log.push({ offset: { tx: transaction.lsn, op: opPosition }, json, chunk: this.#openChunk.number })
      this.#openChunk.bytes += Buffer.byteLength(json)
      if (this.#openChunk.bytes >= this.#chunkBytes) this.#openChunk = { number: this.#openChunk.number + 1, bytes: 0 }
    }
    if (messages.length > 0) this.#tell('news')
  }

  /** Ends it: whoever waits has to fetch another. */
  rotate(): void {
    this.isRotated = true
    this.#tell('rotated')
  }

  /** The chunk behind the offset. */
  partAfter(offset: ElectricOffset | '-1'): ShapePart {
    const isInSnapshot = offset === '-1' || (offset.tx === 0n && offset.op !== Infinity)
    if (!isInSnapshot) return this.#logPart(offset, false)
    const next = offset === '-1' ? 0 : offset.op + 1
    const chunk = this.#chunks[next]
    if (chunk === undefined) return this.#logPart(snapshotEnd, false)
    return { messages: chunk, offset: `0_${next}`, isUpToDate: false }
  }

  /** Everything behind the offset, however much: what an event stream sends. */
  restAfter(offset: ElectricOffset): ShapePart {
    return this.#logPart(offset, true)
  }

  /** Ends when there is something behind the offset, or after that time. */
  newsAfter(offset: ElectricOffset, ms: number, signal: AbortSignal): Promise<ShapeNews> {
    if (this.isRotated) return Promise.resolve('rotated')
    if (isBefore(offset, this.end)) return Promise.resolve('news')
    return new Promise((resolve) => {
      const done = (news: ShapeNews): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', silence)
        this.#waiting.delete(done)
        resolve(news)
      }
      const silence = (): void => done('silence')
      const timer = setTimeout(silence, ms)
      signal.addEventListener('abort', silence)
      this.#waiting.add(done)
    })
  }

  #logPart(after: ElectricOffset, isWhole: boolean): ShapePart {
    const from = this.#log.findIndex((entry) => isBefore(after, entry.offset))
    const rest = from < 0 ? [] : this.#log.slice(from)
    const chunk = rest[0]?.chunk
    const entries = isWhole ? rest : rest.filter((entry) => entry.chunk === chunk)
    const isUpToDate = isWhole || chunk === undefined || chunk === this.#openChunk.number
    return {
      messages: entries.map(({ json }) => json),
      offset: offsetText(entries.at(-1)?.offset ?? after),
      isUpToDate,
    }
  }

  #tell(news: ShapeNews): void {
    for (const done of this.#waiting) done(news)
  }
}

const isVisible = ({ xmin, xmax, running }: PgSnapshot, xid: bigint): boolean =>
  xid < xmin || (xid < xmax && !running.includes(xid))

/** Closed by the message that reaches the limit; there is always one. */
const chunksOf = (messages: ReadonlyArray<string>, chunkBytes: number): Array<Array<string>> => {
  const chunks: Array<Array<string>> = [[]]
  let bytes = 0
  for (const [index, message] of messages.entries()) {
    chunks.at(-1)?.push(message)
    bytes += Buffer.byteLength(message)
    if (bytes < chunkBytes || index === messages.length - 1) continue
    chunks.push([])
    bytes = 0
  }
  return chunks
}
