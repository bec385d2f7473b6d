import type { WasmExports, WasmVfs } from '@headwater/sqlite-wasm'
import { DiskFile, sectorBytes } from './DiskFile.ts'
import { type DiskFault, type DiskOperation, FaultyDisk } from './FaultyDisk.ts'

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
const ioFileSize = 1802
const ioDelete = 2570
const ioAccess = 3338
const ioLock = 3850
const deleteMissing = 5898

/** Flags of `sqlite3_open_v2` that `xOpen` is given. */
const openCreate = 0x4
const openSuperJournal = 0x4000

/** SQLITE_IOCAP_POWERSAFE_OVERWRITE: {@link FaultyDisk} says why. */
const powersafeOverwrite = 0x1000

const lockShared = 1
const lockReserved = 2
const lockPending = 3
const lockExclusive = 4

/** One connection's view of a disk, as the process that lived when it was opened. */
interface Mount {
  readonly disk: FaultyDisk
  readonly process: number
}

/** One open file. One without a name has no mount either: SQLite does not say who asks for it. */
interface Handle {
  readonly mount: Mount | null
  readonly name: string
  readonly file: DiskFile
}

/** A file as SQLite names it: `/<mount>/<name>`. The mount tells which process asks, also where SQLite gives no handle. */
const pathPattern = /^\/(\d+)\/(.+)$/su

/**
 * All {@link FaultyDisk}s of one SQLite module. Every connection mounts its disk anew, so that whatever SQLite does for
 * it, is known to be done by its process. Transactions over attached files are refused: their super-journal would hold
 * the path of a mount that is gone.
 */
export class FaultyVfs implements WasmVfs {
  readonly name = 'headwater-faulty'
  readonly mxPathname = 512
  readonly #exports: WasmExports
  readonly #mounts = new Map<number, Mount>()
  readonly #handles = new Map<number, Handle>()
  #lastMount = 0

  constructor(exports: WasmExports) {
    this.#exports = exports
  }

  hasAsyncMethod(): boolean {
    return false
  }

  /** Folder under which the living process of this disk finds its files. */
  mount(disk: FaultyDisk): number {
    this.#lastMount++
    this.#mounts.set(this.#lastMount, { disk, process: disk.process })
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
    const opened = path === 0 ? this.#temporary() : this.#open(path, flags)
    // wa-sqlite's glue takes a file for open even so: SQLite will ask things of it, and close it.
    this.#handles.set(handle, opened ?? { mount: nowhere, name: '', file: new DiskFile() })
    if (opened === undefined) return cannotOpen
    if (outFlags !== 0) this.#exports.HEAP32[outFlags >> 2] = flags
    return ok
  }

