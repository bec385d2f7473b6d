import * as Effect from 'effect/Effect'
import type { LogStorage, StorageFailed } from './LogStorage.ts'
import type { PostgresDatabase } from './PostgresDatabase.ts'
import { type PostgresDatabases, type PostgresDatabasesOptions, openPostgresDatabases } from './PostgresDatabases.ts'
import { storageFailed } from './PostgresError.ts'
import { type PostgresNews, makePostgresNews } from './PostgresNews.ts'
import { makePostgresStoreLog } from './PostgresStoreLog.ts'
import { type ServerLogger, silentLogger } from './ServerLog.ts'
import { type StoreListeners, makeStoreListeners } from './StoreListeners.ts'
import { type Placement, whereverItIs } from './StorePlacements.ts'
import { inSpan } from './Span.ts'

export interface PostgresLogStorageOptions extends PostgresDatabasesOptions {
  /** How often stores with live readers are looked at, in ms, for news whose message was lost. Default 5,000. */
  readonly lookMs?: number
  readonly logger?: ServerLogger
}

/**
 * Keeps the logs of all stores in PostgreSQL, for any number of servers on one database or on several. Tables are made and brought
 * up to date when it opens; a database that goes away is `StorageFailed` for its stores until it is back.
 *
 * **Fails with**  `DatabaseError`: no driver, unreachable, refused, read-only, with newer tables, or not all of several.
 *
 * @category constructors
 */
export const postgresLogStorage = async (options: PostgresLogStorageOptions): Promise<LogStorage> =>
  logStorageOver(await openPostgresDatabases(options), options)

/** The storage on databases that are open; it ends them when it is closed. */
export const logStorageOver = (
  databases: PostgresDatabases,
  options: Pick<PostgresLogStorageOptions, 'lookMs' | 'logger'> = {},
): LogStorage => {
  const { placements } = databases
  const log = makePostgresStoreLog({
    directoryId: databases.directory.databaseId,
    makeBackendId: databases.makeBackendId,
  })
  const listeners = makeStoreListeners()
  const news = new Map(databases.all.map((database) => [database.id, newsOf(database, databases, listeners, options)]))
  const running = new Set<Promise<unknown>>()
  const attempt = <A>(operation: string, work: () => Promise<A>): Effect.Effect<A, StorageFailed> =>
    Effect.tryPromise({
      try: () => {
        const answer = work()
        running.add(answer)
        return answer.finally(() => running.delete(answer))
      },
      catch: (error) => storageFailed(operation, error),
    })
  const inStore = <A>(operation: string, storeId: string, work: (placement: Placement) => Promise<A>) =>
    attempt(operation, () => whereverItIs(placements, storeId, work))
  const close = async (): Promise<void> => {
    while (running.size > 0) await Promise.allSettled(running)
    await Promise.all([...news.values()].map((each) => each.end()))
    await databases.end()
  }
  let closed: Promise<void> | undefined
  return {
    name: `postgres ${databases.all.map(({ name }) => name).join(', ')}`,
    info: (storeId) =>
      inStore('info', storeId, async (placement) => {
        const { backendId, head } = await log.info(placement, storeId)
        return { backendId, head }
      }),
    judgeKnown: (request) => inStore('read', request.storeId, (placement) => log.judgeKnown(placement, request)),
    append: (request) =>
      inStore('append', request.storeId, async (placement) => {
        const answer = await log.append(placement, request)
        if (answer._tag === 'Accepted' && answer.appended > 0) {
          listeners.call(request.storeId)
          news.get(placement.database.id)?.tell(request.storeId)
        }
        return answer
      }).pipe(inSpan('headwater.append', { storeId: request.storeId, events: request.batch.events.length })),
    read: (request) => inStore('read', request.storeId, (placement) => log.read(placement, request)),
    stores: (after, storesMax) => attempt('read', () => databases.stores(after ?? '', storesMax)),
    subscribe: listeners.subscribe,
    close: Effect.promise(() => (closed ??= close())),
  }
}

/** One a database; it looks after the stores that are there, as far as is known. */
const newsOf = (
  database: PostgresDatabase,
  { placements }: PostgresDatabases,
  listeners: StoreListeners,
  { logger = silentLogger, lookMs }: Pick<PostgresLogStorageOptions, 'lookMs' | 'logger'>,
): PostgresNews => {
  const mayBeHere = (storeId: string): boolean => {
    const known = placements.remembered(storeId)
    return known === undefined || known.database === database
  }
  return makePostgresNews({
    pool: database.pool,
    channel: database.channel,
    listeners: { ...listeners, storeIds: () => listeners.storeIds().filter(mayBeHere) },
    heads: database.log.heads,
    onFailure: (operation, error) => {
      const { detail } = storageFailed(operation, error)
      logger({ level: 'warn', event: 'failed', operation, detail })
    },
    ...(lookMs === undefined ? {} : { lookMs }),
  })
}
