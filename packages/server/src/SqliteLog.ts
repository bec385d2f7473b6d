/**
 * The logs of all stores in one SQLite file, synchronous, one method per thing that happens inside a transaction.
 *
 * | Table   | Columns                                               | Keys                                            |
 * | ------- | ----------------------------------------------------- | ----------------------------------------------- |
 * | `store` | `key, storeId, backendId, headGlobal, headId`         | primary key `key`, unique `storeId`             |
 * | `event` | `storeKey, global, eventId, mark, json`               | primary key `(storeKey, global)`, unique `(storeKey, eventId)` |
 * | `claim` | `storeKey, clientId, principalId`                     | primary key `(storeKey, clientId)`              |
 *
 * `json` is the text of a `PulledEvent`, as it is sent. `mark` names the append (AppendMark.ts). `head*` always equals the
 * store's last event; it is kept so that a judgement costs one row. `application_id` is "HWLG", `user_version` the format's version.
 */
import { type BackendEvent, type BackendPosition, pageBytesMax, pageEventsMax } from '@headwater/core/backend'
import type Database from 'better-sqlite3'
import { type EventKey, cursorOf, holdsCursor, makeMark } from './AppendMark.ts'
import type { AppendAnswer, AppendRequest, KnownAnswer, OtherLog, ReadAnswer, ReadRequest } from './LogStorage.ts'
import { type LogView, holds, judgeKnown, judgeParent } from './PushJudgement.ts'

export const applicationId = 0x48574c47
/** 2: `event.mark`. */
export const formatVersion = 2

export const logSchema = `
  CREATE TABLE store (key INTEGER PRIMARY KEY, storeId TEXT NOT NULL UNIQUE, backendId TEXT NOT NULL,
    headGlobal INTEGER NOT NULL, headId TEXT) STRICT;
  CREATE TABLE event (storeKey INTEGER NOT NULL, global INTEGER NOT NULL, eventId TEXT NOT NULL, mark TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (storeKey, global)) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX eventById ON event (storeKey, eventId);
  CREATE TABLE claim (storeKey INTEGER NOT NULL, clientId TEXT NOT NULL, principalId TEXT NOT NULL,
    PRIMARY KEY (storeKey, clientId)) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`

export interface StoreRow {
  readonly key: number
  readonly backendId: string
  readonly headGlobal: number
  readonly headId: string | null
}

export interface SqliteLog {
  /** The store's row, made if there is none. Only inside a transaction. */
  readonly store: (storeId: string) => StoreRow
  /** The store's row, if there is one. */
  readonly findStore: (storeId: string) => StoreRow | undefined
  readonly judgeKnown: (store: StoreRow, request: AppendRequest) => KnownAnswer
  readonly append: (request: AppendRequest) => AppendAnswer
  readonly read: (store: StoreRow, request: ReadRequest) => ReadAnswer
  readonly stores: (after: string | null, storesMax: number) => Array<string>
}

type Statements = ReturnType<typeof prepareStatements>

const prepareStatements = (database: Database.Database) => ({
  store: database.prepare<[string], StoreRow>('SELECT key, backendId, headGlobal, headId FROM store WHERE storeId = ?'),
  stores: database
    .prepare<[string, number], string>('SELECT storeId FROM store WHERE storeId > ? ORDER BY storeId LIMIT ?')
    .pluck(),
  makeStore: database.prepare<[string, string]>('INSERT INTO store (storeId, backendId, headGlobal) VALUES (?, ?, 0)'),
  setHead: database.prepare<[number, string | null, number]>(
    'UPDATE store SET headGlobal = ?, headId = ? WHERE key = ?',
  ),
  insert: database.prepare<[number, number, string, string, string]>(
    'INSERT INTO event (storeKey, global, eventId, mark, json) VALUES (?, ?, ?, ?, ?)',
  ),
  place: database
    .prepare<[number, string], number>('SELECT global FROM event WHERE storeKey = ? AND eventId = ?')
    .pluck(),
  at: database.prepare<[number, number], EventKey>('SELECT eventId, mark FROM event WHERE storeKey = ? AND global = ?'),
  json: database.prepare<[number, number], string>('SELECT json FROM event WHERE storeKey = ? AND global = ?').pluck(),
  jsonAfter: database
    .prepare<[number, number, number], string>(
      'SELECT json FROM event WHERE storeKey = ? AND global > ? ORDER BY global LIMIT ?',
    )
    .pluck(),
  claim: database
    .prepare<[number, string], string>('SELECT principalId FROM claim WHERE storeKey = ? AND clientId = ?')
    .pluck(),
  makeClaim: database.prepare<[number, string, string]>(
    'INSERT OR IGNORE INTO claim (storeKey, clientId, principalId) VALUES (?, ?, ?)',
  ),
})

/** **Shape** `makeBackendId`: a new random id; its collision would let a client take one log for another. */
export const makeSqliteLog = (database: Database.Database, makeBackendId: () => string): SqliteLog => {
  const statements = prepareStatements(database)
  const findStore = (storeId: string): StoreRow | undefined => statements.store.get(storeId)
  const store = (storeId: string): StoreRow => {
    const found = findStore(storeId)
    if (found !== undefined) return found
    statements.makeStore.run(storeId, makeBackendId())
    return store(storeId)
  }
  return {
    store,
    findStore,
    judgeKnown: (row, request) => otherLog(row, request.batch.backendId) ?? known(viewOf(statements, row), request),
    append: (request) => append(statements, store(request.storeId), request),
    stores: (after, storesMax) => statements.stores.all(after ?? '', storesMax),
    read: (row, request) => otherLog(row, request.backendId) ?? read(statements, row, request),
  }
}