  #temporary(): Handle {
    return { mount: null, name: '', file: new DiskFile() }
  }

  #open(path: number, flags: number): Handle | undefined {
    const place = this.#locate(path)
    if (place === undefined || (flags & openSuperJournal) !== 0) return undefined
    const { mount, name } = place
    if (mount.disk.judge(mount.process, { kind: 'open', file: name }) !== undefined) return undefined
    const file = mount.disk.file(name, (flags & openCreate) !== 0)
    return file === undefined ? undefined : { mount, name, file }
  }

  #locate(path: number): { readonly mount: Mount; readonly name: string } | undefined {
    const parts = pathPattern.exec(this.#exports.UTF8ToString(path))
    const mount = this.#mounts.get(Number(parts?.[1]))
    return mount === undefined ? undefined : { mount, name: parts![2]! }
  }

  xClose(handle: number): number {
    const own = this.#handles.get(handle)!
    own.file.locks.delete(own)
    this.#handles.delete(handle)
    return ok
  }

  xDelete(_vfs: number, path: number): number {
    const place = this.#locate(path)
    if (place === undefined) return ioDelete
    const { mount, name } = place
    if (mount.disk.judge(mount.process, { kind: 'delete', file: name }) !== undefined) return ioDelete
    return mount.disk.remove(name) ? ok : deleteMissing
  }

  xAccess(_vfs: number, path: number, _flags: number, out: number): number {
    const place = this.#locate(path)
    if (place === undefined || place.mount.process !== place.mount.disk.process) return ioAccess
    place.mount.disk.counts.access++
    this.#exports.HEAP32[out >> 2] = place.mount.disk.file(place.name, false) === undefined ? 0 : 1
    return ok
  }

  xRead(handle: number, target: number, bytes: number, offsetLow: number, offsetHigh: number): number {
    const { mount, file, name } = this.#handles.get(handle)!
    const offset = int64(offsetLow, offsetHigh)
    if (judge(mount, { kind: 'read', file: name, offset, bytes }) !== undefined) return ioRead
    const found = file.readInto(this.#exports.HEAPU8.subarray(target, target + bytes), offset)
    return found < bytes ? ioShortRead : ok
  }

  xWrite(handle: number, data: number, bytes: number, offsetLow: number, offsetHigh: number): number {
    const { mount, file, name } = this.#handles.get(handle)!
    const offset = int64(offsetLow, offsetHigh)
    const fault = judge(mount, { kind: 'write', file: name, offset, bytes })
    if (fault === 'io' || fault === 'dead') return ioWrite
    if (fault === 'full') return full
    const arriving = fault === 'short-write' ? Math.floor(bytes / 2) : bytes
    file.write(offset, this.#exports.HEAPU8.subarray(data, data + arriving))
    return fault === 'short-write' ? full : ok
  }

  xTruncate(handle: number, sizeLow: number, sizeHigh: number): number {
    const { mount, file, name } = this.#handles.get(handle)!
    const size = int64(sizeLow, sizeHigh)
    const fault = judge(mount, { kind: 'truncate', file: name, offset: size })
    if (fault === 'full' && size > file.size) return full
    if (fault !== undefined && fault !== 'full') return ioTruncate
    file.truncate(size)
    return ok
  }

  xSync(handle: number): number {
    const { mount, file, name } = this.#handles.get(handle)!
    const fault = judge(mount, { kind: 'sync', file: name })
    if (fault !== undefined && fault !== 'dead') file.failSync()
    if (fault !== undefined) return ioSync
    file.sync()
    return ok
  }

  xFileSize(handle: number, out: number): number {
    const { mount, file } = this.#handles.get(handle)!
    if (isDead(mount)) return ioFileSize
    // An int64, but no file here is longer than 2^31.
    this.#exports.HEAP32[out >> 2] = file.size
    this.#exports.HEAP32[(out + 4) >> 2] = 0
    return ok
  }

  xLock(handle: number, level: number): number {
    const own = this.#handles.get(handle)!
    if (isDead(own.mount)) return ioLock
    const { locks } = own.file
    if ((locks.get(own) ?? 0) >= level) return ok
    const highest = highestOther(own)
    if (highest >= (level === lockShared ? lockPending : lockReserved)) return busy
    const mustWait = level === lockExclusive && highest > 0
    locks.set(own, mustWait ? lockPending : level)
    return mustWait ? busy : ok
  }

  xUnlock(handle: number, level: number): number {
    const own = this.#handles.get(handle)!
    if (isDead(own.mount)) return ok
    if (level === 0) own.file.locks.delete(own)
    else own.file.locks.set(own, level)
    return ok
  }

  xCheckReservedLock(handle: number, out: number): number {
    const own = this.#handles.get(handle)!
    if (isDead(own.mount)) return ioLock
    const isReserved = Math.max(highestOther(own), own.file.locks.get(own) ?? 0) >= lockReserved
    this.#exports.HEAP32[out >> 2] = isReserved ? 1 : 0
    return ok
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

/** Where a file is whose open failed: no process ever lives there. */
const nowhere: Mount = { disk: new FaultyDisk(), process: 0 }

/** Two int32, the low word first. */
const int64 = (low: number, high: number): number => high * 2 ** 32 + (low >>> 0)

const isDead = (mount: Mount | null): boolean => mount !== null && mount.process !== mount.disk.process

const judge = (mount: Mount | null, operation: DiskOperation): DiskFault | undefined =>
  mount?.disk.judge(mount.process, operation)

/** Level of the strongest lock that another handle has on this file. */
const highestOther = (own: Handle): number => {
  let highest = 0
  for (const [handle, level] of own.file.locks) if (handle !== own) highest = Math.max(highest, level)
  return highest
}
