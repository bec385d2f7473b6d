import { statSync } from 'node:fs'
import { listStores, type StoreFolder } from '@headwater/adapter-node'
import { FormatUnsupported, formatVersion } from '@headwater/core/adapter'
import { NoStore, StoreNotChosen } from './TerminalError.ts'

/** Every store at `path`, or the one by that id. **Fails with** `NoStore`. */
export const storesAt = (path: string, storeId: string | undefined): ReadonlyArray<StoreFolder> => {
  checkFolder(path)
  const stores = listStores(path)
  if (stores.length === 0) throw new NoStore({ path, why: 'empty' })
  if (storeId === undefined) return stores
  const chosen = stores.filter((store) => store.storeId === storeId)
  if (chosen.length > 0) return chosen
  throw new NoStore({ path, why: 'unknown-store', known: stores.map((store) => store.storeId) })
}

/** The one store at `path`. **Fails with** `NoStore`, `StoreNotChosen`. */
export const storeAt = (path: string, storeId: string | undefined): StoreFolder => {
  const [first, ...others] = storesAt(path, storeId)
  if (first === undefined) throw new NoStore({ path, why: 'empty' })
  if (others.length === 0) return first
  throw new StoreNotChosen({ path, known: [first, ...others].map((store) => store.storeId) })
}

/** **Fails with** `FormatUnsupported` for a store that a newer version of Headwater has written. */
export const checkFormat = ({ newestFormat, eventlog }: StoreFolder): void => {
  if (newestFormat !== null && newestFormat > formatVersion && eventlog === null)
    throw new FormatUnsupported({ file: 'eventlog', found: newestFormat, supported: formatVersion })
}

const checkFolder = (path: string): void => {
  let isFolder: boolean | undefined
  try {
    isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory()
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    throw new NoStore({ path, why: isMissing ? 'missing' : 'unreadable' })
  }
  if (isFolder === undefined) throw new NoStore({ path, why: 'missing' })
  if (!isFolder) throw new NoStore({ path, why: 'no-folder' })
}
