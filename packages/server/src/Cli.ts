import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as Effect from 'effect/Effect'
import { DataFolderError, openLogReadOnly } from './DataFolder.ts'
import { ListenFailed } from './NodeListener.ts'
import { StorageFailed } from './LogStorage.ts'
import { DatabaseError } from './PostgresError.ts'
import { type ServerOptions, ServerRefused, openStorage, portDefault, startServer } from './Server.ts'
import { jsonLogger } from './ServerLog.ts'
import { backupTo } from './SqliteLogStorage.ts'
import { verifyLogs } from './Verification.ts'

const help = `headwater-server: the self-hosted sync server of Headwater

  headwater-server [--data DIR | --database URL [--electric URL]] [--port N] [--host HOST] [--token TOKEN]…
                   [--cors ORIGIN]… [--quiet]
  headwater-server backup [--data DIR] FILE
  headwater-server verify [--data DIR | --database URL]

  --data DIR      where the logs are kept (default ./data; made if there is none)
  --database URL  keeps them in PostgreSQL instead (postgres://user:password@host:5432/database; needs npm install pg), also
                  as HEADWATER_DATABASE_URL, which keeps the password out of the process list. Any number of servers may
                  share one database.
  --electric URL  the Electric over that database, for clients that read through it; also as HEADWATER_ELECTRIC_URL. Its
                  secret comes from HEADWATER_ELECTRIC_SECRET, and stays here.
  --port N        default ${portDefault}; 0 takes a free one
  --host HOST     default 127.0.0.1; any other needs --token
  --token TOKEN   clients must send it as a bearer token; may be given several times, or once as HEADWATER_TOKEN.
                  Without one the server listens on loopback only, and everybody on this machine may do everything.
  --cors ORIGIN   a web origin that may use the server (https://app.example.com), or * for all; several times
  --quiet         no log lines for requests
  --help, --version

Logs are JSON lines on stdout. SIGTERM and SIGINT stop it gracefully: pushes finish, streams end.
backup copies everything into a new FILE, also while the server runs. To restore: stop the server, put FILE in place
of DIR/log-v1.sqlite3, remove DIR/log-v1.sqlite3-wal and -shm, start it. Clients that are ahead of it will say so.
With PostgreSQL, use its own tools (pg_dump, base backups).
verify reads every log from its root and says what is wrong with it; exit code 1 if anything is. Beside running servers with
PostgreSQL; with SQLite stop the server, or verify a backup.
`

const dataDefault = './data'

const options = {
  data: { type: 'string' },
  database: { type: 'string' },
  electric: { type: 'string' },
  port: { type: 'string', default: String(portDefault) },
  host: { type: 'string', default: '127.0.0.1' },
  token: { type: 'string', multiple: true },
  cors: { type: 'string', multiple: true },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const

/** Runs the command line; the answer is the exit code, once the server has stopped. */
export const runCli = async (args: ReadonlyArray<string>): Promise<number> => {
  try {
    const { values, positionals } = readArgs(args)
    if (values.help) return say(help)
    if (values.version) return say(`${version()}\n`)
    const [command, file, ...more] = positionals
    if (command === 'backup' && file !== undefined && more.length === 0)
      return await backup(values.data ?? dataDefault, file)
    if (command === 'backup') throw new Usage('backup takes one FILE')
    if (command === 'verify' && file === undefined) return await verify(values)
    if (command === 'verify') throw new Usage('verify takes no FILE')
    if (command !== undefined) throw new Usage(`unknown command "${command}"`)
    return await serve(values)
  } catch (error) {
    process.stderr.write(`headwater-server: ${lineOf(error)}\n`)
    return error instanceof Usage || error instanceof ServerRefused ? 2 : 1
  }
}

class Usage extends Error {}

const readArgs = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new Usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error))
  }
}

type Values = ReturnType<typeof readArgs>['values']

