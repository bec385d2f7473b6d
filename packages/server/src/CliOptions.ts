/** The options of the command line, and what they say together. */
import { parseArgs } from 'node:util'
import { portDefault } from './Server.ts'

export const help = `headwater-server: the self-hosted sync server of Headwater

  headwater-server [--data DIR | --database URL… [--connections N] [--electric URL]] [--port N] [--host HOST]
                   [--token TOKEN]… [--cors ORIGIN]… [--quiet]
  headwater-server backup [--data DIR] FILE
  headwater-server verify [--data DIR | --database URL…]
  headwater-server export [--data DIR | --database URL…] FILE [STORE]…
  headwater-server import [--data DIR | --database URL…] FILE [STORE]…
  headwater-server databases --database URL --database URL…
  headwater-server move-store --database URL --database URL… STORE --to DATABASE
  headwater-server move-store --database URL --database URL… STORE --undo | --all
  headwater-server retire --database URL --database URL… DATABASE

  --data DIR      where the logs are kept (default ./data; made if there is none)
  --database URL  keeps them in PostgreSQL instead (postgres://user:password@host:5432/database; needs npm install pg), also
                  as HEADWATER_DATABASE_URL, which keeps the password out of the process list. Any number of servers may
                  share one database. Given several times, or with spaces between them: stores spread over all of them.
  --connections N how many connections for statements a server has to each database, default 10; one more listens
  --electric URL  the Electric over that database, for clients that read through it; also as HEADWATER_ELECTRIC_URL. Its
                  secret comes from HEADWATER_ELECTRIC_SECRET, and stays here.
  --port N        default ${portDefault}; 0 takes a free one
  --host HOST     default 127.0.0.1; any other needs --token
  --token TOKEN   clients must send it as a bearer token; may be given several times, or once as HEADWATER_TOKEN.
                  Without one the server listens on loopback only, and everybody on this machine may do everything.
  --cors ORIGIN   a web origin that may use the server (https://app.example.com), or * for all; several times
  --quiet         no log lines for requests, no progress
  --help, --version

Logs are JSON lines on stdout. SIGTERM and SIGINT stop it gracefully: pushes finish, streams end.
backup copies everything into a new FILE, also while the server runs. To restore: stop the server, put FILE in place
of DIR/log-v1.sqlite3, remove DIR/log-v1.sqlite3-wal and -shm, start it. Clients that are ahead of it will say so.
With PostgreSQL, use its own tools (pg_dump, base backups).
verify reads every log from its root and says what is wrong with it; exit code 1 if anything is. Beside running servers with
PostgreSQL; with SQLite stop the server, or verify a backup.
export writes logs into a new FILE, with all that their clients know them by, beside running servers; import checks such a FILE
and stores the logs of stores that have none, also in the other kind of storage. With SQLite stop the server for import; stop it
for an export too, if it is to go on elsewhere.
move-store moves a STORE to another DATABASE while servers run; run it again if it was interrupted, or undo it. --all moves every
store to where a new one would go. retire moves all stores out of a DATABASE, and takes it out of the list of them. A DATABASE is
what the command databases calls it: its id, or host and name.
`

const options = {
  data: { type: 'string' },
  database: { type: 'string', multiple: true },
  connections: { type: 'string' },
  electric: { type: 'string' },
  port: { type: 'string', default: String(portDefault) },
  host: { type: 'string', default: '127.0.0.1' },
  token: { type: 'string', multiple: true },
  cors: { type: 'string', multiple: true },
  to: { type: 'string' },
  undo: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const

/** The command line makes no sense; the message says what to do. */
export class Usage extends Error {}

/** **Fails with** `Usage`, thrown. */
export const readArgs = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new Usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error))
  }
}

export type Values = ReturnType<typeof readArgs>['values']

export const dataDefault = './data'

/** Where the logs are. */
export type LogPlace = { readonly data: string } | { readonly database: ReadonlyArray<string> }

/** The option before the environment, and PostgreSQL only where somebody asked for it. **Fails with** `Usage`, thrown. */
export const placeOf = (values: Values): LogPlace => {
  if (values.data !== undefined && values.database !== undefined) throw new Usage('give --data or --database, not both')
  const fromEnvironment = values.data === undefined ? (process.env['HEADWATER_DATABASE_URL'] ?? '') : ''
  const database = (values.database ?? [fromEnvironment])
    .flatMap((text) => text.split(/\s+/))
    .filter((url) => url !== '')
  return database.length === 0 ? { data: values.data ?? dataDefault } : { database }
}

export const say = (text: string): number => {
  process.stdout.write(text)
  return 0
}
