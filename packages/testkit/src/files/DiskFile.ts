/** Bytes of a file that grow as needed. What lies beyond `size` is zero. */
class Content {
  bytes: Uint8Array
  size: number

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.bytes = bytes
    this.size = bytes.length
  }

  write(offset: number, data: Uint8Array): void {
    this.#reserve(offset + data.length)
    this.bytes.set(data, offset)
    this.size = Math.max(this.size, offset + data.length)
  }

  truncate(size: number): void {
    if (size < this.size) this.bytes.fill(0, size, this.size)
    else this.#reserve(size)
    this.size = size
  }

  slice(): Uint8Array {
    return this.bytes.slice(0, this.size)
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(size, this.bytes.length * 2, 16_384))
    larger.set(this.bytes.subarray(0, this.size))
    this.bytes = larger
  }
}

/** What a process did to a file since its last sync. */
type Change = { readonly offset: number; readonly data: Uint8Array } | { readonly size: number }

/** What the disk writes at once: of a longer write any of these may arrive. **Units** bytes. */
export const sectorBytes = 512

const applyTo = (content: Content, change: Change): void => {
  if ('size' in change) content.truncate(change.size)
  else content.write(change.offset, change.data)
}

/** The write as the disk does it: one change per sector that it touches. */
const inSectors = (change: Change): Array<Change> => {
  if ('size' in change) return [change]
  const sectors: Array<Change> = []
  for (let from = 0; from < change.data.length;) {
    const offset = change.offset + from
    const to = Math.min(change.data.length, from + sectorBytes - (offset % sectorBytes))
    sectors.push({ offset, data: change.data.subarray(from, to) })
    from = to
  }
  return sectors
}

/**
 * One file of a {@link FaultyDisk}, whether it still has a name or not: what processes see (written), what the disk holds
 * for sure (synced), and the changes between the two, in order.
 */
export class DiskFile {
  #written: Content
  #synced: Content
  #unsynced: Array<Change> = []
  /** Lock of each open handle. **Shape** SQLite's levels: 1 shared, 2 reserved, 3 pending, 4 exclusive. */
  readonly locks = new Map<object, number>()

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#written = new Content(bytes.slice())
    this.#synced = new Content(bytes.slice())
  }

  get size(): number {
    return this.#written.size
  }

  /** A copy of what a process sees. */
  read(): Uint8Array {
    return this.#written.slice()
  }

  /** Fills `target` from `offset` on, with zeros after the end of the file, and answers how many bytes the file had. */
  readInto(target: Uint8Array, offset: number): number {
    const { bytes, size } = this.#written
    const count = Math.max(0, Math.min(target.length, size - offset))
    if (count > 0) target.set(bytes.subarray(offset, offset + count))
    if (count < target.length) target.fill(0, count)
    return count
  }

  /** `data` is copied. */
  write(offset: number, data: Uint8Array): void {
    this.#written.write(offset, data)
    this.#unsynced.push({ offset, data: data.slice() })
  }

  truncate(size: number): void {
    this.#written.truncate(size)
    this.#unsynced.push({ size })
  }

  sync(): void {
    for (const change of this.#unsynced) applyTo(this.#synced, change)
    this.#unsynced = []
  }

  /** The disk has failed to write: no later sync writes what this one should have, although processes see it. */
  failSync(): void {
    this.#unsynced = this.#unsynced.filter((change) => 'size' in change)
  }

  /** Back to what was synced, and of the later changes, sector by sector, those for which `arrives` says so. */
  losePower(arrives: () => boolean): void {
    const survivors = this.#unsynced.flatMap(inSectors).filter(() => arrives())
    for (const change of survivors) applyTo(this.#synced, change)
    this.#unsynced = []
    this.#written = new Content(this.#synced.slice())
  }

  copy(): DiskFile {
    const copy = new DiskFile()
    copy.#written = new Content(this.#written.slice())
    copy.#synced = new Content(this.#synced.slice())
    // A change is never altered, so both may hold it.
    copy.#unsynced = [...this.#unsynced]
    return copy
  }
}
