/** A real PostgreSQL, the double of Electric on it, and a server with both: what clients of a test connect to. */
import { type ElectricBackendOptions, electricBackend } from '@headwater/backend-electric'
import type { SyncBackendError } from '@headwater/core/backend'
import { type RunningServer, type ServerLogRecord, type ServerOptions, startServer } from '@headwater/server'
import { type ElectricFixture, type ElectricFixtureOptions, electricFixture } from '@headwater/testkit/electric'
import { type PostgresFixture, runSql } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import type * as Scope from 'effect/Scope'
import { type SuiteClient, connect } from '../../testkit/src/SyncBackendFixture.ts'

export interface ElectricWorld {
  readonly databaseUrl: string
  readonly electric: ElectricFixture
  readonly server: RunningServer
  /** What the server has logged so far. */
  readonly records: ReadonlyArray<ServerLogRecord>
  readonly sql: (text: string, values?: ReadonlyArray<unknown>) => Promise<ReadonlyArray<Record<string, unknown>>>
  readonly client: (
    storeId: string,
    options?: Partial<ElectricBackendOptions>,
    clientId?: string,
  ) => Effect.Effect<SuiteClient, SyncBackendError, Scope.Scope>
  readonly close: () => Promise<void>
}

export interface ElectricWorldOptions {
  readonly electric?: Partial<ElectricFixtureOptions>
  readonly server?: Partial<ServerOptions>
}

/** Long polls end soon, and a busy machine does not look like a dead connection. */
const times = { pollMs: 1_000, databaseMs: 500 }

export const electricWorld = async (
  postgres: PostgresFixture,
  options: ElectricWorldOptions = {},
): Promise<ElectricWorld> => {
  const databaseUrl = await postgres.makeDatabase()
  const electric = await electricFixture({ databaseUrl, shuffleSeed: 1, ...times, ...options.electric })
  const records: Array<ServerLogRecord> = []
  const server = await startServer({
    database: { url: databaseUrl, connections: 4 },
    electric: electric.url,
    port: 0,
    graceMs: 2_000,
    heartbeatMs: 200,
    logger: (record) => void records.push(record),
    ...options.server,
  })
  return {
    databaseUrl,
    electric,
    server,
    records,
    sql: (text, values = []) => runSql(databaseUrl, text, values),
    client: (storeId, given = {}, clientId = 'client-a') =>
      connect(electricBackend({ url: server.url, heartbeat: 2_000, ...given }), storeId, clientId),
    close: async () => {
      await server.close()
      await electric.close()
    },
  }
}

/** Runs a test's effect; what it opened is closed. */
export const run = (test: Effect.Effect<void, SyncBackendError, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.scoped(test))
