/**
 * The backends that the demo can run on: `--backend NAME`. To add one, add it to {@link backendKinds}.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { electricBackend } from '@headwater/backend-electric'
import { httpBackend } from '@headwater/backend-http'
import type { SyncBackendProvider } from '@headwater/core'
import { type RunningServer, type ServerOptions, startServer } from '@headwater/server'
import { startWireMeter } from './WireMeter.ts'

/** How a client in another process reaches it: plain data, so that it can be sent there. */
export interface BackendAddress {
  readonly kind: string
  readonly url: string
  readonly token: string
}

/** An event as the backend holds it. */
export interface BackendLogEvent {
  readonly global: number
  readonly id: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
}

export interface DemoBackend {
  readonly address: BackendAddress
  /** For people: what runs where. */
  readonly description: string
  /** A store's whole log, asked for without any code of ours. */
  readonly readLog: (storeId: string) => Promise<ReadonlyArray<BackendLogEvent>>
  readonly wireBytes: () => { readonly up: number; readonly down: number }
  readonly close: () => Promise<void>
}

export interface BackendKind {
  /** Starts it with its files in `folder`. */
  readonly start: (folder: string) => Promise<DemoBackend>
  /** In a client: the port to give to `createStore`. */
  readonly connect: (address: BackendAddress, fetch: typeof globalThis.fetch) => SyncBackendProvider
}

const http: BackendKind = {
  start: (folder) => {
    const data = join(folder, 'server')
    return startHttp('http', { data }, `SQLite in ${data}`, () => Promise.resolve())
  },
  connect: ({ url, token }, fetch) => httpBackend({ url, getToken: () => token, fetch }),
}

/** The same server on the PostgreSQL of `DATABASE_URL`, else on one that comes out of an npm package and goes with the demo. */
const httpPostgres: BackendKind = {
  ...http,
  start: async () => {
    // Only here: what it brings along watches the exit of the process.
    const { postgresFixture } = await import('@headwater/testkit/postgres')
    const postgres = await postgresFixture()
    const database = await postgres.makeDatabase()
    const { host, pathname } = new URL(database)
    return startHttp('http-postgres', { database }, `PostgreSQL at ${host}${pathname}`, postgres.close)
  },
}

/**
 * That server with an Electric beside it, which clients read through: the one of `ELECTRIC_URL` over the database of
 * `DATABASE_URL`, else a double of it that speaks its protocol over the log of a real PostgreSQL.
 */
const electric: BackendKind = {
  start: async () => {
    const { postgresFixture } = await import('@headwater/testkit/postgres')
    const { electricFixture } = await import('@headwater/testkit/electric')
    const [electricUrl, databaseUrl] = [process.env['ELECTRIC_URL'], process.env['DATABASE_URL']]
    if (electricUrl !== undefined && databaseUrl !== undefined) {
      const { host, pathname } = new URL(databaseUrl)
      const place = { database: databaseUrl, electric: electricUrl }
      return startHttp('electric', place, `PostgreSQL at ${host}${pathname}, Electric at ${electricUrl}`, () =>
        Promise.resolve(),
      )
    }
    const postgres = await postgresFixture({ isReplicated: true })
    const database = await postgres.makeDatabase()
    const double = await electricFixture({ databaseUrl: database })
    const { host, pathname } = new URL(database)
    const place = { database, electric: double.url }
    return startHttp(
      'electric',
      place,
      `PostgreSQL at ${host}${pathname}, a double of Electric at ${double.url}`,
      async () => {
        await double.close()
        await postgres.close()
      },
    )
  },
  connect: ({ url, token }, fetch) => electricBackend({ url, getToken: () => token, fetch }),
}

const startHttp = async (
  kind: string,
  place: Pick<ServerOptions, 'data' | 'database' | 'electric'>,
  description: string,
  end: () => Promise<void>,
): Promise<DemoBackend> => {
  const token = randomBytes(16).toString('hex')
  const server: RunningServer = await startServer({ ...place, port: 0, token })
  const meter = await startWireMeter(server.port)
  return {
    address: { kind, url: meter.url, token },
    description: `@headwater/server on ${server.url}, ${description}`,
    readLog: (storeId) => readHttpLog(server.url, token, storeId),
    wireBytes: meter.bytes,
    close: async () => {
      await meter.close()
      await server.close()
      await end()
    },
  }
}

export const backendKinds: ReadonlyMap<string, BackendKind> = new Map([
  ['http', http],
  ['http-postgres', httpPostgres],
  ['electric', electric],
])

/** **Fails with** `RangeError` for a name that is not in {@link backendKinds}. */
export const backendKind = (name: string): BackendKind => {
  const kind = backendKinds.get(name)
  if (kind === undefined) throw new RangeError(`no backend ${name}`)
  return kind
}

interface HttpPage {
  readonly events: ReadonlyArray<BackendLogEvent>
  readonly isCaughtUp: boolean
}

const readHttpLog = async (url: string, token: string, storeId: string): Promise<ReadonlyArray<BackendLogEvent>> => {
  const log: Array<BackendLogEvent> = []
  for (;;) {
    const last = log.at(-1)
    const after = last === undefined ? 'after=0' : `after=${last.global}&afterId=${encodeURIComponent(last.id)}`
    const response = await fetch(`${url}/v1/stores/${storeId}/pull?${after}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (!response.ok) throw new Error(`reading the server's log: ${response.status} ${await response.text()}`)
    const page = (await response.json()) as HttpPage
    log.push(...page.events)
    if (page.isCaughtUp) return log
  }
}
