import type { WasmExports, WasmVfs } from '@headwater/sqlite-wasm'
import type { OpfsPool } from './OpfsPool.ts'
import type { JournalKind, OpfsSlot } from './OpfsSlot.ts'
import { isQuotaError } from './SyncAccess.ts'

/** Result codes of sqlite3.h. */
const ok = 0
const busy = 5
const notFound = 12
const full = 13
const cannotOpen = 14
const ioRead = 266
const ioShortRead = 522
const ioWrite = 778
const ioSync = 1034
const ioTruncate = 1546
const ioDelete = 2570
const ioAccess = 3338
const deleteMissing = 5898

/** Flags of `sqlite3_open_v2` that `xOpen` is given. */
const openCreate = 0x4
const openSuperJournal = 0x4000

/** SQLITE_IOCAP_POWERSAFE_OVERWRITE, as SQLite assumes of every disk that its own VFS for files runs on. */
const powersafeOverwrite = 0x1000
const sectorBytes = 4096

const lockShared = 1
const lockReserved = 2
const lockPending = 3
const lockExclusive = 4

/** The files of one connection. */
export interface OpfsMount {
  readonly pool: OpfsPool
  /** False: writes fail, as this leader may have been replaced. */
  readonly mayWrite: () => boolean
}

/** What SQLite reads and writes: a file of a slot, or a temporary one in memory. */
interface OpenFile {
  readonly size: number
  readonly read: (target: Uint8Array, offset: number) => number
  readonly write: (source: Uint8Array, offset: number) => void
  readonly truncate: (size: number) => void
  readonly flush: () => void
}

interface Handle {
  readonly mount: OpfsMount | null
  readonly file: OpenFile
  /** Of a database; null for journals and temporary files, which SQLite does not lock. */
  readonly slot: OpfsSlot | null
}

/** A file as SQLite names it. */
const pathPattern = /^\/(\d+)\/(.+?)(?:-(journal|wal))?$/su

/**
 * SQLite's files in the pools of one module. Every connection mounts its pool anew, so that a path tells whose it is.
 * There is no shared memory: WAL needs `PRAGMA locking_mode = EXCLUSIVE`. What the file system throws becomes a result
 * code here; transactions over attached files are refused.
 */
export class OpfsVfs implements WasmVfs {
  readonly name = 'headwater-opfs'
  readonly mxPathname = 512
  readonly #exports: WasmExports
  readonly #mounts = new Map<number, OpfsMount>()
  readonly #handles = new Map<number, Handle>()
  readonly #locks = new WeakMap<OpfsSlot, Map<Handle, number>>()
  #lastMount = 0

  constructor(exports: WasmExports) {
    this.#exports = exports
  }

  hasAsyncMethod(): boolean {
    return false
  }

  /** Folder under which a connection finds its files. */
  mount(mount: OpfsMount): number {
    this.#lastMount++
    this.#mounts.set(this.#lastMount, mount)
    return this.#lastMount
  }

  unmount(mount: number): void {
    this.#mounts.delete(mount)
  }

  xFullPathname(_vfs: number, name: number, length: number, out: number): number {
    const bytes = new TextEncoder().encode(this.#exports.UTF8ToString(name))
    if (bytes.length >= length) return cannotOpen
    this.#exports.HEAPU8.set(bytes, out)
    this.#exports.HEAPU8[out + bytes.length] = 0
    return ok
  }

  xOpen(_vfs: number, path: number, handle: number, flags: number, outFlags: number): number {
    const opened = path === 0 ? temporaryFile() : this.#open(path, flags)
    // wa-sqlite's glue takes a file for open even so: SQLite will ask things of it, and close it.
    this.#handles.set(handle, opened ?? temporaryFile())
    if (opened === undefined) return cannotOpen
    if (outFlags !== 0) this.#exports.HEAP32[outFlags >> 2] = flags
    return ok
  }

  #open(path: number, flags: number): Handle | undefined {
    const place = this.#locate(path)
    if (place === undefined || (flags & openSuperJournal) !== 0) return undefined
    const { mount, name, journal } = place
    const mayCreate = (flags & openCreate) !== 0
    const slot = mount.pool.find(name)
    if (journal !== undefined) return slot && openJournal(mount, slot, journal, mayCreate)
    if (slot === undefined && !(mayCreate && mount.mayWrite())) return undefined
    const database = slot ?? createSlot(mount, name)
    return database && { mount, slot: database, file: database.main }
  }

  #locate(path: number) {
    const [, number, name, journal] = pathPattern.exec(this.#exports.UTF8ToString(path)) ?? []
    const mount = this.#mounts.get(Number(number))
    return mount && { mount, name: name!, journal: journal as JournalKind | undefined }
  }

  xClose(handle: number): number {
    const own = this.#handles.get(handle)!
    this.#locksOf(own)?.delete(own)
    this.#handles.delete(handle)
    return ok
  }

  xDelete(_vfs: number, path: number, isDurable: number): number {
    const place = this.#locate(path)
    if (place === undefined || !place.mount.mayWrite()) return ioDelete
    const { mount, name, journal } = place
    const slot = mount.pool.find(name)
    if (slot === undefined || journal === undefined || !hasJournal(slot, journal)) return deleteMissing
    return attempt(() => {
      slot.journal.truncate(0)
      if (isDurable !== 0) slot.journal.flush()
      return ok
    }, ioDelete)
  }

  xAccess(_vfs: number, path: number, _flags: number, out: number): number {
    const place = this.#locate(path)
    if (place === undefined) return ioAccess
    const slot = place.mount.pool.find(place.name)
    const isThere = slot !== undefined && (place.journal === undefined || hasJournal(slot, place.journal))
    this.#exports.HEAP32[out >> 2] = isThere ? 1 : 0
    return ok
  }