const headOf = (row: StoreRow): BackendPosition => ({ global: row.headGlobal, eventId: row.headId })

const otherLog = (row: StoreRow, backendId: string | null): OtherLog | undefined =>
  backendId === null || backendId === row.backendId ? undefined : { _tag: 'BackendReset', backendId: row.backendId }

const viewOf = (statements: Statements, row: StoreRow): LogView => ({
  head: headOf(row),
  placeOf: (eventId) => statements.place.get(row.key, eventId),
  // The text was made by `JSON.stringify` of an event that had been decoded by the protocol's schema.
  eventAt: (global) => JSON.parse(statements.json.get(row.key, global) ?? 'null') as BackendEvent,
  idAt: (global) => statements.at.get(row.key, global)?.eventId ?? null,
})

const known = (view: LogView, request: AppendRequest): KnownAnswer => {
  const judged = judgeKnown(view, request.batch)
  return judged._tag === 'Accepted' ? { ...judged, appended: 0 } : judged
}

const append = (statements: Statements, row: StoreRow, request: AppendRequest): AppendAnswer => {
  const { batch } = request
  const other = otherLog(row, batch.backendId)
  if (other !== undefined) return other
  const view = viewOf(statements, row)
  const answer = known(view, request)
  if (answer._tag !== 'Fresh') return answer
  const bound = boundClient(statements, row, request, answer.from)
  if (bound !== undefined) return { _tag: 'ClientBound', clientId: bound }
  const judged = judgeParent(view, batch, answer.from)
  if (judged === 'HistoryChanged') return { _tag: 'HistoryChanged', head: headOf(row) }
  if (judged === 'BackendAhead') return ahead(statements, row, batch.events[answer.from]?.parentGlobal ?? 0)
  return insertFrom(statements, row, request, answer.from)
}

/** The first clientId among the new events that belongs to another principal. */
const boundClient = (
  statements: Statements,
  row: StoreRow,
  request: AppendRequest,
  from: number,
): string | undefined => {
  const { principalId } = request
  if (principalId === null || request.mayPushForOthers) return undefined
  const clientIds = new Set(request.batch.events.slice(from).map((event) => event.clientId))
  return [...clientIds].find((clientId) => (statements.claim.get(row.key, clientId) ?? principalId) !== principalId)
}

/** With the complete missing tail, if it fits one page. */
const ahead = (statements: Statements, row: StoreRow, after: number): AppendAnswer => {
  const head = headOf(row)
  if (row.headGlobal - after > pageEventsMax) return { _tag: 'BackendAhead', head }
  const missingJson = readTexts(statements, row.key, after, pageEventsMax, pageBytesMax)
  return missingJson.length === row.headGlobal - after
    ? { _tag: 'BackendAhead', head, missingJson }
    : { _tag: 'BackendAhead', head }
}

const insertFrom = (statements: Statements, row: StoreRow, request: AppendRequest, from: number): AppendAnswer => {
  const { batch, eventsJson, principalId } = request
  let head = headOf(row)
  const mark = makeMark()
  for (let index = from; index < batch.events.length; index += 1) {
    const event = batch.events[index]
    const json = eventsJson[index]
    if (event === undefined || json === undefined) break
    statements.insert.run(row.key, event.global, event.id, mark, json)
    head = { global: event.global, eventId: event.id }
  }
  statements.setHead.run(head.global, head.eventId, row.key)
  if (principalId !== null && !request.mayPushForOthers) {
    const clientIds = new Set(batch.events.slice(from).map((event) => event.clientId))
    for (const clientId of clientIds) statements.makeClaim.run(row.key, clientId, principalId)
  }
  return { _tag: 'Accepted', head, appended: batch.events.length - from }
}

const read = (statements: Statements, row: StoreRow, request: ReadRequest): ReadAnswer => {
  const { after, cursor } = request
  const head = headOf(row)
  const atAfter = statements.at.get(row.key, after.global)
  const keyAt = (global: number): EventKey | undefined =>
    global === after.global ? atAfter : statements.at.get(row.key, global)
  const idAt = (global: number): string | null => keyAt(global)?.eventId ?? null
  if (!holds({ head, idAt }, after) || !holdsCursor(cursor, keyAt)) return { _tag: 'HistoryChanged', head }
  const isCaughtUp = after.global === row.headGlobal
  const eventsJson = isCaughtUp ? [] : readTexts(statements, row.key, after.global, request.eventsMax, request.bytesMax)
  const lastGlobal = after.global + eventsJson.length
  const atLast = keyAt(lastGlobal)
  const last = { global: lastGlobal, eventId: atLast?.eventId ?? null }
  return { _tag: 'Events', backendId: row.backendId, eventsJson, last, cursor: cursorOf(lastGlobal, atLast), head }
}

/** The texts behind `after`; at least one if there is any. */
const readTexts = (
  statements: Statements,
  key: number,
  after: number,
  eventsMax: number,
  bytesMax: number,
): Array<string> => {
  const texts: Array<string> = []
  let length = 0
  for (const text of statements.jsonAfter.iterate(key, after, eventsMax)) {
    length += Buffer.byteLength(text)
    if (texts.length > 0 && length > bytesMax) break
    texts.push(text)
  }
  return texts
}
