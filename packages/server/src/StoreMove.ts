/**
 * Moves a store's log from one database to another while servers run and clients push. ARCHITECTURE.md ("Several databases") has
 * the invariants and what is true behind every step; PostgresMoves.ts what each database does.
 *
 * | {@link MoveStepName} | In        | Until then                                                    |
 * | -------------------- | --------- | ------------------------------------------------------------- |
 * | `announce`           | source    |                                                               |
 * | `arrive`             | target    |                                                               |
 * | `copy`, once a page  | target    |                                                               |
 * | `lock`, `tail`       | both      | the move can be undone; a store takes appends, or they wait   |
 * | `leave`              | source    | the commit                                                    |
 * | `open`               | target    | servers do it, if nobody else does                            |
 * | `note`               | directory | servers find the store by the source's signpost               |
 * | `tell`, `clear`      | both      | the old copy is there, and nobody reads it                    |
 */
import { randomUUID } from 'node:crypto'
import type { BackendPosition } from '@headwater/core/backend'
import * as Data from 'effect/Data'
import type { PostgresDatabase } from './PostgresDatabase.ts'
import type { PostgresDatabases } from './PostgresDatabases.ts'
import { type MoveStep, MoveReplaced } from './PostgresMoves.ts'
import { type FoundStore, databaseOf, findStore } from './StorePlacements.ts'

export type MoveStepName =
  | 'announce'
  | 'arrive'
  | 'copy'
  | 'lock'
  | 'tail'
  | 'leave'
  | 'open'
  | 'note'
  | 'tell'
  | 'clear'

export interface MoveOptions {
  /** Called behind every step, and waited for. */
  readonly onStep?: (step: MoveStepName) => void | Promise<void>
  /** **Units** events that have arrived, of those that were there when they were last counted. */
  readonly onProgress?: (arrived: number, all: number) => void
}

export interface MoveOutcome {
  readonly from: PostgresDatabase
  readonly to: PostgresDatabase
  readonly events: number
  /** How long appends waited. `0` if the store had moved already, and what was left behind was removed. */
  readonly lockedMs: number
}

/** Why a store cannot be moved. The message says what to do. */
export class MoveRefused extends Data.TaggedError('MoveRefused')<{ readonly detail: string }> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return false
  }
}

/**
 * Moves a store, or goes on with a move to the same database that was interrupted.
 *
 * **Fails with**  `MoveRefused`, `MoveReplaced`, what pg throws; then it may be run again, or undone until the store has left.
 */
export const moveStore = async (
  databases: PostgresDatabases,
  storeId: string,
  to: PostgresDatabase,
  options: MoveOptions = {},
): Promise<MoveOutcome> => {
  const found = await foundStore(databases, storeId)
  if (found.database === to && found.place.move === undefined) return finishMove(databases, found, storeId, options)
  const step: MoveStep = { storeId, moveId: randomUUID() }
  const source = found.database
  const isAnnounced = to !== source && (await source.moves.announce({ ...step, otherId: to.id }))
  if (!isAnnounced) throw await whyNot(databases, source, storeId)
  await options.onStep?.('announce')
  const epoch = (await source.moves.look(storeId))?.move?.epoch
  if (epoch === undefined) throw new MoveReplaced({ storeId })
  const copy: Copy = { step, source, target: to, options }
  await arrive(copy, { backendId: found.place.backendId, epoch })
  await options.onStep?.('arrive')
  await copyMost(copy)
  let [lockedMs, events] = [0, 0]
  const hasLeft = await source.moves.leave(step, async (head) => {
    const startMs = performance.now()
    await options.onStep?.('lock')
    await copyTo(copy, head.global)
    await checkEnd(copy, head)
    await options.onStep?.('tail')
    lockedMs = performance.now() - startMs
    events = head.global
  })
  if (!hasLeft) throw new MoveReplaced({ storeId })
  await options.onStep?.('leave')
  await to.moves.open(storeId, epoch)
  await options.onStep?.('open')
  await databases.directory.note(storeId, { databaseId: to.id, epoch })
  await options.onStep?.('note')
  await leaveBehind(source, storeId, options)
  return { from: source, to, events, lockedMs }
}

/**
 * Takes back a move that has not left yet: the store stays where it is, what has arrived is removed.
 *
 * **Fails with**  `MoveRefused`: there is none, or the store has left already.
 */
export const undoMove = async (databases: PostgresDatabases, storeId: string): Promise<void> => {
  const { database, place } = await foundStore(databases, storeId)
  const move = place.move
  // Until it is taken back the move can still commit, so nothing that has arrived may be touched before.
  const isCancelled = move?.kind === 'leaving' && (await database.moves.cancel({ storeId, moveId: move.moveId }))
  let discarded = 0
  for (const target of databases.all) {
    const arrived = (await target.moves.look(storeId))?.move
    if (arrived?.kind !== 'arriving' || arrived.otherId !== database.id) continue
    // Somebody has announced anew meanwhile, and goes on with it.
    if ((await database.moves.look(storeId))?.move !== undefined) continue
    await target.moves.discard({ storeId, moveId: arrived.moveId })
    discarded += 1
  }
  if (isCancelled || discarded > 0) return
  throw new MoveRefused({
    detail: `no move of ${storeId} can be undone; it is in ${database.name}. If it has just arrived there, move it back`,
  })
}

