import { randomUUID } from 'node:crypto'
import { type BackendPosition, pageBytesMax, pageEventsMax } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { cursorGlobalOf, cursorOf, holdsCursor, makeMark } from './AppendMark.ts'
import type {
  AppendAnswer,
  AppendRequest,
  KnownAnswer,
  LogStorage,
  OtherLog,
  ReadAnswer,
  ReadRequest,
  StorageFailed,
} from './LogStorage.ts'
import { type PostgresAppends, makePostgresAppends } from './PostgresAppends.ts'
import { storageFailed } from './PostgresError.ts'
import {
  type LogMoment,
  type LogPage,
  type PageRequest,
  type PostgresAppend,
  type PostgresLog,
  type StoreHead,
  isStorableEvent,
  makePostgresLog,
} from './PostgresLog.ts'
import { makePostgresNews } from './PostgresNews.ts'
import { openPostgresPool } from './PostgresPool.ts'
import { migrate, tablesIn } from './PostgresSchema.ts'
import { type LogView, holds, judgeKnown, judgeParent } from './PushJudgement.ts'
import { type ServerLogger, silentLogger } from './ServerLog.ts'
import { type SharedLoads, makeSharedLoads } from './SharedLoads.ts'
import { makeStoreListeners } from './StoreListeners.ts'

export interface PostgresLogStorageOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string
  /** Where the tables are; made if there is none. Default `public`. */
  readonly schema?: string
  /** Connections for statements; one more listens. Default 10. */
  readonly connections?: number
  /** How long a statement may run, and how long it may wait for a connection, in ms. Default 10,000. */
  readonly timeoutMs?: number
  /** How often stores with live readers are looked at, in ms, for news whose message was lost. Default 5,000. */
  readonly lookMs?: number
  readonly logger?: ServerLogger
  /** Default: a random UUID. */
  readonly makeBackendId?: () => string
}

/** Heads that are remembered, to spare statements that cannot succeed; of about 100 bytes each. */
const headsMax = 10_000
/** An append is judged again when somebody else was faster; each time the log has moved, so two rounds are the rule. */
const roundsMax = 10

/**
 * Keeps the logs of all stores in PostgreSQL, for any number of servers on one database. Tables are made and brought up to
 * date when it opens; a database that goes away is `StorageFailed` until it is back.
 *
 * **Fails with**  `DatabaseError`: no driver, unreachable, refused, read-only, or with newer tables.
 *
 * @category constructors
 */
export const postgresLogStorage = async (options: PostgresLogStorageOptions): Promise<LogStorage> => {
  const schema = options.schema ?? 'public'
  const tables = tablesIn(schema)
  const pool = await openPostgresPool(options)
  await migrate(pool, schema).catch(async (error: unknown) => {
    await pool.end()
    throw error
  })
  const log = makePostgresLog(pool, tables)
  const listeners = makeStoreListeners()
  const logger = options.logger ?? silentLogger
  const news = makePostgresNews({
    pool,
    channel: `headwater ${schema}`,
    listeners,
    heads: log.heads,
    onFailure: (operation, error) => {
      const { detail } = storageFailed(operation, error)
      logger({ level: 'warn', event: 'failed', operation, detail })
    },
    ...(options.lookMs === undefined ? {} : { lookMs: options.lookMs }),
  })
  const appends = makePostgresAppends({
    log,
    flightsMax: Math.max(1, Math.floor(pool.connectionsMax / 2)),
    waitMs: pool.timeoutMs,
  })
  const makeBackendId = options.makeBackendId ?? randomUUID
  const pages: SharedLoads<LogPage> = makeSharedLoads()
  const storage: PostgresStorage = {
    log,
    appends,
    store: (storeId) => log.store(storeId, makeBackendId),
    heads: makeHeads(),
    page: (request) =>
      pages(Object.values(request).join(' '), async () => {
        const page = await log.page(request)
        if (page !== undefined) return page
        const made = await log.store(request.storeId, makeBackendId)
        return { ...made, eventsJson: [], last: undefined, keys: new Map() }
      }),
  }
  const running = new Set<Promise<unknown>>()
  const attempt = <A>(operation: string, work: () => Promise<A>): Effect.Effect<A, StorageFailed> =>
    Effect.tryPromise({
      try: () => {
        const answer = work()
        running.add(answer)
        return answer.finally(() => running.delete(answer))
      },
      catch: (error) => storageFailed(operation, error),
    })
  const close = async (): Promise<void> => {
    while (running.size > 0) await Promise.allSettled(running)
    await news.end()
    await pool.end()
  }
  let closed: Promise<void> | undefined
  return {
    name: `postgres ${pool.name}`,
    info: (storeId) => attempt('info', () => storage.store(storeId)),
    judgeKnown: (request) => attempt('read', async () => known(await momentFor(storage, request), request)),
    append: (request) =>
      attempt('append', () => append(storage, request)).pipe(
        Effect.tap((answer) =>
          Effect.sync(() => {
            if (answer._tag !== 'Accepted' || answer.appended === 0) return
            listeners.call(request.storeId)
            news.tell(request.storeId)
          }),
        ),
        Effect.withSpan('headwater.append', {
          attributes: { storeId: request.storeId, events: request.batch.events.length },
        }),
      ),
    read: (request) => attempt('read', () => read(storage, request)),
    stores: (after, storesMax) => attempt('read', () => log.stores(after ?? '', storesMax)),
    subscribe: listeners.subscribe,
    close: Effect.promise(() => (closed ??= close())),
  }
}

