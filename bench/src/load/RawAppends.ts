/**
 * What PostgreSQL does without a server around it: a plain program on `pg` with the server's own statement, batches and
 * connections. Everything that it sends is made before the clock starts.
 */
import pg from 'pg'
import { appendStatement, appendValues } from '../../../packages/server/src/PostgresLog.ts'
import { sessionSettings } from '../../../packages/server/src/PostgresPool.ts'
import { tablesIn } from '../../../packages/server/src/PostgresSchema.ts'
import { type LoadStore, nextEvents, todoArgsJson } from './LoadEvents.ts'

export interface RawPlan {
  readonly databaseUrl: string
  readonly stores: ReadonlyArray<LoadStore>
  readonly pushes: number
  readonly batchSize: number
  /** Statements under way at once. */
  readonly connections: number
  /** Batches in a statement, each of another store. */
  readonly group: number
}

const timeoutMs = 60_000

/** **Units** seconds. */
export const rawAppends = async (plan: RawPlan): Promise<number> => {
  const { databaseUrl, connections, group } = plan
  const statement = appendStatement(tablesIn('public'), group === 1 ? 'alone' : 'group')
  const lanes = lanesOf(plan).map((groups) => groups.map(appendValues))
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections })
  const clients = await Promise.all(lanes.map(() => pool.connect()))
  for (const client of clients) await client.query(sessionSettings(timeoutMs))
  const startMs = performance.now()
  await Promise.all(
    clients.map(async (client, lane) => {
      for (const values of lanes[lane]!) {
        const { rows } = await client.query({ ...statement, values: [...values], rowMode: 'array' })
        if (rows.length !== group) throw new Error(`raw: ${rows.length} of ${group} were taken`)
      }
    }),
  )
  const seconds = (performance.now() - startMs) / 1_000
  for (const client of clients) client.release()
  await pool.end()
  return seconds
}

/** For each connection what it appends, one group after the other: its own stores take turns. */
const lanesOf = ({ stores, pushes, batchSize, connections, group }: RawPlan) =>
  Array.from({ length: connections }, (_, lane) => {
    const own = stores.filter(({ index }) => index % connections === lane)
    let turn = 0
    return Array.from({ length: pushes / connections / group }, () =>
      Array.from({ length: group }, () => appendOf(own[turn++ % own.length]!, batchSize)),
    )
  })

const appendOf = (store: LoadStore, batchSize: number) => {
  const parent = { global: store.head, eventId: store.lastId }
  const events = nextEvents(store, batchSize, todoArgsJson)
  return {
    storeId: store.storeId,
    backendId: store.backendId,
    epoch: null,
    parent,
    head: { global: store.head, eventId: store.lastId },
    mark: 'mark-of-load',
    principalId: null,
    clientIds: [],
    eventsJson: events.map((event) => JSON.stringify({ ...event, syncMetadataJson: null })),
  }
}
