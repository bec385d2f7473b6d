import { decodeLabel, encodeLabel, labelAreaBytes, labelBytes, type SlotLabel } from './SlotLabel.ts'
import type { SyncAccess } from './SyncAccess.ts'

/** A write that the quota cut off: fewer bytes arrived than were given. */
export class ShortWrite extends Error {
  override readonly name = 'QuotaExceededError'
}

/** One file of a slot, as SQLite sees it: without the labels in front. Offsets and sizes in bytes. */
export class SlotFile {
  readonly #access: SyncAccess
  /** Nobody else writes: it need not be asked for. */
  #size: number

  /** **Fails with** `QuotaExceededError`: the place for the labels is taken at once, so that naming needs no more. */
  constructor(access: SyncAccess) {
    this.#access = access
    const size = access.getSize()
    if (size < labelAreaBytes) access.truncate(labelAreaBytes)
    this.#size = Math.max(0, size - labelAreaBytes)
  }

  get size(): number {
    return this.#size
  }

  /** The number of bytes that were there. */
  read(target: Uint8Array, offset: number): number {
    return offset >= this.#size ? 0 : this.#access.read(target, { at: labelAreaBytes + offset })
  }

  /** **Fails with** {@link ShortWrite}, and what the file system throws. */
  write(source: Uint8Array, offset: number): void {
    const written = this.#access.write(source, { at: labelAreaBytes + offset })
    this.#size = Math.max(this.#size, offset + written)
    if (written !== source.length) throw new ShortWrite(`${written} of ${source.length} bytes were written`)
  }

  truncate(size: number): void {
    this.#access.truncate(labelAreaBytes + size)
    this.#size = size
  }

  flush(): void {
    this.#access.flush()
  }

  /** The two labels in front, damaged ones left out. */
  labels(): ReadonlyArray<SlotLabel | undefined> {
    return [0, labelBytes].map((at) => {
      const bytes = new Uint8Array(labelBytes)
      return decodeLabel(bytes.subarray(0, this.#access.read(bytes, { at })))
    })
  }

  /** Writes a label in the place of the older one; the caller flushes. **Fails with** {@link ShortWrite}. */
  writeLabel(label: SlotLabel): void {
    const [first, second] = this.labels()
    const at = (first?.generation ?? -1) <= (second?.generation ?? -1) ? 0 : labelBytes
    const bytes = encodeLabel(label)
    const written = this.#access.write(bytes, { at })
    if (written !== bytes.length) throw new ShortWrite('a label could not be written')
  }

  close(): void {
    this.#access.close()
  }
}

/** What lies beside a database. SQLite takes any file by these names for its own. */
export type JournalKind = 'journal' | 'wal'

const walMagics: ReadonlySet<number> = new Set([0x377f0682, 0x377f0683])

/**
 * Two files that always belong together: a database and its journal, which has no name of its own. Whoever renames the
 * database renames its journal in the same write, so that no crash gives one the other's.
 */
export class OpfsSlot {
  readonly main: SlotFile
  readonly journal: SlotFile
  /** What the journal is, when it is not empty. */
  journalKind: JournalKind
  #label: SlotLabel

  constructor(main: SlotFile, journal: SlotFile) {
    this.main = main
    this.journal = journal
    const newest = [...main.labels(), ...journal.labels()]
      .filter((label) => label !== undefined)
      .toSorted((a, b) => b.generation - a.generation)[0]
    this.#label = newest ?? { generation: 0, name: '' }
    this.journalKind = kindOf(journal)
  }

  get name(): string {
    return this.#label.name
  }

  get generation(): number {
    return this.#label.generation
  }

  /** Neither a name nor content whose name is lost. */
  get isFree(): boolean {
    return this.name === '' && (this.generation > 0 || this.main.size === 0)
  }

  /** The first write is the one that counts. The second is there for the case that the first file is damaged later. */
  label(label: SlotLabel): void {
    this.main.writeLabel(label)
    this.main.flush()
    this.#label = label
    this.journal.writeLabel(label)
  }

  /** Gives the room of a slot without a name back. */
  clear(): void {
    if (this.journal.size > 0) this.journal.truncate(0)
    if (this.main.size > 0) this.main.truncate(0)
  }

  /**
   * Empties both files for good. Before the slot gets a name: what was cut off may come back after a power loss, and would
   * be another database's journal then.
   */
  empty(): void {
    this.clear()
    this.journal.flush()
    this.main.flush()
  }

  close(): void {
    this.main.close()
    this.journal.close()
  }
}

const kindOf = (journal: SlotFile): JournalKind => {
  const start = new Uint8Array(4)
  const isWal = journal.read(start, 0) === 4 && walMagics.has(new DataView(start.buffer).getUint32(0))
  return isWal ? 'wal' : 'journal'
}
