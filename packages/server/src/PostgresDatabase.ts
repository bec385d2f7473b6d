import { type PostgresAppends, makePostgresAppends } from './PostgresAppends.ts'
import { databaseError } from './PostgresError.ts'
import { type LogPage, type PageRequest, type PostgresLog, makePostgresLog } from './PostgresLog.ts'
import { type PostgresMoves, postgresMoves } from './PostgresMoves.ts'
import { type PostgresPool, type PostgresPoolOptions, openPostgresPool } from './PostgresPool.ts'
import { type PostgresTables, migrate, tablesIn } from './PostgresSchema.ts'
import { type SharedLoads, makeSharedLoads } from './SharedLoads.ts'

/** One database, open: its tables are as this version needs them. */
export interface PostgresDatabase {
  /** The random name that its tables carry, wherever it runs and whatever its URL is. */
  readonly id: string
  /** Host, port and database; never user or password. */
  readonly name: string
  readonly tables: PostgresTables
  readonly pool: PostgresPool
  readonly log: PostgresLog
  readonly appends: PostgresAppends
  readonly moves: PostgresMoves
  /** Of NOTIFY. */
  readonly channel: string
  /** As `log.page`, once for all who ask for one page at one moment. */
  readonly page: (request: PageRequest) => Promise<LogPage | undefined>
  /** The directory that it belongs to: its own id, unless it is one of several. Asked anew. */
  readonly directoryId: () => Promise<string>
}

export interface PostgresDatabaseOptions extends PostgresPoolOptions {
  readonly schema: string
}

/** Makes its tables, or brings them up to date. **Fails with** `DatabaseError`. */
export const openPostgresDatabase = async (options: PostgresDatabaseOptions): Promise<PostgresDatabase> => {
  const { schema } = options
  const tables = tablesIn(schema)
  const pool = await openPostgresPool(options)
  try {
    await migrate(pool, schema)
    const identity = await readIdentity(pool, tables)
    const log = makePostgresLog(pool, tables)
    const channel = `headwater ${schema}`
    const pages: SharedLoads<LogPage | undefined> = makeSharedLoads()
    return {
      id: identity.databaseId,
      name: pool.name,
      tables,
      pool,
      log,
      appends: makePostgresAppends({
        log,
        flightsMax: Math.max(1, Math.floor(pool.connectionsMax / 2)),
        waitMs: pool.timeoutMs,
      }),
      moves: postgresMoves(pool, tables, channel),
      channel,
      page: (request) => pages(Object.values(request).join(' '), () => log.page(request)),
      directoryId: async () => (await readIdentity(pool, tables)).directoryId,
    }
  } catch (error) {
    await pool.end()
    throw databaseError(`PostgreSQL ${pool.name}`, error)
  }
}

const readIdentity = async (pool: PostgresPool, { database }: PostgresTables) => {
  const statement = { name: 'headwater database', text: `SELECT database_id, directory_id FROM ${database}` }
  const [row] = await pool.query<readonly [string, string]>(statement, [])
  if (row === undefined) throw new Error(`${database} has lost its row; restore it from a backup`)
  return { databaseId: row[0], directoryId: row[1] }
}
