import type { Store } from '@headwater/core'
import type { SqliteConnection } from '@headwater/core/adapter'
import type { PulledEvent } from '@headwater/core/backend'
import { fold, readLog, tablesOf } from '../../../packages/adapter-node/test/Fold.ts'
import { selections, todos } from '../../../packages/adapter-node/test/Todos.ts'

export interface AnomalyEvidence {
  readonly eventlog: SqliteConnection
  readonly state: SqliteConnection
  readonly store: Store
  readonly persisted: ReadonlySet<string>
  readonly confirmed: ReadonlySet<string>
  /** `null` for a store without one. */
  readonly backend: ReadonlyArray<PulledEvent> | null
}

/**
 * P1 to P4 and P9, of databases at rest. **Fails with** an `Error` that says what does not hold.
 *
 * **Source** spec section 11.
 */
export const checkFiles = (evidence: AnomalyEvidence): void => {
  const { eventlog, state, store } = evidence
  for (const [name, database] of [['eventlog', eventlog] as const, ['state', state] as const])
    same(database.prepare('PRAGMA integrity_check').all(), [['ok']], `integrity of the ${name}`)
  const rows = readLog(eventlog)
  const expected = fold(rows)
  const session = tablesOf((sql) =>
    sql.includes('todos')
      ? store.query(todos.orderBy('id')).map(({ id, text }) => [id, text])
      : store.query(selections.orderBy('id')).map(({ id, n }) => [id, n]),
  )
  same(session, expected, "P1: the session's tables are not the fold of the log")
  same(store.quarantined.list(), [], 'P9: something is in quarantine')
  checkState(evidence, rows)
  checkAcknowledged(evidence, rows)
}

/** Whether the leader's state has all of the log. */
export const isStateCurrent = ({ eventlog, state }: Pick<AnomalyEvidence, 'eventlog' | 'state'>): boolean => {
  const head = stateHead(state)
  const last = readLog(eventlog).at(-1)?.seq ?? { global: 0, client: 0 }
  return head !== null && head.epoch === epochOf(eventlog) && head.global === last.global && head.client === last.client
}

const epochOf = (eventlog: SqliteConnection): number =>
  Number(eventlog.prepare('SELECT epoch FROM __headwater_sync_status').get()?.[0])

/** `null` while there is no state: the leader makes it anew. */
const stateHead = (state: SqliteConnection) => {
  const exists = state.prepare("SELECT 1 FROM sqlite_schema WHERE name = '__headwater_state_head'").get()
  const row =
    exists === undefined
      ? undefined
      : state.prepare('SELECT seqNumGlobal, seqNumClient, epoch FROM __headwater_state_head').get()
  return row === undefined ? null : { global: Number(row[0]), client: Number(row[1]), epoch: Number(row[2]) }
}

/** The state may lag behind the log, or be of an epoch before a fault and adopted later; it is never wrong. */
const checkState = ({ eventlog, state }: AnomalyEvidence, rows: ReturnType<typeof readLog>): void => {
  const head = stateHead(state)
  if (head === null || head.epoch !== epochOf(eventlog)) return
  same(
    state.prepare('SELECT count(*) FROM __headwater_quarantine').get(),
    [0],
    "P9: something is in the state's quarantine",
  )
  const prefix = rows.filter(
    ({ seq }) => seq.global < head.global || (seq.global === head.global && seq.client <= head.client),
  )
  const tables = tablesOf((sql) => state.prepare(sql).all())
  same(tables, fold(prefix), "P1: the leader's tables are not the fold of the log up to their head")
}

const checkAcknowledged = (
  { eventlog, persisted, confirmed, backend }: AnomalyEvidence,
  rows: ReturnType<typeof readLog>,
): void => {
  const ids = rows.map(({ event }) => event.id)
  const inLog = new Set(ids)
  same(inLog.size, ids.length, 'L4: an id twice in the log')
  const rejected = eventlog.prepare('SELECT eventId FROM __headwater_rejected').all()
  const dead = new Set(rejected.map(([id]) => String(id)))
  for (const id of persisted)
    if (inLog.has(id) === dead.has(id))
      throw new Error(
        `P2, P3: ${id} was persisted and is ${inLog.has(id) ? 'in the log and a dead letter' : 'nowhere'}`,
      )
  if (backend === null) return
  const synced = rows.filter(({ seq }) => seq.client === 0).map(({ event }) => event.id)
  const backendIds = backend.map(({ id }) => id)
  same(synced, backendIds, "P1: the synced part of the log is not the backend's")
  for (const id of confirmed)
    if (!backendIds.includes(id)) throw new Error(`P4: ${id} was confirmed and is not in the backend`)
}

const same = (actual: unknown, expected: unknown, what: string): void => {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  const brief = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
  if (a !== b) throw new Error(`${what}: ${brief(a)} instead of ${brief(b)}`)
}
