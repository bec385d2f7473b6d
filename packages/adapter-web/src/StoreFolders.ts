/**
 * Where a store is in the origin's private file system.
 *
 * | Path                               | Is                                                                      |
 * | ---------------------------------- | ----------------------------------------------------------------------- |
 * | `<directory>/<store>/<n>/`         | the store's pool (`OpfsPool.ts`); the highest n that is whole counts    |
 * | `<directory>/<store>/<n>/whole`    | n > 1: the copy from n − 1 is complete                                  |
 *
 * `<store>` is the storeId with every upper-case letter written as `+` and its lower-case form, as on Node. There is one
 * folder unless a leader hung with its files open: then its successor copied them, and the old folder is deleted as soon
 * as its holder is gone.
 */
import { classifySqliteError } from '@headwater/core/adapter'
import { OpfsPool } from './OpfsPool.ts'
import { type AccessFolder, isHeldError, isQuotaError, opfsFolder } from './SyncAccess.ts'
import { OpfsUnavailable, StoreFilesHeld } from './WebAdapterError.ts'

const wholeName = 'whole'

/** How many readings may differ before the one that hangs is taken for one that works. */
const readingsMax = 20

/** The folder of all stores. **Fails with** `OpfsUnavailable`. */
const storesFolder = async (directory: string): Promise<FileSystemDirectoryHandle> => {
  const hasSyncAccess = 'createSyncAccessHandle' in (globalThis.FileSystemFileHandle?.prototype ?? {})
  if (typeof navigator.storage?.getDirectory !== 'function' || !hasSyncAccess)
    throw new OpfsUnavailable({ reason: 'Missing', detail: 'no createSyncAccessHandle' })
  try {
    const root = await navigator.storage.getDirectory()
    return await root.getDirectoryHandle(directory, { create: true })
  } catch (error) {
    const isBlocked = error instanceof Error && ['SecurityError', 'NotAllowedError'].includes(error.name)
    throw new OpfsUnavailable({ reason: isBlocked ? 'Blocked' : 'Missing', detail: String(error) })
  }
}

const storeName = (storeId: string): string => storeId.replaceAll(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`)

interface StoreFolder {
  readonly path: string
  readonly handle: FileSystemDirectoryHandle
  /** Ascending. */
  readonly numbers: ReadonlyArray<number>
  /** The one that counts. */
  readonly current: number
}

const openStoreFolder = async (directory: string, storeId: string): Promise<StoreFolder> => {
  const stores = await storesFolder(directory)
  const handle = await stores.getDirectoryHandle(storeName(storeId), { create: true })
  const numbers: Array<number> = []
  for await (const name of handle.keys()) if (/^\d+$/.test(name)) numbers.push(Number(name))
  numbers.sort((a, b) => a - b)
  let current = 1
  for (const number of numbers) if (number > 1 && (await isWhole(handle, number))) current = number
  return { path: `${directory}/${storeName(storeId)}`, handle, numbers, current }
}

const isWhole = async (store: FileSystemDirectoryHandle, number: number): Promise<boolean> => {
  const folder = await store.getDirectoryHandle(String(number))
  return folder.getFileHandle(wholeName).then(
    () => true,
    () => false,
  )
}

export interface OpenStoreOptions {
  readonly storeId: string
  readonly directory: string
  /** How long to wait for files that somebody else has open. **Units** ms. */
  readonly waitMs: number
  /** Copy what somebody else still has open after that, instead of failing. */
  readonly mayCopy: boolean
}

/**
 * Opens the files of a store, made when they are missing.
 *
 * **Fails with** `OpfsUnavailable`, `StoreFilesHeld`, `SqliteError` (`Full`: there is no room to make or copy them), `DOMException`.
 */
export const openStorePool = async (options: OpenStoreOptions): Promise<OpfsPool> => {
  try {
    return await openOrCopy(options)
  } catch (error) {
    if (!isQuotaError(error)) throw error
    throw classifySqliteError({ code: 'SQLITE_FULL', operation: 'open', detail: String(error) })
  }
}

const openOrCopy = async (options: OpenStoreOptions): Promise<OpfsPool> => {
  const store = await openStoreFolder(options.directory, options.storeId)
  const { waitMs, mayCopy } = options
  try {
    const pool = await OpfsPool.open(await numbered(store, store.current), { waitMs })
    void removeOthers(store, store.current)
    return pool
  } catch (error) {
    if (!mayCopy || !(error instanceof StoreFilesHeld)) throw error
    const next = Math.max(...store.numbers) + 1
    await copyFolder(store, next)
    return await OpfsPool.open(await numbered(store, next), { waitMs })
  }
}

const numbered = async (store: StoreFolder, number: number): Promise<AccessFolder> =>
  opfsFolder(`${store.path}/${number}`, await store.handle.getDirectoryHandle(String(number), { create: true }))

/** What is left of leaders that hung, and of copies that were interrupted; a folder that is still held stays. */
const removeOthers = async (store: StoreFolder, current: number): Promise<void> => {
  for (const number of store.numbers)
    if (number !== current) await store.handle.removeEntry(String(number), { recursive: true }).catch(() => undefined)
}

/** Whoever hangs may wake up in the middle of a write: what is copied was read twice, the same. */
const copyFolder = async (store: StoreFolder, next: number): Promise<void> => {
  const from = await store.handle.getDirectoryHandle(String(store.current))
  let files = await readFiles(from)
  for (let readings = 0; ; readings++) {
    const again = await readFiles(from)
    if (isSame(files, again)) break
    if (readings === readingsMax) throw new StoreFilesHeld({ folder: store.path })
    files = again
  }
  const to = await numbered(store, next)
  for (const [name, bytes] of files) {
    const access = await to.open(name)
    try {
      access.truncate(bytes.length)
      if (access.write(bytes, { at: 0 }) !== bytes.length) throw new DOMException('copy', 'QuotaExceededError')
      access.flush()
    } finally {
      access.close()
    }
  }
  const whole = await to.open(wholeName)
  whole.flush()
  whole.close()
}

/** A file can be read while somebody else has it open for writing. */
const readFiles = async (folder: FileSystemDirectoryHandle): Promise<Map<string, Uint8Array>> => {
  const files = new Map<string, Uint8Array>()
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind !== 'file' || name === wholeName) continue
    const file = await (handle as FileSystemFileHandle).getFile()
    files.set(name, new Uint8Array(await file.arrayBuffer()))
  }
  return files
}

const isSame = (a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean =>
  a.size === b.size &&
  Array.from(a).every(([name, bytes]) => {
    const other = b.get(name)
    return other?.length === bytes.length && bytes.every((byte, i) => byte === other[i])
  })

/** How long a folder may stay in use after its leader has ended. **Units** ms. */
const removeWaitMs = 3000
const removeRetryMs = 20

/** Deletes a store with everything in it. **Fails with** `OpfsUnavailable`, `StoreFilesHeld`, `DOMException`. */
export const removeStore = async (directory: string, storeId: string): Promise<void> => {
  const stores = await storesFolder(directory)
  const deadline = performance.now() + removeWaitMs
  for (;;) {
    try {
      return await stores.removeEntry(storeName(storeId), { recursive: true })
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundError') return
      if (!isHeldError(error)) throw error
      if (performance.now() >= deadline) throw new StoreFilesHeld({ folder: `${directory}/${storeName(storeId)}` })
    }
    await new Promise((resolve) => setTimeout(resolve, removeRetryMs))
  }
}
