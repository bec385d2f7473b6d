import { readFileSync } from 'node:fs'
import { backup, exportCommand, importCommand, verify } from './CliLogs.ts'
import { databasesCommand, moveStoreCommand, retireCommand } from './CliMoves.ts'
import { type LogPlace, type Values, Usage, help, placeOf, readArgs, say } from './CliOptions.ts'
import { DataFolderError } from './DataFolder.ts'
import { ImportRefused } from './LogArchive.ts'
import { LogFileError } from './LogFile.ts'
import { StorageFailed } from './LogStorage.ts'
import { ListenFailed } from './NodeListener.ts'
import { DatabaseError } from './PostgresError.ts'
import { MoveReplaced } from './PostgresMoves.ts'
import { type ServerOptions, ServerRefused, startServer } from './Server.ts'
import { jsonLogger } from './ServerLog.ts'
import { MoveRefused } from './StoreMove.ts'
import { StoreUnplaced } from './StorePlacements.ts'

const commands: ReadonlyMap<string, (values: Values, args: ReadonlyArray<string>) => Promise<number>> = new Map([
  ['backup', backup],
  ['verify', verify],
  ['export', exportCommand],
  ['import', importCommand],
  ['databases', databasesCommand],
  ['move-store', moveStoreCommand],
  ['retire', retireCommand],
])

/** Failures with a message of ours. */
const known = [
  DataFolderError,
  DatabaseError,
  ImportRefused,
  ListenFailed,
  LogFileError,
  MoveRefused,
  MoveReplaced,
  ServerRefused,
  StorageFailed,
  StoreUnplaced,
]

/** Runs the command line; the answer is the exit code, once the server has stopped. */
export const runCli = async (args: ReadonlyArray<string>): Promise<number> => {
  try {
    const { values, positionals } = readArgs(args)
    if (values.help) return say(help)
    if (values.version) return say(`${version()}\n`)
    const [command, ...rest] = positionals
    if (command === undefined) return await serve(values)
    const run = commands.get(command)
    if (run === undefined) throw new Usage(`unknown command "${command}"`)
    return await run(values, rest)
  } catch (error) {
    process.stderr.write(`headwater-server: ${lineOf(error)}\n`)
    return error instanceof Usage || error instanceof ServerRefused ? 2 : 1
  }
}

/** Failures with a message of ours as they are; anything else with its stack, because it is a bug. */
const lineOf = (error: unknown): string => {
  if (error instanceof Usage) return `${error.message}; see headwater-server --help`
  const isOurs = known.some((Class) => error instanceof Class)
  return error instanceof Error ? (isOurs ? error.message : (error.stack ?? error.message)) : String(error)
}

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return manifest !== null && typeof manifest === 'object' && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
}

const serve = async (values: Values): Promise<number> => {
  const { stopped, forget } = signalled()
  try {
    const server = await startServer(optionsOf(values))
    if (server.isOpen) {
      process.stderr.write(
        `headwater-server: no --token, so it listens on loopback only (${server.url}); everybody on this machine may read and write every store\n`,
      )
    }
    await stopped
    await server.close()
    return 0
  } finally {
    forget()
  }
}

const optionsOf = (values: Values): ServerOptions => {
  const log = jsonLogger((line) => process.stdout.write(line))
  const place = placeOf(values)
  const token = values.token ?? tokenFromEnvironment()
  const cors = values.cors?.includes('*') === true ? ('*' as const) : values.cors
  return {
    ...placeWith(values, place),
    ...electricOf(values, place),
    port: readPort(values.port),
    host: values.host,
    logger: (record) => (values.quiet && record.event === 'request' ? undefined : log(record)),
    ...(token === undefined ? {} : { token }),
    ...(cors === undefined ? {} : { cors }),
  }
}

/** More than a PostgreSQL of any size takes from one server. */
const connectionsMax = 1_000

const placeWith = (values: Values, place: LogPlace): Pick<ServerOptions, 'data' | 'database'> => {
  const { connections } = values
  if (connections === undefined) return place
  if ('data' in place) throw new Usage('--connections needs --database')
  const count = Number(connections)
  if (!/^\d{1,4}$/.test(connections) || count < 1 || count > connectionsMax)
    throw new Usage(`--connections must be a number from 1 to ${connectionsMax}, not "${connections}"`)
  return { database: { url: place.database, connections: count } }
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

const stopSignals = ['SIGTERM', 'SIGINT'] as const

/** The first signal stops gracefully, the second at once. */
const signalled = (): { readonly stopped: Promise<void>; readonly forget: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let count = 0
  const onSignal = (): void => {
    count += 1
    if (count > 1) process.exit(1)
    resolve()
  }
  for (const signal of stopSignals) process.on(signal, onSignal)
  return {
    stopped: promise,
    forget: () => {
      for (const signal of stopSignals) process.off(signal, onSignal)
    },
  }
}
