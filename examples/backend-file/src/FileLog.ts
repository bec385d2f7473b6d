/**
 * One store's log in one file. The first line names the log, every other line is one accepted batch:
 *
 *     {"backendId":"…"}
 *     {"mark":"…","events":[{"global":1,…},{"global":2,…}]}
 *
 * A batch is a line, so that a crash in the middle of a write leaves a whole batch or none: a last line that is torn was
 * never acknowledged, and is cut off when the log is opened. Its mark is random: see Cursor.ts.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type BackendEvent, type PulledEvent, Unavailable } from '@headwater/core/backend'
import * as Latch from 'effect/Latch'
import type { Marks } from './Cursor.ts'
import type { LogView } from './PushJudgement.ts'

export class FileLog implements LogView, Marks {
  readonly path: string
  readonly backendId: string
  readonly events: Array<PulledEvent> = []
  readonly places = new Map<string, number>()
  readonly marks: Array<string> = []
  /** Opened, and replaced by a closed one, when something was appended or the log is closed. */
  changed: Latch.Latch = Latch.makeUnsafe(false)
  isClosed = false
  readonly #lock: DatabaseSync
  readonly #file: number
  /** Up to where the file is whole lines, synced to disk. */
  #bytes: number

  /** Opens or makes the log. **Fails with** `Unavailable` if another process has it, or if it is damaged. */
  constructor(path: string) {
    this.path = path
    this.#lock = takeLock(`${path}.lock`)
    try {
      this.#file = openSync(path, 'a+')
      const { backendId, batches, bytes } = readLog(path, readFileSync(this.#file, 'utf8'))
      this.backendId = backendId ?? crypto.randomUUID()
      this.#bytes = bytes
      for (const batch of batches) this.#remember(batch)
      // What a killed process wrote may be in the page cache only: it is synced before anybody sees it.
      this.#settle()
      if (backendId === undefined) this.#write(`${JSON.stringify({ backendId: this.backendId })}\n`)
    } catch (error) {
      this.#lock.close()
      throw error
    }
  }

  /** Comes back when the batch is on disk. Throws, and has appended nothing, if it could not be written. */
  append(events: ReadonlyArray<BackendEvent>): void {
    const stored = events.map((event): PulledEvent => ({ ...event, syncMetadataJson: null }))
    const batch: StoredBatch = { mark: crypto.randomUUID(), events: stored }
    this.#write(`${JSON.stringify(batch)}\n`)
    this.#remember(batch)
    this.#wake()
  }

  /** Ends every pull. The file is free for others. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    closeSync(this.#file)
    this.#lock.close()
    this.#wake()
  }

  #write(line: string): void {
    // An append that failed (disk full) may have left half a line.
    if (fstatSync(this.#file).size !== this.#bytes) this.#settle()
    writeFileSync(this.#file, line)
    fsyncSync(this.#file)
    if (this.#bytes === 0) syncFolder(dirname(this.path))
    this.#bytes += Buffer.byteLength(line)
  }

  #settle(): void {
    ftruncateSync(this.#file, this.#bytes)
    fsyncSync(this.#file)
  }

  #remember({ mark, events }: StoredBatch): void {
    for (const event of events) {
      this.places.set(event.id, this.events.length)
      this.events.push(event)
      this.marks.push(mark)
    }
  }

  #wake(): void {
    const { changed } = this
    this.changed = Latch.makeUnsafe(false)
    changed.openUnsafe()
  }
}

/**
 * Node has no file locks, SQLite has: an exclusive transaction on a file of its own. The operating system lets go of it
 * when the process dies, however it dies.
 */
const takeLock = (path: string): DatabaseSync => {
  const lock = new DatabaseSync(path)
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch {
    lock.close()
    throw new Unavailable({ detail: `${path} is held by another process; it is free when that one ends` })
  }
}

/** A new file is only there after a power cut if its folder is on disk too. Windows has no such call, nor the need. */
const syncFolder = (folder: string): void => {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

interface StoredBatch {
  readonly mark: string
  readonly events: ReadonlyArray<PulledEvent>
}

interface ReadLog {
  readonly backendId: string | undefined
  readonly batches: ReadonlyArray<StoredBatch>
  /** Of the lines that are whole. */
  readonly bytes: number
}

/** **Fails with** `Unavailable` for a line that cannot be read, unless it is the last one: that one was torn. */
const readLog = (path: string, text: string): ReadLog => {
  const lines = text.split('\n').slice(0, -1)
  const read: Array<unknown> = []
  let bytes = 0
  for (const line of lines) {
    const value = parse(line)
    if (value === undefined && read.length === lines.length - 1) break
    if (value === undefined) {
      throw new Unavailable({ detail: `${path} is damaged at line ${read.length + 1}; restore it from a backup` })
    }
    read.push(value)
    bytes += Buffer.byteLength(line) + 1
  }
  const [header, ...batches] = read as [{ backendId: string } | undefined, ...ReadLog['batches']]
  return { backendId: header?.backendId, batches, bytes }
}

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
