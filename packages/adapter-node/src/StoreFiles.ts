/**
 * Where a store's files are.
 *
 * | File                            | Holds                                                                   |
 * | ------------------------------- | ----------------------------------------------------------------------- |
 * | `<directory>/<store>/lock.db`   | the leader's lock, and who holds it (`StoreLock.ts`)                    |
 * | `… /eventlog-v1.db`             | the durable log: the only file that cannot be made again                |
 * | `… /state-v1.db`                | the state database                                                      |
 * | `… /eventlog-v1.reset-*.db`     | the log as it was before a `reset`                                      |
 * | `… /eventlog-v1.corrupt-*.db`   | an eventlog that could not be read, kept aside                          |
 *
 * `<store>` is the storeId with every upper-case letter written as `+` and its lower-case form, so that two ids that
 * differ in case are two folders on every file system; a name that Windows keeps for a device ends with `+`. `v1` is the
 * format version: another one never meets these files.
 */
import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { formatVersion } from '@headwater/core/adapter'
import { storeIdPattern } from '@headwater/core/backend'
import { DirectoryUnusable } from './NodeAdapterError.ts'

export interface StoreFiles {
  readonly folder: string
  readonly lock: string
  readonly eventlog: string
  readonly state: string
}

/** Windows has no folders of these names. */
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/

export const storeFolderName = (storeId: string): string =>
  deviceName.test(storeId) ? `${storeId}+` : storeId.replaceAll(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`)

/** The storeId of a folder of that name; `undefined` for a folder that is no store's. */
export const storeIdOfFolder = (name: string): string | undefined => {
  const spelled = name.endsWith('+') && deviceName.test(name.slice(0, -1)) ? name.slice(0, -1) : name
  const storeId = spelled.replaceAll(/\+([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return storeIdPattern.test(storeId) && storeFolderName(storeId) === name ? storeId : undefined
}

const filesIn = (folder: string): StoreFiles => ({
  folder,
  lock: join(folder, 'lock.db'),
  eventlog: join(folder, `eventlog-v${formatVersion}.db`),
  state: join(folder, `state-v${formatVersion}.db`),
})

/** Paths of a store's files, whether they exist or not. */
export const storeFiles = (directory: string, storeId: string): StoreFiles =>
  filesIn(join(directory, storeFolderName(storeId)))

/** Makes the store's folder and answers with its one real path, by which a process knows a store. **Fails with** `DirectoryUnusable`. */
export const makeStoreFiles = (directory: string, storeId: string): StoreFiles => {
  const { folder } = storeFiles(directory, storeId)
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return filesIn(realpathSync(folder))
  } catch (error) {
    throw new DirectoryUnusable({ directory, code: (error as NodeJS.ErrnoException).code ?? String(error) })
  }
}
