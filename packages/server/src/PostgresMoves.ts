/**
 * What one database does in the moves of its stores, one method a step; StoreMove.ts puts the steps of two of them in order.
 *
 * | `kind`     | The store's row                                   | Becomes                                           |
 * | ---------- | ------------------------------------------------- | ------------------------------------------------- |
 * | `leaving`  | is here and takes appends; `epoch` is the next    | `left`, or nothing (undone)                       |
 * | `left`     | is not here; a signpost to `other_id`             | `arriving`, when it comes back                    |
 * | `arriving` | is not here; its events are right up to its head  | nothing: it is here, or (undone) it has no row     |
 *
 * Events behind the head of a row that arrives are leftovers, of an earlier stay or of what was undone. `move_id` is the move that
 * may take the next step: each of them names it in its statement.
 */
import type { BackendPosition } from '@headwater/core/backend'
import * as Data from 'effect/Data'
import type { PostgresPool, PostgresStatement } from './PostgresPool.ts'
import type { PostgresTables } from './PostgresSchema.ts'
import type { StoreHead } from './PostgresLog.ts'

/** A move as one of its ends knows it. */
export interface KnownMove {
  readonly kind: 'leaving' | 'left' | 'arriving'
  /** The other end: a database's id, or {@link fromFile}. */
  readonly otherId: string
  readonly moveId: string
  /** Which the store has where it goes to. */
  readonly epoch: number
}

/** `otherId` of what is imported. */
export const fromFile = 'file'

export interface StorePlace extends StoreHead {
  readonly move: KnownMove | undefined
}

/** What one step is about. */
export interface MoveStep {
  readonly storeId: string
  readonly moveId: string
}

export interface Arrival extends MoveStep {
  readonly backendId: string
  readonly epoch: number
  readonly otherId: string
}

/** **Shape** an event as its columns, `seq` to `mark`, in the order of the table. */
export type EventColumns = readonly [
  seq: number,
  eventId: string,
  parentId: string | null,
  name: string,
  args: string,
  clientId: string,
  sessionId: string,
  createdAt: number,
  syncMetadata: string | null,
  mark: string,
]

/** Client and principal. */
export type Claim = readonly [clientId: string, principalId: string]

/** Consecutive events, and the claims of their clients. */
export interface MovedPage {
  readonly events: ReadonlyArray<EventColumns>
  readonly claims: ReadonlyArray<Claim>
}

export interface PostgresMoves {
  /** The store's row and its move; `undefined` if it was never here. */
  readonly look: (storeId: string) => Promise<StorePlace | undefined>
  /** Moves that have begun here and are not over, in the order of the stores' ids. */
  readonly running: () => Promise<ReadonlyArray<{ readonly storeId: string; readonly move: KnownMove }>>
  /** The source says where the store goes; takes over from an earlier move to the same place. `false`: not here, or it goes elsewhere. */
  readonly announce: (step: MoveStep & { readonly otherId: string }) => Promise<boolean>
  /** An empty log makes room for one that is imported; nothing if it is not empty. */
  readonly vacate: (step: MoveStep) => Promise<void>
  /** The target makes room; takes over what has arrived from there already. The answer is where to go on. **Fails with** `MoveReplaced`, also if it is here already. */
  readonly arrive: (arrival: Arrival) => Promise<BackendPosition>
  /** Forgets what has arrived. */
  readonly startOver: (step: MoveStep) => Promise<void>
  readonly readPage: (storeId: string, after: number) => Promise<MovedPage>
  /** `false`: this move was replaced, or the page does not follow. */
  readonly takePage: (step: MoveStep, after: number, page: MovedPage) => Promise<boolean>
  /** Holds the store's row while `work` runs, then lets it go: `true`, the commit of a move. `false`: this move was replaced. */
  readonly leave: (step: MoveStep, work: (head: BackendPosition) => Promise<void>) => Promise<boolean>
  /** The target takes appends; nothing if it does already, or at another epoch. */
  readonly open: (storeId: string, epoch: number) => Promise<void>
  /** Takes back an announcement; `false` if there is none (any more). */
  readonly cancel: (step: MoveStep) => Promise<boolean>
  /** Removes what has arrived, and the row. */
  readonly discard: (step: MoveStep) => Promise<void>
  /** Deletes the events of a store that has left, and keeps the signpost. The answer is how many there were. */
  readonly clear: (storeId: string) => Promise<number>
  /** Wakes the readers of the store on all servers of this database. */
  readonly tell: (storeId: string) => Promise<void>
}

