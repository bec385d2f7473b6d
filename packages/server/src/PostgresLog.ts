/**
 * The statements on the logs in PostgreSQL, one method per question; each is one statement and sees one moment.
 *
 * An append is the architecture's single statement: an UPDATE of the store's head that finds it where the events' parent says,
 * feeding the INSERT of the events. It takes the appends of several stores at once; a store whose head stands elsewhere gets
 * nothing and holds nobody up. What makes an answer of "nothing" out of it is judged afterwards, over {@link PostgresLog.view}.
 * A store that has moved to another database takes nothing either: `is_here` and the epoch are compared in the same place.
 *
 * Rows that are read have the columns of {@link EventRow} behind a `kind`; a row that is no event uses some of them:
 *
 * | `kind` | Row                                     | `seq`, `event_id`, `mark`                       |
 * | ------ | --------------------------------------- | ----------------------------------------------- |
 * | 0      | the store                               | head's number and id, `backend_id`; `name` is "here" or "away", `args` the epoch |
 * | 1      | an event that was asked for by number   | its own                                         |
 * | 2      | an event of the page, or asked for by id | its own                                        |
 * | 3      | a claim                                 | 0, the client's id, the principal's             |
 */
import type { BackendEvent, BackendPosition } from '@headwater/core/backend'
import type { EventKey } from './AppendMark.ts'
import type { PostgresPool, PostgresStatement } from './PostgresPool.ts'
import type { PostgresTables } from './PostgresSchema.ts'

/** Which log a store has, where it ends, and whether it takes appends in this database. */
export interface StoreHead {
  readonly backendId: string
  readonly head: BackendPosition
  readonly isHere: boolean
  /** Counts the moves of the store. */
  readonly epoch: number
}

export interface PostgresLog {
  /** The store's log, if there is one. */
  readonly findStore: (storeId: string) => Promise<StoreHead | undefined>
  /** Makes the log of a store that was placed here; nothing if there is one, or if it was placed elsewhere. */
  readonly makeStore: (store: NewStore) => Promise<void>
  /** What a judgement needs; `undefined` if there is no such store. */
  readonly view: (request: ViewRequest) => Promise<LogMoment | undefined>
  /** The events behind a place and what stands at the places asked for; `undefined` if there is no such store. */
  readonly page: (request: PageRequest) => Promise<LogPage | undefined>
  /** **Shape** at most one per store. The answer names the stores that took theirs. */
  readonly append: (appends: ReadonlyArray<PostgresAppend>) => Promise<ReadonlySet<string>>
  /** Ids behind `after`, in the order of their bytes. */
  readonly stores: (after: string, storesMax: number) => Promise<ReadonlyArray<string>>
  /** How many stores are here, and how many events they have. */
  readonly totals: () => Promise<{ readonly stores: number; readonly events: number }>
  /** Where these stores' logs end, as text that differs if anything does. */
  readonly heads: (storeIds: ReadonlyArray<string>) => Promise<ReadonlyMap<string, string>>
}

export interface NewStore {
  readonly storeId: string
  readonly backendId: string
  readonly epoch: number
  /** The directory whose member this database has to be; itself where it is the only one. */
  readonly directoryId: string
}

export interface ViewRequest {
  readonly storeId: string
  readonly eventIds: ReadonlyArray<string>
  readonly clientIds: ReadonlyArray<string>
  readonly parentGlobal: number
}

/** One store's log at one moment, as far as it was asked for. */
export interface LogMoment extends StoreHead {
  readonly eventsById: ReadonlyMap<string, BackendEvent>
  readonly keys: ReadonlyMap<number, EventKey>
  /** Principal by client. */
  readonly claims: ReadonlyMap<string, string>
}

export interface PageRequest {
  readonly storeId: string
  readonly after: number
  /** One more place whose key is wanted; 0 for none. */
  readonly cursorGlobal: number
  readonly eventsMax: number
  readonly bytesMax: number
}

export interface LogPage extends StoreHead {
  /** **Shape** the JSON of a `PulledEvent` each. */
  readonly eventsJson: ReadonlyArray<string>
  /** The last of them. */
  readonly last: { readonly global: number; readonly key: EventKey } | undefined
  readonly keys: ReadonlyMap<number, EventKey>
}