interface PostgresStorage {
  readonly log: PostgresLog
  readonly appends: PostgresAppends
  readonly store: (storeId: string) => Promise<StoreHead>
  readonly page: (request: PageRequest) => Promise<LogPage>
  readonly heads: Heads
}

/** The highest number each store's head is known to have had. Wrong after a restore, which only costs a statement. */
interface Heads {
  readonly of: (storeId: string) => number
  readonly note: (storeId: string, global: number) => void
}

const makeHeads = (): Heads => {
  const heads = new Map<string, number>()
  return {
    of: (storeId) => heads.get(storeId) ?? 0,
    note: (storeId, global) => {
      heads.delete(storeId)
      heads.set(storeId, global)
      const oldest = heads.size > headsMax ? heads.keys().next().value : undefined
      if (oldest !== undefined) heads.delete(oldest)
    },
  }
}

/** First without a question: most batches are new and follow the head. Whatever it is else is judged. */
const append = async (storage: PostgresStorage, request: AppendRequest): Promise<AppendAnswer> => {
  const { batch, storeId } = request
  const parent = parentOf(request, 0)
  const mayBeNext = batch.events.length > 0 && parent.global >= storage.heads.of(storeId)
  if (mayBeNext && unstorable(request, 0).length === 0) {
    const wanted = appendOf(request, 0, parent)
    if (await storage.appends.run(wanted)) return accepted(storage, request, 0, wanted.head)
  }
  for (let round = 0; round < roundsMax; round += 1) {
    const moment = await momentFor(storage, request)
    const judged = judge(moment, request)
    storage.heads.note(storeId, moment.head.global)
    if (judged._tag === 'Behind') return ahead(storage, storeId, judged.after, moment.head)
    if (judged._tag !== 'Fresh') return judged
    if (judged.from >= batch.events.length) return { _tag: 'Accepted', head: moment.head, appended: 0 }
    const wanted = appendOf(request, judged.from, moment.head)
    if (await storage.appends.run(wanted)) return accepted(storage, request, judged.from, wanted.head)
  }
  throw new Error(`the log of ${storeId} changed ${roundsMax} times while one batch was judged`)
}

const accepted = (
  storage: PostgresStorage,
  { storeId, batch }: AppendRequest,
  from: number,
  head: BackendPosition,
): AppendAnswer => {
  storage.heads.note(storeId, head.global)
  return { _tag: 'Accepted', head, appended: batch.events.length - from }
}

const parentOf = ({ batch }: AppendRequest, from: number): BackendPosition => {
  const first = batch.events[from]
  return first === undefined ? batch.parent : { global: first.parentGlobal, eventId: first.parentId }
}

const appendOf = (request: AppendRequest, from: number, parent: BackendPosition): PostgresAppend => {
  const { storeId, batch, eventsJson, principalId, mayPushForOthers } = request
  const events = batch.events.slice(from)
  const last = events.at(-1)
  return {
    storeId,
    backendId: batch.backendId,
    parent,
    head: last === undefined ? parent : { global: last.global, eventId: last.id },
    mark: makeMark(),
    principalId: mayPushForOthers ? null : principalId,
    clientIds: [...new Set(events.map((event) => event.clientId))],
    eventsJson: eventsJson.slice(from),
  }
}

const momentFor = async (storage: PostgresStorage, request: AppendRequest): Promise<LogMoment> => {
  const { batch, storeId, principalId, mayPushForOthers } = request
  const isBound = principalId !== null && !mayPushForOthers
  const moment = await storage.log.view({
    storeId,
    eventIds: batch.events.map((event) => event.id),
    clientIds: isBound ? [...new Set(batch.events.map((event) => event.clientId))] : [],
    parentGlobal: parentOf(request, 0).global,
  })
  if (moment !== undefined) return moment
  return { ...(await storage.store(storeId)), eventsById: new Map(), keys: new Map(), claims: new Map() }
}

