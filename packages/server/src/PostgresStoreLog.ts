/**
 * Appends and reads of one store in the database that has it. An append is tried first and judged afterwards, lock-free, over one
 * moment of the log: what it does not take is answered for good, or tells what to append behind which head.
 */
import { type BackendPosition, pageBytesMax, pageEventsMax } from '@headwater/core/backend'
import { cursorGlobalOf, cursorOf, holdsCursor, makeMark } from './AppendMark.ts'
import type { AppendAnswer, AppendRequest, KnownAnswer, OtherLog, ReadAnswer, ReadRequest } from './LogStorage.ts'
import {
  type LogMoment,
  type LogPage,
  type PageRequest,
  type PostgresAppend,
  type StoreHead,
  isStorableEvent,
} from './PostgresLog.ts'
import { type LogView, holds, judgeKnown, judgeParent } from './PushJudgement.ts'
import { type Placement, StoreElsewhere } from './StorePlacements.ts'

export interface PostgresStoreLog {
  /** The store's head, made if there is none. **Fails with** `StoreElsewhere`, as all of these. */
  readonly info: (placement: Placement, storeId: string) => Promise<StoreHead>
  readonly judgeKnown: (placement: Placement, request: AppendRequest) => Promise<KnownAnswer>
  readonly append: (placement: Placement, request: AppendRequest) => Promise<AppendAnswer>
  readonly read: (placement: Placement, request: ReadRequest) => Promise<ReadAnswer>
}

/** Heads that are remembered, to spare statements that cannot succeed; of about 100 bytes each. */
const headsMax = 10_000
/** An append is judged again when somebody else was faster; each time the log has moved, so two rounds are the rule. */
const roundsMax = 10

export interface PostgresStoreLogOptions {
  /** The directory that the databases belong to. */
  readonly directoryId: string
  readonly makeBackendId: () => string
}

export const makePostgresStoreLog = (options: PostgresStoreLogOptions): PostgresStoreLog => {
  const heads = makeHeads()
  return {
    info: (placement, storeId) => storeAt({ ...options, heads, placement }, storeId),
    judgeKnown: async (placement, request) => {
      const at = { ...options, heads, placement }
      return known(await momentFor(at, request), request)
    },
    append: (placement, request) => append({ ...options, heads, placement }, request),
    read: (placement, request) => read({ ...options, heads, placement }, request),
  }
}

/** What the functions below need: the store's place, and what is shared by all stores. */
interface StoreAt extends PostgresStoreLogOptions {
  readonly heads: Heads
  readonly placement: Placement
}

/** **Fails with** `StoreElsewhere`, thrown, if the store does not take statements here. */
const here = <A extends StoreHead>({ placement }: StoreAt, storeId: string, found: A): A => {
  if (found.isHere && (placement.epoch === null || placement.epoch === found.epoch)) return found
  throw new StoreElsewhere({ storeId })
}

const storeAt = async (at: StoreAt, storeId: string): Promise<StoreHead> => {
  const { placement, directoryId, makeBackendId } = at
  const { log } = placement.database
  const found = await log.findStore(storeId)
  if (found !== undefined) return here(at, storeId, found)
  await log.makeStore({ storeId, backendId: makeBackendId(), epoch: placement.epoch ?? 0, directoryId })
  const made = await log.findStore(storeId)
  if (made === undefined) throw new StoreElsewhere({ storeId })
  return here(at, storeId, made)
}

const pageAt = async (at: StoreAt, request: PageRequest): Promise<LogPage> => {
  const page = await at.placement.database.page(request)
  if (page !== undefined) return here(at, request.storeId, page)
  return { ...(await storeAt(at, request.storeId)), eventsJson: [], last: undefined, keys: new Map() }
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
const append = async (at: StoreAt, request: AppendRequest): Promise<AppendAnswer> => {
  const { batch, storeId } = request
  const parent = parentOf(request, 0)
  const mayBeNext = batch.events.length > 0 && parent.global >= at.heads.of(storeId)
  if (mayBeNext && unstorable(request, 0).length === 0) {
    const wanted = appendOf(at, request, 0, parent)
    if (await at.placement.database.appends.run(wanted)) return accepted(at, request, 0, wanted.head)
  }
  for (let round = 0; round < roundsMax; round += 1) {
    const moment = await momentFor(at, request)
    const judged = judge(moment, request)
    at.heads.note(storeId, moment.head.global)
    if (judged._tag === 'Behind') return ahead(at, storeId, judged.after, moment.head)
    if (judged._tag !== 'Fresh') return judged
    if (judged.from >= batch.events.length) return { _tag: 'Accepted', head: moment.head, appended: 0 }
    const wanted = appendOf(at, request, judged.from, moment.head)
    if (await at.placement.database.appends.run(wanted)) return accepted(at, request, judged.from, wanted.head)
  }
  throw new Error(`the log of ${storeId} changed ${roundsMax} times while one batch was judged`)
}

const accepted = (
  at: StoreAt,
  { storeId, batch }: AppendRequest,
  from: number,
  head: BackendPosition,
): AppendAnswer => {
  at.heads.note(storeId, head.global)
  return { _tag: 'Accepted', head, appended: batch.events.length - from }
}

const parentOf = ({ batch }: AppendRequest, from: number): BackendPosition => {
  const first = batch.events[from]
  return first === undefined ? batch.parent : { global: first.parentGlobal, eventId: first.parentId }
}

const appendOf = (at: StoreAt, request: AppendRequest, from: number, parent: BackendPosition): PostgresAppend => {
  const { storeId, batch, eventsJson, principalId, mayPushForOthers } = request
  const events = batch.events.slice(from)
  const last = events.at(-1)
  return {
    storeId,
    backendId: batch.backendId,
    epoch: at.placement.epoch,
    parent,
    head: last === undefined ? parent : { global: last.global, eventId: last.id },
    mark: makeMark(),
    principalId: mayPushForOthers ? null : principalId,
    clientIds: [...new Set(events.map((event) => event.clientId))],
    eventsJson: eventsJson.slice(from),
  }
}

const momentFor = async (at: StoreAt, request: AppendRequest): Promise<LogMoment> => {
  const { batch, storeId, principalId, mayPushForOthers } = request
  const isBound = principalId !== null && !mayPushForOthers
  const moment = await at.placement.database.log.view({
    storeId,
    eventIds: batch.events.map((event) => event.id),
    clientIds: isBound ? [...new Set(batch.events.map((event) => event.clientId))] : [],
    parentGlobal: parentOf(request, 0).global,
  })
  if (moment !== undefined) return here(at, storeId, moment)
  return { ...(await storeAt(at, storeId)), eventsById: new Map(), keys: new Map(), claims: new Map() }
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
const ahead = async (at: StoreAt, storeId: string, after: number, head: BackendPosition): Promise<AppendAnswer> => {
  if (head.global - after > pageEventsMax) return { _tag: 'BackendAhead', head }
  const page = await pageAt(at, { storeId, after, cursorGlobal: 0, eventsMax: pageEventsMax, bytesMax: pageBytesMax })
  return page.last?.global === page.head.global
    ? { _tag: 'BackendAhead', head: page.head, missingJson: page.eventsJson }
    : { _tag: 'BackendAhead', head: page.head }
}

const read = async (at: StoreAt, request: ReadRequest): Promise<ReadAnswer> => {
  const { storeId, after, cursor, eventsMax, bytesMax } = request
  const cursorGlobal = cursorGlobalOf(cursor) ?? 0
  const page = await pageAt(at, { storeId, after: after.global, cursorGlobal, eventsMax, bytesMax })
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