/** Another move of the store, or an undo, has taken over from this one. */
export class MoveReplaced extends Data.TaggedError('MoveReplaced')<{ readonly storeId: string }> {
  override get message(): string {
    return `another move of ${this.storeId}, or an undo, has taken over; run headwater-server verify before you try again`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Of a page, and of a statement that deletes: about 100 ms each. */
const pageEvents = 1_000
const pageBytes = 4 * 1024 * 1024
const deletedAtOnce = 10_000

export const postgresMoves = (pool: PostgresPool, tables: PostgresTables, channel: string): PostgresMoves => {
  const sql = statementsFor(tables)
  /** Deletes the events behind a number, a range at a time. */
  const sweep = async (
    statement: PostgresStatement,
    [storeId, ...values]: readonly [string, ...Array<unknown>],
    behind: number,
  ): Promise<number> => {
    const [last] = await pool.query<readonly [string]>(sql.last, [storeId])
    const end = Number(last?.[0] ?? 0)
    let deleted = 0
    for (let from = behind; from < end; from += deletedAtOnce) {
      const range = [storeId, from, Math.min(end, from + deletedAtOnce), ...values]
      const [row] = await pool.query<readonly [number]>(statement, range)
      deleted += row?.[0] ?? 0
    }
    return deleted
  }
  const sweepArrival = async ({ storeId, moveId }: MoveStep): Promise<void> => {
    const behind = (await look(storeId))?.head.global
    if (behind !== undefined) await sweep(sql.sweepArrival, [storeId, moveId], behind)
  }
  const look = async (storeId: string): Promise<StorePlace | undefined> => {
    const [row] = await pool.query<PlaceRow>(sql.look, [storeId])
    return row === undefined ? undefined : placeOf(row)
  }
  const startOver = async (step: MoveStep): Promise<void> => {
    await pool.query(sql.startOver, [step.storeId, step.moveId])
    await sweepArrival(step)
  }
  return {
    look,
    running: async () =>
      (await pool.query<readonly [string, KnownMove['kind'], string, string, string]>(sql.running, [])).map(
        ([storeId, kind, otherId, moveId, epoch]) => ({
          storeId,
          move: { kind, otherId, moveId, epoch: Number(epoch) },
        }),
      ),
    announce: async ({ storeId, otherId, moveId }) =>
      (await pool.query(sql.announce, [storeId, otherId, moveId])).length > 0,
    vacate: async ({ storeId, moveId }) => {
      await pool.query(sql.vacate, [storeId, fromFile, moveId])
    },
    arrive: async (arrival) => {
      const { storeId, backendId, epoch, otherId, moveId } = arrival
      await pool.query(sql.arrive, [storeId, backendId, epoch, otherId, moveId])
      const place = await look(storeId)
      if (place?.isHere !== false || place.move?.moveId !== moveId) throw new MoveReplaced({ storeId })
      await sweepArrival(arrival)
      return place.head
    },
    startOver,
    readPage: async (storeId, after) => {
      const rows = await pool.query<PageRow>(sql.readPage, [storeId, after, pageEvents, pageBytes])
      const events = rows.map(([seq, ...rest]): EventColumns => [Number(seq), ...rest])
      // Behind the events: a claim is stored with the first event that needs it.
      const clientIds = [...new Set(events.map(([, , , , , clientId]) => clientId))]
      return { events, claims: await pool.query<Claim>(sql.readClaims, [storeId, clientIds]) }
    },
    takePage: async ({ storeId, moveId }, after, { events, claims }) => {
      const columns = columnsOf(events)
      const values = [storeId, moveId, after, ...columns, ...[0, 1].map((at) => claims.map((claim) => claim[at]))]
      const [row] = await pool.query<readonly [number]>(sql.takePage, values)
      return row?.[0] === events.length
    },
    leave: ({ storeId, moveId }, work) =>
      pool.withConnection(async ({ run }) => {
        await run('BEGIN')
        const [row] = await run(sql.lock.text, [storeId])
        const head = { global: Number(row?.['head']), eventId: (row?.['head_id'] ?? null) as string | null }
        if (row !== undefined) await work(head)
        const left = row === undefined ? [] : await run(sql.leave.text, [storeId, moveId, head.global, head.eventId])
        await run(left.length > 0 ? 'COMMIT' : 'ROLLBACK')
        return left.length > 0
      }),
    open: async (storeId, epoch) => {
      await pool.query(sql.open, [storeId, epoch])
    },
    cancel: async ({ storeId, moveId }) => (await pool.query(sql.cancel, [storeId, moveId])).length > 0,
    discard: async (step) => {
      await startOver(step)
      await pool.query(sql.discard, [step.storeId, step.moveId])
    },
    clear: async (storeId) => {
      const events = await sweep(sql.sweepLeft, [storeId], 0)
      await pool.query(sql.clearClaims, [storeId])
      return events
    },
    tell: async (storeId) => {
      // No server is called so: all of them hear it.
      await pool.query(sql.tell, [channel, `move ${storeId}`])
    },
  }
}

type PlaceRow = readonly [
  backendId: string,
  head: string,
  headId: string | null,
  isHere: boolean,
  epoch: string,
  kind: KnownMove['kind'] | null,
  otherId: string,
  moveId: string,
  moveEpoch: string,
]

type PageRow = readonly [
  seq: string,
  eventId: string,
  parentId: string | null,
  name: string,
  args: string,
  clientId: string,
  sessionId: string,
  createdAt: number,
  syncMetadata: string | null,
  mark: string,
]

const placeOf = ([backendId, head, headId, isHere, epoch, kind, otherId, moveId, moveEpoch]: PlaceRow): StorePlace => ({
  backendId,
  head: { global: Number(head), eventId: headId },
  isHere,
  epoch: Number(epoch),
  move: kind === null ? undefined : { kind, otherId, moveId, epoch: Number(moveEpoch) },
})

const columnsOf = (events: ReadonlyArray<EventColumns>): ReadonlyArray<ReadonlyArray<unknown>> =>
  Array.from({ length: 10 }, (_, at) => events.map((event) => event[at]))

const eventColumns =
  'seq, event_id, parent_id, name, args, client_id, session_id, created_at, sync_metadata, mark' as const

const statementsFor = ({ stores, events, claims, moves }: PostgresTables) => {
  const statement = (name: string, text: string): PostgresStatement => ({ name: `headwater move ${name}`, text })
  // Everybody locks the store's row first, then its move.
  const arriving = (storeId: string, moveId: string): string =>
    `SELECT s.store_id FROM ${stores} s JOIN ${moves} m ON m.store_id = s.store_id
     WHERE s.store_id = ${storeId} AND NOT s.is_here AND m.kind = 'arriving' AND m.move_id = ${moveId}`
  // A range of the primary key, so that no plan can read anything else.
  const sweep = (guard: string): string => `
    WITH gone AS (
      DELETE FROM ${events} WHERE store_id = $1 AND seq > $2::bigint AND seq <= $3::bigint AND EXISTS (${guard})
      RETURNING seq
    )
    SELECT count(*)::int FROM gone`
  return {
    look: statement(
      'look',
      `SELECT s.backend_id, s.head, s.head_id, s.is_here, s.epoch, m.kind, m.other_id, m.move_id, m.epoch
       FROM ${stores} s LEFT JOIN ${moves} m ON m.store_id = s.store_id WHERE s.store_id = $1`,
    ),
    running: statement(
      'running',
      `SELECT store_id, kind, other_id, move_id, epoch FROM ${moves} WHERE kind <> 'left' ORDER BY store_id`,
    ),
    announce: statement(
      'announce',
      `WITH here AS MATERIALIZED (SELECT store_id, epoch FROM ${stores} WHERE store_id = $1 AND is_here FOR UPDATE)
       INSERT INTO ${moves} AS m (store_id, kind, other_id, move_id, epoch)
       SELECT store_id, 'leaving', $2, $3, epoch + 1 FROM here
       ON CONFLICT (store_id) DO UPDATE SET move_id = $3 WHERE m.kind = 'leaving' AND m.other_id = $2
       RETURNING store_id`,
    ),
    vacate: statement(
      'vacate',
      `WITH emptied AS (
         UPDATE ${stores} SET is_here = false, epoch = epoch + 1 WHERE store_id = $1 AND is_here AND head = 0
         RETURNING store_id, epoch
       )
       INSERT INTO ${moves} (store_id, kind, other_id, move_id, epoch)
       SELECT store_id, 'arriving', $2, $3, epoch FROM emptied
       ON CONFLICT (store_id) DO UPDATE SET kind = 'arriving', other_id = $2, move_id = $3, epoch = excluded.epoch`,
    ),
    // What has arrived from the same place at the same epoch is kept; a signpost and what was undone are not.
    arrive: statement(
      'arrive',
      `WITH made AS (
         INSERT INTO ${stores} AS s (store_id, backend_id, epoch, is_here) VALUES ($1, $2, $3::bigint, false)
         ON CONFLICT (store_id) DO UPDATE SET backend_id = $2, epoch = $3::bigint,
           head = CASE WHEN s.epoch = $3::bigint AND s.backend_id = $2 THEN s.head ELSE 0 END,
           head_id = CASE WHEN s.epoch = $3::bigint AND s.backend_id = $2 THEN s.head_id END
         WHERE NOT s.is_here AND s.epoch <= $3::bigint RETURNING s.store_id
       )
       INSERT INTO ${moves} (store_id, kind, other_id, move_id, epoch)
       SELECT store_id, 'arriving', $4, $5, $3::bigint FROM made
       ON CONFLICT (store_id) DO UPDATE SET kind = 'arriving', other_id = $4, move_id = $5, epoch = $3::bigint`,
    ),
    startOver: statement(
      'startOver',
      `WITH target AS MATERIALIZED (${arriving('$1', '$2')} FOR UPDATE)
       UPDATE ${stores} s SET head = 0, head_id = NULL FROM target t WHERE s.store_id = t.store_id`,
    ),
    readPage: statement(
      'readPage',
      `SELECT ${eventColumns} FROM (
         SELECT *, sum(octet_length(args)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - octet_length(args) AS bytes_before
         FROM ${events} WHERE store_id = $1 AND seq > $2::bigint ORDER BY seq LIMIT $3::bigint) AS page
       WHERE bytes_before < $4::bigint ORDER BY seq`,
    ),
    readClaims: statement(
      'readClaims',
      `SELECT client_id, principal_id FROM ${claims} WHERE store_id = $1 AND client_id = ANY($2::text[])`,
    ),
    takePage: statement(
      'takePage',
      `WITH target AS MATERIALIZED (${arriving('$1', '$2')} AND s.head = $3::bigint FOR UPDATE),
       page AS MATERIALIZED (
         SELECT * FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
           $11::float8[], $12::text[], $13::text[]) AS p (${eventColumns})
       ), written AS (
         INSERT INTO ${events} (store_id, parent_seq, ${eventColumns})
         SELECT t.store_id, p.seq - 1, ${eventColumns} FROM target t, page p RETURNING seq
       ), claimed AS (
         INSERT INTO ${claims} (store_id, client_id, principal_id)
         SELECT t.store_id, c.* FROM target t, unnest($14::text[], $15::text[]) AS c ON CONFLICT DO NOTHING
       ), moved AS (
         UPDATE ${stores} s SET head = p.seq, head_id = p.event_id
         FROM target t, page p WHERE s.store_id = t.store_id AND p.seq = $3::bigint + (SELECT count(*) FROM page)
         RETURNING s.store_id
       )
       SELECT count(*)::int FROM written, moved`,
    ),
    lock: statement('lock', `SELECT head, head_id FROM ${stores} WHERE store_id = $1 AND is_here FOR UPDATE`),
    leave: statement(
      'leave',
      `WITH gone AS (
         UPDATE ${moves} SET kind = 'left' WHERE store_id = $1 AND kind = 'leaving' AND move_id = $2
         RETURNING store_id, epoch
       )
       UPDATE ${stores} s SET is_here = false, epoch = g.epoch FROM gone g
       WHERE s.store_id = g.store_id AND s.is_here AND s.head = $3::bigint AND s.head_id IS NOT DISTINCT FROM $4
       RETURNING s.store_id`,
    ),
    open: statement(
      'open',
      `WITH target AS MATERIALIZED (
         SELECT store_id FROM ${stores} WHERE store_id = $1 AND epoch = $2::bigint AND NOT is_here FOR UPDATE
       ), arrived AS (
         DELETE FROM ${moves} m USING target t WHERE m.store_id = t.store_id AND m.kind = 'arriving' RETURNING m.store_id
       )
       UPDATE ${stores} s SET is_here = true FROM arrived a WHERE s.store_id = a.store_id`,
    ),
    cancel: statement(
      'cancel',
      `DELETE FROM ${moves} WHERE store_id = $1 AND kind = 'leaving' AND move_id = $2 RETURNING store_id`,
    ),
    discard: statement(
      'discard',
      `WITH target AS MATERIALIZED (${arriving('$1', '$2')} AND s.head = 0 FOR UPDATE),
       unclaimed AS (DELETE FROM ${claims} c USING target t WHERE c.store_id = t.store_id),
       unmoved AS (DELETE FROM ${moves} m USING target t WHERE m.store_id = t.store_id)
       DELETE FROM ${stores} s USING target t WHERE s.store_id = t.store_id`,
    ),
    last: statement('last', `SELECT seq FROM ${events} WHERE store_id = $1 ORDER BY seq DESC LIMIT 1`),
    sweepArrival: statement('sweepArrival', sweep(`${arriving('$1', '$4')} AND s.head <= $2::bigint`)),
    sweepLeft: statement(
      'sweepLeft',
      sweep(`SELECT 1 FROM ${stores} s JOIN ${moves} m ON m.store_id = s.store_id
        WHERE s.store_id = $1 AND NOT s.is_here AND m.kind = 'left'`),
    ),
    clearClaims: statement(
      'clearClaims',
      `DELETE FROM ${claims} WHERE store_id = $1 AND EXISTS
         (SELECT 1 FROM ${moves} m WHERE m.store_id = $1 AND m.kind = 'left')`,
    ),
    tell: statement('tell', `SELECT pg_notify($1, $2)`),
  }
}
