/** Where the servers of a load workload keep their logs; every run has its own, empty but for the stores. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { sqliteLogStorage } from '@headwater/server'
import { postgresFixture, runSql } from '@headwater/testkit/postgres'
import Database from 'better-sqlite3'
import * as Effect from 'effect/Effect'
import { type HttpServer, type ServerPlace, startHttpServer } from '../HttpServer.ts'
import { withPublished } from '../PublishedCode.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import type { LoadStore } from './LoadEvents.ts'

export interface LoadPlace {
  readonly servers: ReadonlyArray<HttpServer>
  /** Of the database, where there is one. */
  readonly databaseUrl: string | undefined
  /** Makes their logs, without a server: a hundred thousand of them in seconds. */
  readonly makeStores: (stores: ReadonlyArray<LoadStore>) => Promise<void>
  /** Stops the servers. **Shape** `events`: how many there are; `checksum` of every store's events, in their order. */
  readonly stored: () => Promise<{ readonly events: number; readonly checksum: string }>
}

export type PlaceKind = 'sqlite' | 'postgres'

/**
 * As many servers as wanted; SQLite has one. A PostgreSQL of our own, or the one that `DATABASE_URL` names; fsync is on. **Shape**
 * `flags`: of Node, for the servers.
 */
export const withLoadPlace = <A>(
  kind: PlaceKind,
  serverCount: number,
  work: (place: LoadPlace) => Promise<A>,
  flags: ReadonlyArray<string> = [],
): Promise<A> =>
  withPublished(serverEntry, (code) => {
    const startOn = (place: ServerPlace): Promise<HttpServer> => startHttpServer(place, code, flags)
    return kind === 'sqlite' ? onSqlite(startOn, work) : onPostgres(startOn, serverCount, work)
  })

type StartOn = (place: ServerPlace) => Promise<HttpServer>

const serverEntry = new URL('../../../packages/server/src/Cli.ts', import.meta.url)

const onSqlite = <A>(startOn: StartOn, work: (place: LoadPlace) => Promise<A>): Promise<A> =>
  withScratchFolder(async (folder) => {
    const servers: Array<HttpServer> = []
    const stop = async (): Promise<void> => {
      for (const server of servers.splice(0)) await server.stop()
    }
    const start = async (): Promise<void> => void servers.push(await startOn({ data: folder }))
    await start()
    try {
      return await work({
        servers,
        databaseUrl: undefined,
        makeStores: async (stores) => {
          await stop()
          // Asked for in the order of the stores, which are made in the order in which they are asked for.
          const backendIds = stores.map(({ backendId }) => backendId).values()
          const storage = sqliteLogStorage({ folder, makeBackendId: () => backendIds.next().value ?? '' })
          // Not one after the other, which would be a sync to disk each: the writes of a tick are one.
          await Promise.all(stores.map(({ storeId }) => Effect.runPromise(storage.info(storeId))))
          await Effect.runPromise(storage.close)
          await start()
        },
        stored: async () => {
          await stop()
          const database = new Database(path.join(folder, 'log-v1.sqlite3'), { readonly: true })
          const rows = database
            .prepare<[], { storeId: string; eventId: string }>(
              'SELECT storeId, eventId FROM event JOIN store ON key = storeKey ORDER BY storeId, global',
            )
            .all()
          database.close()
          return summed(rows.map(({ storeId, eventId }) => `${storeId} ${eventId}`))
        },
      })
    } finally {
      await stop()
    }
  })

const onPostgres = async <A>(
  startOn: StartOn,
  serverCount: number,
  work: (place: LoadPlace) => Promise<A>,
): Promise<A> => {
  const postgres = await postgresFixture()
  const url = await postgres.makeDatabase()
  // One after the other: the first makes the tables. Where none is wanted it has done its work.
  const servers: Array<HttpServer> = []
  for (let i = 0; i < Math.max(1, serverCount); i++) servers.push(await startOn({ database: url }))
  const stop = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  }
  if (serverCount === 0) await stop()
  try {
    return await work({
      servers,
      databaseUrl: url,
      makeStores: async (stores) => {
        const values = [stores.map(({ storeId }) => storeId), stores.map(({ backendId }) => backendId)]
        const text = 'INSERT INTO headwater_stores (store_id, backend_id) SELECT * FROM unnest($1::text[], $2::text[])'
        await runSql(url, text, values)
        // As after any load of this size; the autovacuum would do it in the midst of the run.
        await runSql(url, 'VACUUM ANALYZE headwater_stores')
      },
      stored: async () => {
        await stop()
        const text = `SELECT store_id || ' ' || event_id AS line FROM headwater_events ORDER BY store_id, seq`
        return summed((await runSql(url, text)).map(({ line }) => String(line)))
      },
    })
  } finally {
    await stop()
    await postgres.close()
  }
}

const summed = (lines: ReadonlyArray<string>) => {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(line).update('\n')
  return { events: lines.length, checksum: hash.digest('hex').slice(0, 16) }
}
