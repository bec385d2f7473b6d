/**
 * A store's eventlog in the hands of a tool that changes it: a repair, a replay. The tool holds the leader's lock and has
 * raised the term as a leader does, so that no session and no stale leader meets what it does half done; the state
 * database is left as it is, and catches up when the app opens the store.
 */
import { existsSync } from 'node:fs'
import { InvalidStoreId } from '@headwater/core'
import { Eventlog } from '@headwater/core/adapter'
import { storeIdPattern } from '@headwater/core/backend'
import { fileLeaderStorage } from './FileLeaderStorage.ts'
import { StoreExists, StoreNotFound } from './NodeAdapterError.ts'
import { requireNodeVersion } from './NodeVersion.ts'
import { makeStoreFiles, type StoreFiles, storeFiles } from './StoreFiles.ts'
import { takeStoreLock } from './StoreLock.ts'

export interface HeldEventlog {
  readonly eventlog: Eventlog
  /** Lets go of the store. */
  readonly close: () => void
}

export interface HeldStore {
  readonly directory: string
  readonly storeId: string
}

/**
 * Takes a store that nobody has open.
 *
 * **Fails with**  `InvalidStoreId`, `StoreNotFound`, `StoreLocked` (somebody has it open: nothing was changed), `FormatUnsupported`,
 * `SqliteError` (`isDamage`: open it with the app, which salvages what can be read).
 */
export const holdEventlog = ({ directory, storeId }: HeldStore): HeldEventlog => {
  requireNodeVersion()
  checkStoreId(storeId)
  const files = storeFiles(directory, storeId)
  if (!existsSync(files.eventlog)) throw new StoreNotFound({ folder: files.folder })
  return hold(makeStoreFiles(directory, storeId), null)
}

/** Makes a store with an empty log of this client. **Fails with** `StoreExists`, and as {@link holdEventlog}. */
export const makeEventlog = (store: HeldStore & { readonly clientId: string }): HeldEventlog => {
  requireNodeVersion()
  checkStoreId(store.storeId)
  return hold(makeStoreFiles(store.directory, store.storeId), store.clientId)
}

/** A storeId becomes a folder's name: one that came in a file must not lead elsewhere. */
const checkStoreId = (storeId: string): void => {
  if (!storeIdPattern.test(storeId)) throw new InvalidStoreId({ storeId })
}

/** `newClientId`: whose log to make; `null` for one that is there. */
const hold = (files: StoreFiles, newClientId: string | null): HeldEventlog => {
  const lock = takeStoreLock(files)
  try {
    // Only who holds the lock may say so.
    if (existsSync(files.eventlog) !== (newClientId === null))
      throw newClientId === null
        ? new StoreNotFound({ folder: files.folder })
        : new StoreExists({ folder: files.folder })
    const connection = fileLeaderStorage(files, 'full').openEventlog()
    try {
      const eventlog = Eventlog.open(connection, () => newClientId ?? '')
      eventlog.raiseTerm()
      return {
        eventlog,
        close: () => {
          eventlog.close()
          lock.release()
        },
      }
    } catch (error) {
      connection.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}