const say = (text: string): number => {
  process.stdout.write(text)
  return 0
}

/** Failures with a message of ours as they are; anything else with its stack, because it is a bug. */
const lineOf = (error: unknown): string => {
  if (error instanceof Usage) return `${error.message}; see headwater-server --help`
  const isOurs = [DataFolderError, DatabaseError, ListenFailed, ServerRefused, StorageFailed].some(
    (Class) => error instanceof Class,
  )
  return error instanceof Error ? (isOurs ? error.message : (error.stack ?? error.message)) : String(error)
}

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return manifest !== null && typeof manifest === 'object' && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
}

const backup = async (data: string, file: string): Promise<number> => {
  const database = openLogReadOnly(data)
  try {
    await Effect.runPromise(backupTo(database, file))
    return say(`${file}\n`)
  } finally {
    database.close()
  }
}

const verify = async (values: Values): Promise<number> => {
  const storage = await openStorage(placeOf(values))
  const bar = process.stderr.isTTY ? (text: string) => process.stderr.write(`\r${text}`) : () => undefined
  try {
    const { stores, events, faults } = await Effect.runPromise(
      verifyLogs(storage, (soFar) => bar(`${soFar.stores} stores, ${soFar.events} events`)),
    )
    bar('\n')
    for (const { storeId, fault } of faults) say(`${storeId}: ${fault}\n`)
    say(`${stores} stores, ${events} events, ${faults.length} faults\n`)
    return faults.length === 0 ? 0 : 1
  } finally {
    await Effect.runPromise(storage.close)
  }
}

const serve = async (values: Values): Promise<number> => {
  const stopped = signalled()
  const log = jsonLogger((line) => process.stdout.write(line))
  const place = placeOf(values)
  const token = values.token ?? tokenFromEnvironment()
  const cors = values.cors?.includes('*') === true ? ('*' as const) : values.cors
  const server = await startServer({
    ...place,
    ...electricOf(values, place),
    port: readPort(values.port),
    host: values.host,
    logger: (record) => (values.quiet && record.event === 'request' ? undefined : log(record)),
    ...(token === undefined ? {} : { token }),
    ...(cors === undefined ? {} : { cors }),
  })
  if (server.isOpen) {
    process.stderr.write(
      `headwater-server: no --token, so it listens on loopback only (${server.url}); everybody on this machine may read and write every store\n`,
    )
  }
  await stopped
  await server.close()
  return 0
}

/** The option before the environment, and PostgreSQL only where somebody asked for it. */
const placeOf = (values: Values): { readonly data: string } | { readonly database: string } => {
  if (values.data !== undefined && values.database !== undefined) throw new Usage('give --data or --database, not both')
  const database = values.database ?? (values.data === undefined ? process.env['HEADWATER_DATABASE_URL'] : undefined)
  return database === undefined || database === '' ? { data: values.data ?? dataDefault } : { database }
}

/** From the environment only where there is a database: it may be meant for another server on this machine. */
const electricOf = (values: Values, place: object): Pick<ServerOptions, 'electric'> => {
  const isOnDatabase = 'database' in place
  if (values.electric !== undefined && !isOnDatabase)
    throw new Usage('--electric needs --database, the one it reads from')
  const url = values.electric ?? (isOnDatabase ? process.env['HEADWATER_ELECTRIC_URL'] : undefined)
  if (url === undefined || url === '') return {}
  const secret = process.env['HEADWATER_ELECTRIC_SECRET'] ?? ''
  return { electric: secret === '' ? { url } : { url, secret } }
}

const tokenFromEnvironment = (): Array<string> | undefined => {
  const token = process.env['HEADWATER_TOKEN']
  return token === undefined ? undefined : [token]
}

const readPort = (text: string): number => {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Usage(`--port must be a number from 0 to 65535, not "${text}"`)
}

/** The first signal stops gracefully, the second at once. */
const signalled = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
    }
  })