const otherLog = ({ backendId }: StoreHead, asked: string | null): OtherLog | undefined =>
  asked === null || asked === backendId ? undefined : { _tag: 'BackendReset', backendId }

const viewOf = (moment: LogMoment): LogView => {
  const byPlace = new Map([...moment.eventsById.values()].map((event) => [event.global, event]))
  return {
    head: moment.head,
    placeOf: (eventId) => moment.eventsById.get(eventId)?.global,
    eventAt: (global) => {
      const event = byPlace.get(global)
      if (event === undefined) throw new Error(`no event at ${global} in what was read for the judgement`)
      return event
    },
    idAt: (global) => moment.keys.get(global)?.eventId ?? null,
  }
}

const known = (moment: LogMoment, { batch }: AppendRequest): KnownAnswer => {
  const other = otherLog(moment, batch.backendId)
  if (other !== undefined) return other
  const judged = judgeKnown(viewOf(moment), batch)
  return judged._tag === 'Accepted' ? { ...judged, appended: 0 } : judged
}

/** The client has to learn what stands behind `after` first. */
interface Behind {
  readonly _tag: 'Behind'
  readonly after: number
}

const judge = (moment: LogMoment, request: AppendRequest): KnownAnswer | Behind => {
  const answer = known(moment, request)
  if (answer._tag !== 'Fresh') return answer
  const rejections = unstorable(request, answer.from)
  if (rejections.length > 0) return { _tag: 'Rejected', rejections }
  const bound = boundClient(moment, request, answer.from)
  if (bound !== undefined) return { _tag: 'ClientBound', clientId: bound }
  const judged = judgeParent(viewOf(moment), request.batch, answer.from)
  if (judged === 'BackendAhead') return { _tag: 'Behind', after: parentOf(request, answer.from).global }
  return judged === 'Append' ? answer : { _tag: judged, head: moment.head }
}

/** The first clientId among the new events that belongs to another principal. */
const boundClient = ({ claims }: LogMoment, request: AppendRequest, from: number): string | undefined => {
  const { principalId, mayPushForOthers, batch } = request
  if (principalId === null || mayPushForOthers) return undefined
  const other = batch.events.slice(from).find(({ clientId }) => (claims.get(clientId) ?? principalId) !== principalId)
  return other?.clientId
}

const unstorableReason =
  'TextNotStorable: the database of this server keeps neither NUL nor half of a surrogate pair in a text'

const unstorable = ({ batch, eventsJson }: AppendRequest, from: number) =>
  batch.events
    .filter((event, index) => index >= from && !isStorableEvent(event, eventsJson[index] ?? ''))
    .map((event) => ({ eventId: event.id, reason: unstorableReason }))

/** With the complete missing tail, if it fits one page. */
const ahead = async (
  storage: PostgresStorage,
  storeId: string,
  after: number,
  head: BackendPosition,
): Promise<AppendAnswer> => {
  if (head.global - after > pageEventsMax) return { _tag: 'BackendAhead', head }
  const page = await storage.page({ storeId, after, cursorGlobal: 0, eventsMax: pageEventsMax, bytesMax: pageBytesMax })
  return page.last?.global === page.head.global
    ? { _tag: 'BackendAhead', head: page.head, missingJson: page.eventsJson }
    : { _tag: 'BackendAhead', head: page.head }
}

const read = async (storage: PostgresStorage, request: ReadRequest): Promise<ReadAnswer> => {
  const { storeId, after, cursor, eventsMax, bytesMax } = request
  const cursorGlobal = cursorGlobalOf(cursor) ?? 0
  const page = await storage.page({ storeId, after: after.global, cursorGlobal, eventsMax, bytesMax })
  const { backendId, head, keys, eventsJson } = page
  const other = otherLog(page, request.backendId)
  if (other !== undefined) return other
  const keyAt = (global: number) => keys.get(global)
  const idAt = (global: number): string | null => keyAt(global)?.eventId ?? null
  if (!holds({ head, idAt }, after) || !holdsCursor(cursor, keyAt)) return { _tag: 'HistoryChanged', head }
  const last = page.last ?? { global: after.global, key: keyAt(after.global) }
  const position = { global: last.global, eventId: last.key?.eventId ?? null }
  return {
    _tag: 'Events',
    backendId,
    eventsJson,
    last: position,
    cursor: cursorOf(last.global, last.key),
    head,
  }
}
