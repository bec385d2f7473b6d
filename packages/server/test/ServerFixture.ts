import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type RunningServer, type ServerOptions, startServer } from '@headwater/server'

/** A server with its data in a temporary folder, or in a database that is named, that can be stopped and started again on the same port. */
export interface ServerFixture {
  readonly folder: string
  readonly url: string
  readonly port: number
  readonly running: () => RunningServer
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  /** Changes the log's file behind the server's back, as an operator's tool would. */
  readonly edit: (work: (database: Database.Database) => void) => void
  /** Stops the server and removes the folder. */
  readonly close: () => Promise<void>
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'headwater-server-'))

export const serverFixture = async (options: Partial<ServerOptions> = {}): Promise<ServerFixture> => {
  const folder = temporaryFolder()
  const open = (port: number): Promise<RunningServer> =>
    startServer({
      ...(options.database === undefined ? { data: folder } : {}),
      graceMs: 2_000,
      heartbeatMs: 50,
      ...options,
      port,
    })
  let server = await open(0)
  const { port, url } = server
  return {
    folder,
    url,
    port,
    running: () => server,
    stop: () => server.close(),
    start: async () => {
      server = await open(port)
    },
    edit: (work) => {
      const database = new Database(join(folder, 'log-v1.sqlite3'))
      work(database)
      database.close()
    },
    close: async () => {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
