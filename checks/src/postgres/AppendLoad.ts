import type { BackendEvent } from '@headwater/core/backend'
import pg from 'pg'

/** Something that takes appends to logs: the server, or a program without one. */
export interface AppendTarget {
  /** Makes the log, if there is none. */
  readonly open: (storeId: string) => Promise<StoreLog>
  readonly close: () => Promise<void>
}

export interface StoreLog {
  /** Ends when it is durable. **Shape** contiguous, behind all before. */
  readonly append: (events: ReadonlyArray<BackendEvent>) => Promise<void>
}

export interface LoadPlan {
  readonly prefix: string
  readonly stores: number
  /** Appends under way at once, each to another store. */
  readonly lanes: number
  /** In all. */
  readonly batches: number
  readonly batchSize: number
}

/** **Units** events per second, of what was acknowledged. Stores are made before the clock starts. */
export const appendLoad = async (target: AppendTarget, plan: LoadPlan): Promise<number> => {
  const stores = await Promise.all(
    Array.from({ length: plan.stores }, async (_, index) => ({
      log: await target.open(`${plan.prefix}-${index}`),
      end: { global: 0, id: null as string | null },
    })),
  )
  const startMs = performance.now()
  const lane = async (first: number): Promise<void> => {
    for (let batch = first; batch < plan.batches; batch += plan.lanes) {
      const store = stores[batch % plan.stores]
      if (store === undefined) return
      const events = eventsBehind(store.end, plan.batchSize)
      store.end = events.at(-1) ?? store.end
      await store.log.append(events)
    }
  }
  await Promise.all(Array.from({ length: plan.lanes }, (_, index) => lane(index)))
  return (plan.batches * plan.batchSize * 1_000) / (performance.now() - startMs)
}

const eventsBehind = (end: { readonly global: number; readonly id: string | null }, count: number): BackendEvent[] => {
  const events: Array<BackendEvent> = []
  let before = end
  for (let index = 0; index < count; index += 1) {
    const event: BackendEvent = {
      global: before.global + 1,
      parentGlobal: before.global,
      parentId: before.id,
      id: crypto.randomUUID(),
      name: 'todoCreated',
      argsJson: JSON.stringify({ id: `todo-${before.global}`, text: 'a todo of an ordinary length, to be done today' }),
      clientId: 'load',
      sessionId: 'load',
      createdAt: 1_700_000_000_000,
    }
    events.push(event)
    before = event
  }
  return events
}

/** The servers, over HTTP; stores take turns. */
export const serverTarget = (urls: ReadonlyArray<string>): AppendTarget => {
  let opened = 0
  return {
    open: async (storeId) => {
      const address = `${urls[opened++ % urls.length]}/v1/stores/${storeId}`
      const { backendId } = (await (await fetch(address)).json()) as { readonly backendId: string }
      return {
        append: async (events) => {
          const parent = { global: events[0]?.parentGlobal ?? 0, eventId: events[0]?.parentId ?? null }
          const response = await fetch(`${address}/push`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ backendId, parent, events }),
          })
          const answer = (await response.json()) as { readonly _tag?: string }
          if (answer._tag !== 'Accepted') throw new Error(`push: ${response.status} ${JSON.stringify(answer)}`)
        },
      }
    },
    close: () => Promise.resolve(),
  }
}

/** As many connections as two servers use for appends. */
const rawConnections = 10

/** One statement per batch straight into the server's tables, with nothing but what the log's rules need. */
export const rawTarget = async (url: string): Promise<AppendTarget> => {
  const pool = new pg.Pool({ connectionString: url, max: rawConnections })
  await pool.query('SELECT 1')
  const append = {
    name: 'append',
    text: `WITH moved AS (
        UPDATE headwater_stores SET head = $3, head_id = $4
        WHERE store_id = $1 AND head = $2 AND head_id IS NOT DISTINCT FROM $5 RETURNING store_id)
      INSERT INTO headwater_events (store_id, seq, event_id, parent_seq, parent_id, name, args, client_id, session_id, created_at, mark)
      SELECT store_id, e.global, e.id, e.global - 1, e."parentId", e.name, e."argsJson", e."clientId", e."sessionId", e."createdAt", 'raw'
      FROM moved, json_to_recordset($6::json) AS e (global bigint, id text, "parentId" text, name text, "argsJson" text,
        "clientId" text, "sessionId" text, "createdAt" float8)`,
  }
  return {
    open: async (storeId) => {
      await pool.query(`INSERT INTO headwater_stores (store_id, backend_id) VALUES ($1, 'raw')`, [storeId])
      return {
        append: async (events) => {
          const [first, last] = [events[0], events.at(-1)]
          const values = [storeId, first?.parentGlobal, last?.global, last?.id, first?.parentId, JSON.stringify(events)]
          const { rowCount } = await pool.query({ ...append, values })
          if (rowCount !== events.length) throw new Error(`raw: ${rowCount} of ${events.length} were inserted`)
        },
      }
    },
    close: () => pool.end(),
  }
}
