/** Looks into a client's files as another process would find them now, without touching them. */
import type { SqliteConnection } from '@headwater/core/sqlite'
import { openFaultyWasm } from '../files/FaultyWasm.ts'
import type { SimulatedClient } from './SimulatedClient.ts'
import { eventlogFile, type stateFile } from './SimulatedStorage.ts'

/** `afterPowerLoss`: as they would be found if the power failed now. **Fails with** `SqliteError`. */
export const lookInside = <A>(
  client: SimulatedClient,
  file: typeof eventlogFile | typeof stateFile,
  read: (connection: SqliteConnection) => A,
  { afterPowerLoss = false } = {},
): A => {
  const disk = client.disk.copy()
  if (afterPowerLoss) disk.losePower(client.options.dice.random)
  const connection = openFaultyWasm(client.options.sqlite, disk, file)
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    return read(connection)
  } finally {
    connection.close()
  }
}

/** A row of an eventlog. */
export interface LogRow {
  readonly global: number
  readonly client: number
  readonly id: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
}

const logSql =
  'SELECT seqNumGlobal, seqNumClient, eventId, name, argsJson, clientId FROM eventlog ORDER BY seqNumGlobal, seqNumClient'

/** The rows of an eventlog, in order. */
export const readRows = (connection: SqliteConnection): ReadonlyArray<LogRow> =>
  connection
    .prepare(logSql)
    .all()
    .map(([global, clientPart, id, name, argsJson, clientId]) => ({
      global: Number(global),
      client: Number(clientPart),
      id: String(id),
      name: String(name),
      argsJson: String(argsJson),
      clientId: String(clientId),
    }))

export interface LogInside {
  readonly rows: ReadonlyArray<LogRow>
  readonly status: { readonly head: number; readonly attachment: number; readonly backendId: string | null }
  readonly dead: ReadonlyArray<Pick<LogRow, 'id' | 'name' | 'argsJson' | 'clientId'>>
}

/** A client's log; `undefined` if it has none yet. */
export const readLog = (
  client: SimulatedClient,
  options: { readonly afterPowerLoss?: boolean } = {},
): LogInside | undefined => {
  if (!client.disk.exists(eventlogFile)) return undefined
  return lookInside(client, eventlogFile, read, options)
}

const read = (connection: SqliteConnection): LogInside | undefined => {
  const hasTables = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'eventlog'").get() !== undefined
  const status = hasTables
    ? connection.prepare('SELECT head, attachment, backendId FROM __headwater_sync_status').get()
    : undefined
  if (status === undefined) return undefined
  return {
    rows: readRows(connection),
    status: {
      head: Number(status[0]),
      attachment: Number(status[1]),
      backendId: status[2] === null ? null : String(status[2]),
    },
    dead: connection
      .prepare('SELECT eventId, name, argsJson, clientId FROM __headwater_rejected')
      .all()
      .map(([id, name, argsJson, clientId]) => ({
        id: String(id),
        name: String(name),
        argsJson: String(argsJson),
        clientId: String(clientId),
      })),
  }
}