/** What one store is to take, if its head is `parent`. */
export interface PostgresAppend {
  readonly storeId: string
  readonly backendId: string
  /** Of the store's placement; `null`: any, as long as the store is here. */
  readonly epoch: number | null
  readonly parent: BackendPosition
  readonly head: BackendPosition
  readonly mark: string
  /** `null`: no clients are bound, and none are checked. */
  readonly principalId: string | null
  readonly clientIds: ReadonlyArray<string>
  readonly eventsJson: ReadonlyArray<string>
}

type EventRow = readonly [
  kind: number,
  seq: string,
  eventId: string | null,
  parentId: string | null,
  name: string,
  args: string,
  clientId: string,
  sessionId: string,
  createdAt: number,
  syncMetadata: string | null,
  mark: string,
]

export const makePostgresLog = (pool: PostgresPool, tables: PostgresTables): PostgresLog => {
  const statements = statementsFor(tables)
  const [alone, group] = [appendStatement(tables, 'alone'), appendStatement(tables, 'group')]
  return {
    findStore: async (storeId) => storeOf(await pool.query<EventRow>(statements.store, [storeId])),
    makeStore: async ({ storeId, backendId, epoch, directoryId }) => {
      await pool.query(statements.makeStore, [storeId, backendId, epoch, directoryId])
    },
    view: async ({ storeId, eventIds, clientIds, parentGlobal }) => {
      const values = [storeId, parentGlobal, eventIds.filter(isStorable), clientIds.filter(isStorable)]
      return momentOf(await pool.query<EventRow>(statements.view, values))
    },
    page: async ({ storeId, after, cursorGlobal, eventsMax, bytesMax }) =>
      pageOf(
        await pool.query<EventRow>(statements.page, [storeId, after, cursorGlobal, eventsMax, bytesMax]),
        bytesMax,
      ),
    append: async (appends) => {
      const moved = await pool.query<readonly [string]>(appends.length === 1 ? alone : group, appendValues(appends))
      return new Set(moved.map(([storeId]) => storeId))
    },
    stores: async (after, storesMax) =>
      (await pool.query<readonly [string]>(statements.stores, [after, storesMax])).map(([storeId]) => storeId),
    totals: async () => {
      const [row] = await pool.query<readonly [string, string]>(statements.totals, [])
      return { stores: Number(row?.[0]), events: Number(row?.[1]) }
    },
    heads: async (storeIds) => new Map(await pool.query<readonly [string, string]>(statements.heads, [storeIds])),
  }
}

/** PostgreSQL's text holds neither NUL nor half of a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** Whether an event that is written as this JSON can be kept as it is. */
export const isStorableEvent = (event: BackendEvent, json: string): boolean =>
  // The escapes of what cannot be kept; args that only speak of them (`\\u0000`) are looked at more closely.
  !/\\u(?:0000|d[89a-f])/.test(json) ||
  [event.id, event.parentId ?? '', event.name, event.argsJson, event.clientId, event.sessionId].every(isStorable)

/** The append's statement, which waits for a store that somebody holds when it is `alone`. */
export const appendStatement = (tables: PostgresTables, mode: 'alone' | 'group'): PostgresStatement => {
  const { stores, events, claims } = tables
  // Several stores in one transaction never wait for a row, so that neither a busy store nor another server's group holds them
  // up, and no two of them wait for each other. Who is passed over is judged and appended alone.
  return mode === 'alone'
    ? statement('append', appendText(stores, events, claims, ''))
    : statement('appendGroup', appendText(stores, events, claims, 'SKIP LOCKED'))
}

/** The parameters of the append's statement: a list each, and the events of all of them in one run of bytes. */
export const appendValues = (appends: ReadonlyArray<PostgresAppend>): ReadonlyArray<unknown> => {
  const each = <A>(value: (append: PostgresAppend) => A): ReadonlyArray<A> => appends.map(value)
  const events = each(({ eventsJson }) => Buffer.from(`[${eventsJson.join(',')}]`))
  let end = 1
  return [
    each(({ storeId }) => storeId),
    each(({ backendId }) => backendId),
    each(({ epoch }) => epoch),
    each(({ parent }) => parent.global),
    each(({ parent }) => parent.eventId),
    each(({ head }) => head.global),
    each(({ head }) => head.eventId),
    each(({ mark }) => mark),
    each(({ principalId }) => principalId),
    each(({ principalId, clientIds }) => JSON.stringify(principalId === null ? [] : clientIds)),
    Buffer.concat(events),
    events.map(({ length }) => (end += length) - length),
    events.map(({ length }) => length),
  ]
}