  xRead(handle: number, target: number, bytes: number, offsetLow: number, offsetHigh: number): number {
    const { file } = this.#handles.get(handle)!
    const into = this.#exports.HEAPU8.subarray(target, target + bytes)
    return attempt(() => {
      const found = file.read(into, int64(offsetLow, offsetHigh))
      if (found === bytes) return ok
      into.fill(0, found)
      return ioShortRead
    }, ioRead)
  }

  xWrite(handle: number, source: number, bytes: number, offsetLow: number, offsetHigh: number): number {
    const own = this.#handles.get(handle)!
    if (!mayWrite(own)) return ioWrite
    const from = this.#exports.HEAPU8.subarray(source, source + bytes)
    return attempt(() => (own.file.write(from, int64(offsetLow, offsetHigh)), ok), ioWrite)
  }

  xTruncate(handle: number, sizeLow: number, sizeHigh: number): number {
    const own = this.#handles.get(handle)!
    if (!mayWrite(own)) return ioTruncate
    return attempt(() => (own.file.truncate(int64(sizeLow, sizeHigh)), ok), ioTruncate)
  }

  xSync(handle: number): number {
    const own = this.#handles.get(handle)!
    // Whoever is asked to make a commit durable must still be the leader then.
    if (!mayWrite(own)) return ioSync
    return attempt(() => (own.file.flush(), ok), ioSync)
  }

  xFileSize(handle: number, out: number): number {
    const { size } = this.#handles.get(handle)!.file
    this.#exports.HEAP32[out >> 2] = size | 0
    this.#exports.HEAP32[(out + 4) >> 2] = Math.floor(size / 2 ** 32)
    return ok
  }

  xLock(handle: number, level: number): number {
    const own = this.#handles.get(handle)!
    const locks = this.#locksOf(own)
    if (locks === undefined || (locks.get(own) ?? 0) >= level) return ok
    const highest = highestOther(locks, own)
    if (highest >= (level === lockShared ? lockPending : lockReserved)) return busy
    const mustWait = level === lockExclusive && highest > 0
    locks.set(own, mustWait ? lockPending : level)
    return mustWait ? busy : ok
  }

  xUnlock(handle: number, level: number): number {
    const own = this.#handles.get(handle)!
    if (level === 0) this.#locksOf(own)?.delete(own)
    else this.#locksOf(own)?.set(own, level)
    return ok
  }

  xCheckReservedLock(handle: number, out: number): number {
    const own = this.#handles.get(handle)!
    const locks = this.#locksOf(own)
    const highest = locks === undefined ? 0 : Math.max(highestOther(locks, own), locks.get(own) ?? 0)
    this.#exports.HEAP32[out >> 2] = highest >= lockReserved ? 1 : 0
    return ok
  }

  /** Connections of this thread only; others cannot open the files at all. */
  #locksOf({ slot }: Handle): Map<Handle, number> | undefined {
    if (slot === null) return undefined
    const known = this.#locks.get(slot)
    if (known !== undefined) return known
    const locks = new Map<Handle, number>()
    this.#locks.set(slot, locks)
    return locks
  }

  xFileControl(): number {
    return notFound
  }

  xSectorSize(): number {
    return sectorBytes
  }

  xDeviceCharacteristics(): number {
    return powersafeOverwrite
  }
}

/** What throws here would tear SQLite down in mid-call. */
const attempt = (run: () => number, failed: number): number => {
  try {
    return run()
  } catch (error) {
    return isQuotaError(error) ? full : failed
  }
}

const mayWrite = ({ mount }: Handle): boolean => mount === null || mount.mayWrite()

const hasJournal = (slot: OpfsSlot, kind: JournalKind): boolean => slot.journalKind === kind && slot.journal.size > 0

const createSlot = ({ pool }: OpfsMount, name: string): OpfsSlot | undefined => {
  try {
    return pool.create(name)
  } catch {
    return undefined
  }
}

const openJournal = (mount: OpfsMount, slot: OpfsSlot, kind: JournalKind, mayCreate: boolean): Handle | undefined => {
  if (!hasJournal(slot, kind)) {
    // Never write one over the other: it may be all that is left of a commit.
    if (!mayCreate || slot.journal.size > 0) return undefined
    slot.journalKind = kind
  }
  return { mount, slot: null, file: slot.journal }
}

/** Two int32, the low word first. */
const int64 = (low: number, high: number): number => high * 2 ** 32 + (low >>> 0)

/** Level of the strongest lock that another connection has on this file. */
const highestOther = (locks: ReadonlyMap<Handle, number>, own: Handle): number => {
  let highest = 0
  for (const [handle, level] of locks) if (handle !== own) highest = Math.max(highest, level)
  return highest
}

/** What SQLite sorts in, or undoes a statement with. */
const temporaryFile = (): Handle => {
  let bytes = new Uint8Array()
  let size = 0
  const file: OpenFile & { readonly size: number } = {
    get size() {
      return size
    },
    read: (target, offset) => {
      const found = bytes.subarray(Math.min(offset, size), Math.min(offset + target.length, size))
      target.set(found)
      return found.length
    },
    write: (source, offset) => {
      const end = offset + source.length
      if (end > bytes.length) {
        const grown = new Uint8Array(Math.max(end, bytes.length * 2))
        grown.set(bytes)
        bytes = grown
      }
      bytes.set(source, offset)
      size = Math.max(size, end)
    },
    truncate: (to) => {
      bytes.fill(0, to)
      size = Math.min(size, to)
    },
    flush: () => undefined,
  }
  return { mount: null, slot: null, file }
}
