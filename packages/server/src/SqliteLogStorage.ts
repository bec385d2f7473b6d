import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import type { BackendInfo } from '@headwater/core/backend'
import type Database from 'better-sqlite3'
import * as Effect from 'effect/Effect'
import { codeOf, openDataFolder } from './DataFolder.ts'
import { makeGroupCommit } from './GroupCommit.ts'
import { type LogStorage, StorageFailed } from './LogStorage.ts'
import { type StoreRow, makeSqliteLog } from './SqliteLog.ts'
import { makeStoreListeners } from './StoreListeners.ts'
import { inSpan } from './Span.ts'

export interface SqliteLogStorageOptions {
  /** The folder for the log; made if there is none. */
  readonly folder: string
  /** Default: a random UUID. */
  readonly makeBackendId?: () => string
}

/** The storage of one machine, which copies itself into a file. */
export interface SqliteLogStorage extends LogStorage {
  /** A consistent copy while everything goes on. **Fails with** `StorageFailed`, also if the file exists. */
  readonly backup: (file: string) => Effect.Effect<void, StorageFailed>
}

/**
 * Keeps the logs of all stores in one SQLite file: WAL, `synchronous=FULL`, appends of one tick in one transaction.
 *
 * **Fails with**  `DataFolderError`, thrown: the folder is in use, no log of ours, of a newer format, or unusable.
 *
 * @category constructors
 */
export const sqliteLogStorage = (options: SqliteLogStorageOptions): SqliteLogStorage => {
  const { file, database, close } = openDataFolder(options.folder)
  const log = makeSqliteLog(database, options.makeBackendId ?? randomUUID)
  const listeners = makeStoreListeners()
  const group = makeGroupCommit((work) => database.transaction(work).immediate(), failedAs('append'))
  /** The store's row; a store that is new is made durable before anybody hears its backendId. */
  const storeOf = (storeId: string): Effect.Effect<StoreRow, StorageFailed> =>
    Effect.flatMap(
      attempt('read', () => log.findStore(storeId)),
      (row) => (row === undefined ? group.run(() => log.store(storeId)) : Effect.succeed(row)),
    )
  return {
    name: `sqlite ${file}`,
    info: (storeId) => Effect.map(storeOf(storeId), infoOf),
    judgeKnown: (request) =>
      Effect.flatMap(storeOf(request.storeId), (row) => attempt('read', () => log.judgeKnown(row, request))),
    append: (request) =>
      group
        .run(() => log.append(request))
        .pipe(
          Effect.tap((answer) =>
            Effect.sync(() => {
              if (answer._tag === 'Accepted' && answer.appended > 0) listeners.call(request.storeId)
            }),
          ),
          inSpan('headwater.append', { storeId: request.storeId, events: request.batch.events.length }),
        ),
    read: (request) => Effect.flatMap(storeOf(request.storeId), (row) => attempt('read', () => log.read(row, request))),
    stores: (after, storesMax) => attempt('read', () => log.stores(after, storesMax)),
    subscribe: listeners.subscribe,
    backup: (target) => backupTo(database, target),
    close: Effect.sync(() => {
      group.flush()
      close()
    }),
  }
}

const infoOf = (row: StoreRow): BackendInfo => ({
  backendId: row.backendId,
  head: { global: row.headGlobal, eventId: row.headId },
})

const failedAs =
  (operation: string) =>
  (error: unknown): StorageFailed =>
    new StorageFailed({
      operation,
      detail: `${codeOf(error)} ${error instanceof Error ? error.message : String(error)}`.trim(),
    })

const attempt = <A>(operation: string, work: () => A): Effect.Effect<A, StorageFailed> =>
  Effect.try({ try: work, catch: failedAs(operation) })

/** Copies page by page beside running writes; the file appears under its name only when it is complete and synced. */
export const backupTo = (database: Database.Database, target: string): Effect.Effect<void, StorageFailed> =>
  Effect.tryPromise({
    try: async () => {
      if (existsSync(target)) throw new Error(`${target} exists already; choose another name or remove it`)
      const partial = `${target}.partial`
      rmSync(partial, { force: true })
      await database.backup(partial)
      const handle = openSync(partial, 'r+')
      fsyncSync(handle)
      closeSync(handle)
      renameSync(partial, target)
    },
    catch: failedAs('backup'),
  })