const momentOf = (rows: ReadonlyArray<EventRow>): LogMoment | undefined => {
  const store = storeOf(rows)
  if (store === undefined) return undefined
  const eventsById = new Map<string, BackendEvent>()
  const claims = new Map<string, string>()
  for (const row of rows) {
    if (row[0] === 2) eventsById.set(row[2] ?? '', eventOf(row))
    if (row[0] === 3) claims.set(row[2] ?? '', row[10])
  }
  return { ...store, eventsById, claims, keys: keysOf(rows) }
}

const pageOf = (rows: ReadonlyArray<EventRow>, bytesMax: number): LogPage | undefined => {
  const store = storeOf(rows)
  if (store === undefined) return undefined
  const eventsJson: Array<string> = []
  let [last, bytes]: [EventRow | undefined, number] = [undefined, 0]
  // A union has no order of its own.
  for (const row of rows.filter(([kind]) => kind === 2).toSorted((a, b) => Number(a[1]) - Number(b[1]))) {
    const text = JSON.stringify({ ...eventOf(row), syncMetadataJson: row[9] })
    bytes += Buffer.byteLength(text)
    if (last !== undefined && bytes > bytesMax) break
    eventsJson.push(text)
    last = row
  }
  return {
    ...store,
    eventsJson,
    last: last === undefined ? undefined : { global: Number(last[1]), key: keyOf(last) },
    keys: keysOf(rows),
  }
}

const storeOf = (rows: ReadonlyArray<EventRow>): StoreHead | undefined => {
  const row = rows.find(([kind]) => kind === 0)
  if (row === undefined) return undefined
  const [, global, eventId, , place, epoch] = row
  return {
    backendId: row[10],
    head: { global: Number(global), eventId },
    isHere: place === 'here',
    epoch: Number(epoch),
  }
}

const keysOf = (rows: ReadonlyArray<EventRow>): Map<number, EventKey> =>
  new Map(rows.filter(([kind]) => kind === 1).map((row) => [Number(row[1]), keyOf(row)]))

const keyOf = (row: EventRow): EventKey => ({ eventId: row[2] ?? '', mark: row[10] })

const eventOf = (row: EventRow): BackendEvent => ({
  global: Number(row[1]),
  parentGlobal: Number(row[1]) - 1,
  parentId: row[3],
  id: row[2] ?? '',
  name: row[4],
  argsJson: row[5],
  clientId: row[6],
  sessionId: row[7],
  createdAt: row[8],
})

const eventColumns = 'seq, event_id, parent_id, name, args, client_id, session_id, created_at, sync_metadata, mark'
const storeRow = (stores: string): string =>
  `SELECT 0, head, head_id, NULL, CASE WHEN is_here THEN 'here' ELSE 'away' END, epoch::text, NULL, NULL, NULL::float8, NULL,
     backend_id FROM ${stores} WHERE store_id = $1`

