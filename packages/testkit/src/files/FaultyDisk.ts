import { DiskFile } from './DiskFile.ts'

/**
 * How one operation fails.
 *
 * | Fault         | What happens                                                                                    |
 * | ------------- | ----------------------------------------------------------------------------------------------- |
 * | `io`          | nothing; SQLite is told `SQLITE_IOERR_*`, or `SQLITE_CANTOPEN` for an open                       |
 * | `full`        | nothing; `SQLITE_FULL` for a write or a truncate that grows. A truncate that shrinks succeeds, everything else fails as with `io` |
 * | `short-write` | the first half of a write arrives, then `SQLITE_FULL`, as on Unix; everything else as with `io`  |
 * | `dead`        | nothing; `SQLITE_IOERR_*`: the process that asks has died                                        |
 */
export type DiskFault = 'io' | 'full' | 'short-write' | 'dead'

/** The operations that a fault can hit. */
export type DiskOperationKind = 'open' | 'read' | 'write' | 'truncate' | 'sync' | 'delete'

export interface DiskOperation {
  readonly kind: DiskOperationKind
  readonly file: string
  /** Where a read or a write begins; the new size for a truncate. **Units** bytes. */
  readonly offset?: number
  /** Length of a read or a write. **Units** bytes. */
  readonly bytes?: number
}

/** How often each kind of operation was asked for by living processes. */
export type DiskCounts = Record<DiskOperationKind | 'access', number>

/**
 * The files of one device, in memory, that SQLite uses through {@link openFaultyWasm}: it sees every operation, can make
 * any of them fail, and can lose power.
 *
 * Every file has what was written and what was synced. {@link losePower} brings the synced contents back; of the writes
 * and truncates since, any combination may have arrived, in units of a sector. A write to a part of a sector leaves the
 * rest of it alone, which is what SQLite takes for granted on Unix and Windows ("powersafe overwrite"), so the device
 * says so. Creating, deleting and renaming a file is durable at once: SQLite syncs the folder where it matters, and so
 * must whoever renames.
 *
 * SQLite's nameless files (temporary tables, statement journals) belong to no disk, so they never fail.
 *
 * One process at a time uses the disk: {@link killProcess} ends it and makes room for the next. What the dead one has
 * open answers with errors and changes nothing any more, not even when it is closed.
 *
 * **Example**
 * ```ts
 * const disk = new FaultyDisk()
 * const connection = openFaultyWasm(await loadWasmSqlite(), disk, 'store.db')
 * disk.beforeOperation = ({ kind }) => (kind === 'sync' ? 'io' : undefined)
 * ```
 *
 * **Source** sqlite.org/atomiccommit.html, sections 2 and 9; /psow.html
 */
export class FaultyDisk {
  /** Asked before every operation of a living process: how does it fail? It may kill the process, too. */
  beforeOperation: ((operation: DiskOperation) => DiskFault | undefined) | null = null
  readonly counts: DiskCounts = { open: 0, read: 0, write: 0, truncate: 0, sync: 0, delete: 0, access: 0 }
  readonly #files = new Map<string, DiskFile>()
  #process = 1

  /** The process that lives. **Shape** counts from 1. */
  get process(): number {
    return this.#process
  }

  /** Names of all files, in the order of their creation. */
  get files(): ReadonlyArray<string> {
    return [...this.#files.keys()]
  }

  exists(name: string): boolean {
    return this.#files.has(name)
  }

  /** A copy of what is written there. **Fails with** `Error` when there is no such file. */
  readFile(name: string): Uint8Array {
    return this.#existing(name).read()
  }

  /** Makes `bytes` the whole, synced content of a new file of that name; who has an older one open keeps that. */
  writeFile(name: string, bytes: Uint8Array): void {
    this.#files.set(name, new DiskFile(bytes))
  }

  /** Moves a file over whatever has the other name. **Fails with** `Error` when there is no such file. */
  rename(from: string, to: string): void {
    const file = this.#existing(from)
    this.#files.delete(from)
    this.#files.set(to, file)
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    return this.#files.delete(name)
  }

  /** An equal disk, with what is unsynced on this one; without hook, counts and locks. */
  copy(): FaultyDisk {
    const copy = new FaultyDisk()
    for (const [name, file] of this.#files) copy.#files.set(name, file.copy())
    return copy
  }

  /** The process dies now: everything it has open is dead, its locks are gone. Another may start. */
  killProcess(): void {
    this.#process++
    for (const file of this.#files.values()) file.locks.clear()
  }

  /**
   * Power fails: the process dies, and each file has what was synced, plus whichever unsynced sectors the disk had come
   * to: none, all, or any of them. **Shape** `random` answers 0 ≤ x < 1.
   */
  losePower(random: () => number): void {
    this.killProcess()
    const mood = random()
    const probability = mood < 0.25 ? 0 : mood < 0.4 ? 1 : random()
    for (const file of this.#files.values()) file.losePower(() => random() < probability)
  }

  /** For the VFS: counts an operation of `process` and tells how it fails. */
  judge(process: number, operation: DiskOperation): DiskFault | undefined {
    if (process !== this.#process) return 'dead'
    this.counts[operation.kind]++
    const fault = this.beforeOperation?.(operation)
    return process === this.#process ? fault : 'dead'
  }

  /** For the VFS: the file of that name, made if asked for. */
  file(name: string, isCreated: boolean): DiskFile | undefined {
    const found = this.#files.get(name)
    if (found !== undefined || !isCreated) return found
    const made = new DiskFile()
    this.#files.set(name, made)
    return made
  }

  #existing(name: string): DiskFile {
    const file = this.#files.get(name)
    if (file === undefined) throw new Error(`the disk has no file ${name}`)
    return file
  }
}
