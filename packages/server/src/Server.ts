import * as Data from 'effect/Data'
import * as Effect from 'effect/Effect'
import type { Authorize } from './Authorization.ts'
import type { ElectricOptions } from './ElectricService.ts'
import { type HandlerOptions, makeHandler } from './Handler.ts'
import { listen } from './NodeListener.ts'
import type { LogStorage } from './LogStorage.ts'
import { type PostgresLogStorageOptions, postgresLogStorage } from './PostgresLogStorage.ts'
import { silentLogger } from './ServerLog.ts'
import { type SqliteLogStorage, sqliteLogStorage } from './SqliteLogStorage.ts'
import { authorizeTokens } from './TokenAuthorization.ts'

export interface ServerOptions extends Omit<HandlerOptions, 'storage' | 'signal' | 'hosts' | 'electric'> {
  /** Folder of the log, kept in SQLite. Either this or `database`. */
  readonly data?: string
  /**
   * URL of a PostgreSQL that keeps the logs instead, shared by any number of servers; or of several, over which stores spread. Needs
   * the package `pg`.
   */
  readonly database?: string | ReadonlyArray<string> | Omit<PostgresLogStorageOptions, 'logger'>
  /** The Electric over that PostgreSQL, or its address: clients can then read through it (`electricBackend`). */
  readonly electric?: string | Omit<ElectricOptions, 'schema'>
  /** Default 4800; 0 takes a free one. */
  readonly port?: number
  /** Default `127.0.0.1`. Any other than loopback needs `token` or `authorize`. */
  readonly host?: string
  /** Accepts requests with one of these, and no others. Not together with `authorize`. */
  readonly token?: string | ReadonlyArray<string>
  /** How long `close` waits for running requests, in ms. Default 10,000. */
  readonly graceMs?: number
  /** How long a reader may leave a full socket unread, in ms. Default 60,000. */
  readonly stallMs?: number
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Neither a token nor a hook: everybody on this machine may do everything. */
  readonly isOpen: boolean
  /** Copies all logs into a new file while everything goes on. Only with SQLite: PostgreSQL has its own tools. */
  readonly backup: (file: string) => Promise<void>
  /** Ends live streams, finishes pushes, closes the log. Idempotent. */
  readonly close: () => Promise<void>
}

/** The options contradict each other or would open the server to everybody. */
export class ServerRefused extends Data.TaggedError('ServerRefused')<{ readonly detail: string }> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return false
  }
}

export const portDefault = 4800
const loopback: ReadonlyArray<string> = ['127.0.0.1', '::1', 'localhost']

/**
 * Starts a server over SQLite or PostgreSQL.
 *
 * **Fails with**  `ServerRefused`, `ListenFailed`, `DataFolderError`, `DatabaseError`; each message says what to do.
 *
 * **Example**
 * ```ts
 * const server = await startServer({ data: './data', port: 0, token: 'secret' })
 * httpBackend({ url: server.url, getToken: () => 'secret' })
 * await server.close()
 * ```
 *
 * @category constructors
 */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const host = options.host ?? '127.0.0.1'
  const authorize = authorizeOf(options)
  const isOpen = authorize === undefined
  if (isOpen && !loopback.includes(host)) {
    const detail = `without a token the server listens on loopback only, not on ${host}; give a token, or an authorize hook`
    throw new ServerRefused({ detail })
  }
  const electric = electricOf(options)
  const storage = await openStorage(options)
  const stop = new AbortController()
  const { electric: _, ...rest } = options
  const handle = makeHandler({
    ...rest,
    ...(electric === undefined ? {} : { electric }),
    ...(authorize === undefined ? { hosts: ['127.0.0.1', '[::1]', 'localhost'] } : { authorize }),
    storage,
    signal: stop.signal,
  })
  const { graceMs, stallMs } = options
  const listener = await listen({
    handle,
    port: options.port ?? portDefault,
    host,
    ...(graceMs === undefined ? {} : { graceMs }),
    ...(stallMs === undefined ? {} : { stallMs }),
  }).catch(async (error: unknown) => {
    await Effect.runPromise(storage.close)
    throw error
  })
  const log = options.logger ?? silentLogger
  log({
    level: 'info',
    event: 'listening',
    url: listener.url,
    storage: storage.name,
    isOpen,
    ...(electric === undefined ? {} : { electric: new URL(electric.url).origin }),
  })
  const end = async (): Promise<void> => {
    log({ level: 'info', event: 'stopping' })
    stop.abort()
    await listener.close()
    await Effect.runPromise(storage.close)
    log({ level: 'info', event: 'stopped' })
  }
  let ended: Promise<void> | undefined
  return {
    url: listener.url,
    port: listener.port,
    isOpen,
    backup: async (file) => {
      if ('backup' in storage) return Effect.runPromise(storage.backup(file))
      throw new ServerRefused({ detail: 'a server on PostgreSQL does not copy its logs itself; use pg_dump' })
    },
    close: () => (ended ??= end()),
  }
}

/** The storage of one place. **Fails with** `ServerRefused`, `DataFolderError`, `DatabaseError`. */
export const openStorage = async (
  options: Pick<ServerOptions, 'data' | 'database' | 'logger'>,
): Promise<LogStorage | SqliteLogStorage> => {
  const { data, database, logger } = options
  if ((data === undefined) === (database === undefined)) {
    throw new ServerRefused({ detail: 'give either data, a folder for SQLite, or database, the URL of a PostgreSQL' })
  }
  if (data !== undefined) return sqliteLogStorage({ folder: data })
  return postgresLogStorage({ ...databaseOptions(database), ...(logger === undefined ? {} : { logger }) })
}

const databaseOptions = (database: ServerOptions['database'] = ''): Omit<PostgresLogStorageOptions, 'logger'> =>
  typeof database === 'string' || isList(database) ? { url: database } : database

/** `Array.isArray` does not know of lists that are read only. */
const isList = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value)

/** With the schema that the tables are in. */
const electricOf = ({ electric, database }: ServerOptions): ElectricOptions | undefined => {
  if (electric === undefined) return undefined
  if (database === undefined) {
    throw new ServerRefused({
      detail: 'Electric reads from PostgreSQL: give database, the one that it is connected to',
    })
  }
  const given = typeof electric === 'string' ? { url: electric } : electric
  if (!URL.canParse(String(given.url)) || !/^https?:$/.test(new URL(String(given.url)).protocol)) {
    throw new ServerRefused({
      detail: `the address of Electric must look like http://localhost:3000, not "${String(given.url)}"`,
    })
  }
  const { url, schema } = databaseOptions(database)
  if (typeof url !== 'string' && url.length > 1)
    throw new ServerRefused({ detail: 'an Electric reads from one PostgreSQL; give one database, or leave it out' })
  return schema === undefined ? given : { ...given, schema }
}

const authorizeOf = (options: ServerOptions): Authorize | undefined => {
  if (options.token === undefined) return options.authorize
  if (options.authorize !== undefined) throw new ServerRefused({ detail: 'give either token or authorize, not both' })
  const tokens = typeof options.token === 'string' ? [options.token] : options.token
  if (tokens.length > 0 && tokens.every((token) => token.trim() === token && token !== ''))
    return authorizeTokens(tokens)
  throw new ServerRefused({ detail: 'a token must not be empty nor begin or end with a space' })
}
