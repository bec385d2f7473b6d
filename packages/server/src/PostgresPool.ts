import type * as Pg from 'pg'
import { DatabaseError, databaseError, isConnectionLost } from './PostgresError.ts'

/**
 * Connections to one database, with limits. A statement is a transaction of its own, and so durable when its answer is here;
 * a connection that failed is dropped, the next statement opens another.
 */
export interface PostgresPool {
  /** Host, port and database, for logs; never user or password. */
  readonly name: string
  readonly connectionsMax: number
  /** How long a statement may run, and how long it may wait for a connection. */
  readonly timeoutMs: number
  /**
   * Runs one statement, prepared once per connection. **Shape** rows as arrays, in the order of the columns. int8 comes as a
   * string. **Fails with** what pg throws.
   */
  readonly query: <Row extends ReadonlyArray<unknown>>(
    statement: PostgresStatement,
    values: ReadonlyArray<unknown>,
  ) => Promise<ReadonlyArray<Row>>
  /** Lends one connection, for a transaction of several statements. If `work` fails, the connection is dropped. */
  readonly withConnection: <A>(work: (connection: PostgresConnection) => Promise<A>) => Promise<A>
  /** A connection of its own, outside of the pool's limit: for LISTEN. It has to be ended. */
  readonly connect: () => Promise<Pg.Client>
  readonly end: () => Promise<void>
}

export interface PostgresStatement {
  readonly name: string
  readonly text: string
}

export interface PostgresConnection {
  readonly run: (text: string, values?: ReadonlyArray<unknown>) => Promise<ReadonlyArray<Record<string, unknown>>>
}

export interface PostgresPoolOptions {
  readonly url: string
  /** Connections for statements; one more listens. Default 10. */
  readonly connections?: number
  /** How long a statement may run, and how long it may wait for a connection, in ms. Default 10,000. */
  readonly timeoutMs?: number
}

/** With a handful of servers still below PostgreSQL's own limit of 100. */
const connectionsDefault = 10
const timeoutMsDefault = 10_000
/** On top of the database's own timeout: for answers that never arrive because the network is gone. */
const lostAnswerMs = 5_000
const idleMs = 30_000

/** **Fails with** `DatabaseError`: no driver, or no URL of a PostgreSQL. It connects with the first statement. */
export const openPostgresPool = async (options: PostgresPoolOptions): Promise<PostgresPool> => {
  const name = nameOf(options.url)
  const { Pool, Client } = await loadDriver()
  const timeoutMs = options.timeoutMs ?? timeoutMsDefault
  const connectionsMax = options.connections ?? connectionsDefault
  const config: Pg.ClientConfig = {
    connectionString: options.url,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs + lostAnswerMs,
    keepAlive: true,
    application_name: 'headwater-server',
  }
  const verify = (client: Pg.PoolClient, done: (error?: Error) => void): void => {
    // A connection that breaks while it is lent says so here too; its statement has failed with the same.
    client.on('error', () => undefined)
    client.query(sessionSettings(timeoutMs)).then(() => done(), done)
  }
  const pool = new Pool({ ...config, max: connectionsMax, idleTimeoutMillis: idleMs, verify })
  pool.on('error', () => undefined)
  const lend = async <A>(isDropped: (error: unknown) => boolean, work: (client: Pg.PoolClient) => Promise<A>) => {
    const client = await pool.connect()
    try {
      const answer = await work(client)
      client.release()
      return answer
    } catch (error) {
      client.release(isDropped(error))
      throw error
    }
  }
  return {
    name,
    connectionsMax,
    timeoutMs,
    query: <Row extends ReadonlyArray<unknown>>(statement: PostgresStatement, values: ReadonlyArray<unknown>) =>
      lend(isConnectionLost, async (client) => {
        // What the columns are is the statement's business; its reader says it by `Row`.
        const query = { ...statement, values: [...values], rowMode: 'array' as const }
        const { rows } = await client.query<Array<unknown>>(query)
        return rows as unknown as ReadonlyArray<Row>
      }),
    withConnection: (work) =>
      lend(
        () => true,
        (client) => work({ run: async (text, values = []) => (await client.query(text, [...values])).rows }),
      ),
    connect: async () => {
      const client = new Client(config)
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    end: () => pool.end(),
  }
}

/**
 * What is acknowledged must be on disk, also where the database is set to answer before it is. Every statement of ours goes to
 * few rows by an index: a plan that was made while a table was small must not scan it for as long as it is kept.
 */
export const sessionSettings = (timeoutMs: number): string => `
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
  SET statement_timeout = ${timeoutMs}; SET lock_timeout = ${timeoutMs}; SET client_encoding = 'UTF8';
  SET idle_in_transaction_session_timeout = ${timeoutMs}; SET extra_float_digits = 1;
  SET plan_cache_mode = force_generic_plan; SET jit = off; SET max_parallel_workers_per_gather = 0;
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off`

const nameOf = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    const detail =
      'the database URL must look like postgres://user:password@host:5432/database; in a password @ is %40, # is %23 and / is %2F'
    throw new DatabaseError({ reason: 'InvalidUrl', detail })
  }
  return `${parsed.host}${parsed.pathname}`
}

/** An optional peer: who stays with SQLite does not install it. */
const loadDriver = async (): Promise<Pick<typeof Pg, 'Client' | 'Pool'>> => {
  try {
    const driver = await import('pg')
    return driver.default
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'))
      throw databaseError('pg', error)
    const detail = 'the driver for PostgreSQL is not installed; run npm install pg'
    throw new DatabaseError({ reason: 'DriverMissing', detail })
  }
}