const statementsFor = ({ stores, events, claims, database, placements }: PostgresTables) => ({
  store: statement('store', storeRow(stores)),
  // In a directory the placement is taken in the same statement, so that a server that was given this database alone and one that
  // was given several never make two logs. The row of the database is held, so that it does not join others meanwhile.
  makeStore: statement(
    'makeStore',
    `WITH me AS MATERIALIZED (
       SELECT database_id, directory_id FROM ${database} WHERE directory_id = $4 FOR SHARE
     ), placed AS (
       INSERT INTO ${placements} (store_id, database_id, epoch)
       SELECT $1, database_id, $3::bigint FROM me WHERE database_id = directory_id ON CONFLICT DO NOTHING RETURNING store_id
     )
     INSERT INTO ${stores} (store_id, backend_id, epoch)
     SELECT $1, $2, $3::bigint FROM me
     WHERE me.database_id <> me.directory_id OR EXISTS (SELECT 1 FROM placed)
       OR EXISTS (SELECT 1 FROM ${placements} p WHERE p.store_id = $1 AND p.database_id = me.database_id)
     ON CONFLICT DO NOTHING`,
  ),
  stores: statement(
    'stores',
    `SELECT store_id FROM ${stores} WHERE store_id > $1 AND is_here ORDER BY store_id LIMIT $2::bigint`,
  ),
  totals: statement('totals', `SELECT count(*), coalesce(sum(head), 0) FROM ${stores} WHERE is_here`),
  heads: statement(
    'heads',
    `SELECT store_id, concat_ws(' ', backend_id, head, head_id, epoch, is_here) FROM ${stores}
     WHERE store_id = ANY($1::text[])`,
  ),
  view: statement(
    'view',
    `${storeRow(stores)}
     UNION ALL SELECT 1, ${eventColumns} FROM ${events} WHERE store_id = $1 AND seq = $2::bigint
     UNION ALL SELECT 2, ${eventColumns} FROM ${events} WHERE store_id = $1 AND event_id = ANY($3::text[])
     UNION ALL SELECT 3, 0, client_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, principal_id
       FROM ${claims} WHERE store_id = $1 AND client_id = ANY($4::text[])`,
  ),
  // The sum takes its lengths from the headers of the values: what is beyond `bytesMax` is never fetched.
  page: statement(
    'page',
    `${storeRow(stores)}
     UNION ALL SELECT 1, ${eventColumns} FROM ${events} WHERE store_id = $1 AND seq = ANY(ARRAY[$2::bigint, $3::bigint])
     UNION ALL SELECT 2, ${eventColumns} FROM (
       SELECT *, sum(octet_length(args)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - octet_length(args) AS bytes_before
       FROM ${events} WHERE store_id = $1 AND seq > $2::bigint ORDER BY seq LIMIT $4::bigint) AS page
     WHERE bytes_before < $5::bigint`,
  ),
})

/** Prepared under its name on each connection; different schemas never share one. */
const statement = (name: string, text: string): PostgresStatement => ({ name: `headwater ${name}`, text })

/**
 * Nothing wide goes through a CTE: rows are read again for every row that they are joined with. So the events stay in one parameter,
 * and each store that has moved its head takes its own JSON out of it, by the place that it has in the request.
 */
const appendText = (stores: string, events: string, claims: string, wait: '' | 'SKIP LOCKED'): string => {
  const takes = `s.store_id = r.store COLLATE "C" AND s.head = r.parent AND s.head_id IS NOT DISTINCT FROM r.parent_id
      AND s.backend_id = r.backend AND s.is_here AND (r.epoch IS NULL OR s.epoch = r.epoch)`
  return `
  WITH locked AS MATERIALIZED (
    SELECT r.place, r.store, r.backend, r.epoch, r.parent, r.parent_id, r.head, r.head_id, r.mark, r.principal
    FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::text[], $6::int8[], $7::text[], $8::text[], $9::text[],
        $10::text[]) WITH ORDINALITY
      AS r (store, backend, epoch, parent, parent_id, head, head_id, mark, principal, clients, place)
    JOIN ${stores} s ON ${takes}
    WHERE r.principal IS NULL OR NOT EXISTS (
      SELECT 1 FROM ${claims} c WHERE c.store_id = r.store COLLATE "C" AND c.principal_id <> r.principal
        AND c.client_id IN (SELECT json_array_elements_text(r.clients::json)))
    FOR UPDATE OF s ${wait}
  ), moved AS (
    UPDATE ${stores} s SET head = r.head, head_id = r.head_id FROM locked r WHERE ${takes}
    RETURNING r.place, r.store, r.mark, r.principal
  ), written AS (
    INSERT INTO ${events} (store_id, seq, event_id, parent_seq, parent_id, name, args, client_id, session_id, created_at,
      sync_metadata, mark)
    SELECT m.store, e.global, e.id, e.global - 1, e."parentId", e.name, e."argsJson", e."clientId", e."sessionId",
      e."createdAt", e."syncMetadataJson", m.mark
    FROM moved m, json_to_recordset(
        convert_from(substring($11::bytea FROM ($12::int4[])[m.place] FOR ($13::int4[])[m.place]), 'UTF8')::json)
      AS e (global bigint, id text, "parentId" text, name text, "argsJson" text, "clientId" text, "sessionId" text,
        "createdAt" float8, "syncMetadataJson" text)
  ), claimed AS (
    INSERT INTO ${claims} (store_id, client_id, principal_id)
    SELECT m.store, c.id, m.principal FROM moved m, json_array_elements_text((($10::text[])[m.place])::json) AS c (id)
    WHERE m.principal IS NOT NULL ON CONFLICT DO NOTHING
  )
  SELECT store FROM moved`
}
