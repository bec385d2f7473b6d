import { existsSync } from 'node:fs'
import type { SqliteConnection } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'
import { StoreNotFound } from './NodeAdapterError.ts'
import { storeFiles } from './StoreFiles.ts'

/** A store's databases, read-only. */
export interface OpenStoreFiles {
  readonly eventlog: SqliteConnection
  readonly state: SqliteConnection
  readonly close: () => void
}

/**
 * Opens a store's files for reading, whoever leads it meanwhile: for tools.
 *
 * **Fails with**  `StoreNotFound`, `SqliteError`.
 */
export const openStoreFiles = (options: { readonly directory: string; readonly storeId: string }): OpenStoreFiles => {
  const files = storeFiles(options.directory, options.storeId)
  if (!existsSync(files.eventlog) || !existsSync(files.state)) throw new StoreNotFound({ folder: files.folder })
  const eventlog = openBetterSqlite({ path: files.eventlog, readonly: true })
  const state = openBetterSqlite({ path: files.state, readonly: true })
  return {
    eventlog,
    state,
    close: () => {
      eventlog.close()
      state.close()
    },
  }
}