interface Copy {
  readonly step: MoveStep
  readonly source: PostgresDatabase
  readonly target: PostgresDatabase
  readonly options: MoveOptions
}

const foundStore = async (databases: PostgresDatabases, storeId: string) => {
  const found = await findStore(databases.directory, databases.all, storeId)
  if (found?.place !== undefined) return { ...found, place: found.place }
  throw new MoveRefused({ detail: `there is no store ${storeId}; headwater-server verify lists all` })
}

const whyNot = async (databases: PostgresDatabases, source: PostgresDatabase, storeId: string): Promise<Error> => {
  const move = (await source.moves.look(storeId))?.move
  if (move?.kind !== 'leaving') return new MoveReplaced({ storeId })
  const target = databaseOf(databases.all, move.otherId, storeId)
  return new MoveRefused({
    detail: `${storeId} is being moved to ${target.name} already; go on with that, or undo it first (move-store ${storeId} --undo)`,
  })
}

/** Makes room at the target, and starts over if what is there is not the beginning of this log. */
const arrive = async (
  { step, source, target }: Copy,
  log: { readonly backendId: string; readonly epoch: number },
): Promise<void> => {
  const head = await target.moves.arrive({ ...step, ...log, otherId: source.id })
  if (head.global === 0) return
  const [theirs, ours] = await Promise.all(
    [target, source].map(({ moves }) => moves.readPage(step.storeId, head.global - 1)),
  )
  const isBeginning = JSON.stringify(theirs?.events[0]) === JSON.stringify(ours?.events[0])
  if (!isBeginning) await target.moves.startOver(step)
}

/** While appends go on: until what is left is little, or does not get less. */
const copyMost = async (copy: Copy): Promise<void> => {
  const { step, source, options } = copy
  for (let before = Infinity; ;) {
    const end = (await source.moves.look(step.storeId))?.head.global ?? 0
    const missing = end - (await arrivedAt(copy)).global
    if (missing <= tailEvents || missing >= before) return
    await copyTo(copy, end, () => options.onStep?.('copy'))
    before = missing
  }
}

/** Few enough to be copied while appends wait: about 20 ms. */
const tailEvents = 200

/** Copies up to this event, or further: pages are not cut. */
const copyTo = async (copy: Copy, end: number, onPage: () => void | Promise<void> = () => undefined): Promise<void> => {
  const { step, source, target, options } = copy
  let at = (await arrivedAt(copy)).global
  while (at < end) {
    const page = await source.moves.readPage(step.storeId, at)
    const [first, last] = [page.events[0], page.events.at(-1)]
    const follows = first?.[0] === at + 1 && last?.[0] === at + page.events.length
    if (!follows)
      throw new MoveRefused({ detail: `${step.storeId} has a gap behind e${at}; run headwater-server verify` })
    if (!(await target.moves.takePage(step, at, page))) throw new MoveReplaced({ storeId: step.storeId })
    at += page.events.length
    options.onProgress?.(at, Math.max(at, end))
    await onPage()
  }
}

/** Sees to it that the target stands where the source does, whose row is held. */
const checkEnd = async (copy: Copy, head: BackendPosition): Promise<void> => {
  const { step } = copy
  const arrived = await arrivedAt(copy)
  if (arrived.global !== head.global || arrived.eventId !== head.eventId)
    throw new MoveRefused({
      detail: `${step.storeId} does not end with what its head says; run headwater-server verify`,
    })
}

const arrivedAt = async ({ step, target }: Copy): Promise<BackendPosition> => {
  const place = await target.moves.look(step.storeId)
  if (place?.move?.kind === 'arriving' && place.move.moveId === step.moveId) return place.head
  throw new MoveReplaced({ storeId: step.storeId })
}

const leaveBehind = async (source: PostgresDatabase, storeId: string, { onStep }: MoveOptions): Promise<number> => {
  await source.moves.tell(storeId)
  await onStep?.('tell')
  const events = await source.moves.clear(storeId)
  await onStep?.('clear')
  return events
}

/** The store is there already: what an interrupted move has left behind goes. */
const finishMove = async (
  { all }: PostgresDatabases,
  { database, placement }: FoundStore,
  storeId: string,
  options: MoveOptions,
): Promise<MoveOutcome> => {
  let [from, events] = [database, 0]
  for (const other of all) {
    const move = other === database ? undefined : (await other.moves.look(storeId))?.move
    if (move?.kind !== 'left') continue
    if (move.epoch === placement.epoch) from = other
    events += await leaveBehind(other, storeId, options)
  }
  return { from, to: database, events, lockedMs: 0 }
}
