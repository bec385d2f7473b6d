/**
 * Which database has a store. What is remembered here need not be true: every statement compares it with the store's row, and who
 * is turned away ({@link StoreElsewhere}) asks again. So nothing expires, and a store that moves costs its next request a look.
 */
import * as Data from 'effect/Data'
import type { PostgresDatabase } from './PostgresDatabase.ts'
import type { PostgresDirectory, StorePlacement } from './PostgresDirectory.ts'
import { fromFile, type StorePlace } from './PostgresMoves.ts'
import { rendezvous } from './Rendezvous.ts'

export interface Placement {
  readonly database: PostgresDatabase
  /** `null`: any, as long as the store is there. */
  readonly epoch: number | null
}

export interface StorePlacements {
  /** Where the store is; it is made where it should be if there is none. */
  readonly of: (storeId: string) => Promise<Placement>
  /** Where a store is listed, or goes now if it is nowhere; its log is not made. */
  readonly place: (storeId: string) => Promise<StorePlacement>
  readonly remembered: (storeId: string) => Placement | undefined
  readonly forget: (storeId: string) => void
}

/** The store does not take statements in the database in which it was looked for: it has moved, or moves. */
export class StoreElsewhere extends Data.TaggedError('StoreElsewhere')<{ readonly storeId: string }> {
  override get message(): string {
    return `store ${this.storeId} is not in this database (any more); give the server every database that its stores are in`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Where the store is cannot be found out, or cannot be reached from here. The message says what to do. */
export class StoreUnplaced extends Data.TaggedError('StoreUnplaced')<{ readonly detail: string }> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return true
  }
}

/** More often than a store can move while one statement runs; each time it is looked for anew. */
const movesMax = 5

/** Does something where the store is, and again if it has moved meanwhile. **Fails with** what `work` throws, or `StoreElsewhere`. */
export const whereverItIs = async <A>(
  placements: StorePlacements,
  storeId: string,
  work: (placement: Placement) => Promise<A>,
): Promise<A> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work(await placements.of(storeId))
    } catch (error) {
      if (!(error instanceof StoreElsewhere) || tries === movesMax) throw error
      placements.forget(storeId)
    }
  }
}

/** All stores are in this one. */
export const onlyDatabase = (directory: PostgresDirectory, database: PostgresDatabase): StorePlacements => {
  const placement: Placement = { database, epoch: null }
  return {
    of: () => Promise.resolve(placement),
    place: async (storeId) => {
      const first = { databaseId: database.id, epoch: 0 }
      await directory.note(storeId, first)
      return (await directory.find(storeId)) ?? first
    },
    remembered: () => placement,
    forget: () => undefined,
  }
}

/** Placements that are remembered, of about 200 bytes each; the oldest is asked for again. */
const rememberedMax = 100_000

/** Stores in several databases. */
export const directoryPlacements = (
  directory: PostgresDirectory,
  databases: ReadonlyArray<PostgresDatabase>,
  makeBackendId: () => string,
): StorePlacements => {
  const remembered = new Map<string, Placement>()
  const asked = new Map<string, Promise<Placement>>()
  const ask = async (storeId: string): Promise<Placement> => {
    try {
      const placement = await placeStore(directory, databases, storeId, makeBackendId)
      remembered.set(storeId, placement)
      const oldest = remembered.size > rememberedMax ? remembered.keys().next().value : undefined
      if (oldest !== undefined) remembered.delete(oldest)
      return placement
    } finally {
      asked.delete(storeId)
    }
  }
  return {
    of: (storeId) => {
      const known = remembered.get(storeId)
      if (known !== undefined) return Promise.resolve(known)
      const asking = asked.get(storeId) ?? ask(storeId)
      asked.set(storeId, asking)
      return asking
    },
    place: async (storeId) => (await directory.find(storeId)) ?? choosePlace(directory, storeId),
    remembered: (storeId) => remembered.get(storeId),
    forget: (storeId) => void remembered.delete(storeId),
  }
}

const placeStore = async (
  directory: PostgresDirectory,
  databases: ReadonlyArray<PostgresDatabase>,
  storeId: string,
  makeBackendId: () => string,
): Promise<Placement> => {
  for (;;) {
    const found = await findStore(directory, databases, storeId)
    if (found?.place !== undefined) return { database: found.database, epoch: found.place.epoch }
    const { databaseId, epoch } = found?.placement ?? (await choosePlace(directory, storeId))
    const database = databaseOf(databases, databaseId, storeId)
    await database.log.makeStore({ storeId, backendId: makeBackendId(), epoch, directoryId: directory.databaseId })
    if ((await database.moves.look(storeId)) === undefined)
      throw new StoreUnplaced({ detail: `${database.name} is no member of the directory any more; restart the server` })
  }
}

/** Rendezvous over the databases that are open now, made to stand by the directory. */
const choosePlace = async (directory: PostgresDirectory, storeId: string): Promise<StorePlacement> => {
  for (;;) {
    const open = (await directory.members()).filter(({ isOpen }) => isOpen)
    if (open.length === 0) throw new StoreUnplaced({ detail: 'no database is open for new stores; add one' })
    const databaseIds = open.map(({ databaseId }) => databaseId)
    const placed = await directory.place(storeId, rendezvous(storeId, databaseIds))
    if (placed !== undefined) return placed
  }
}

/** A store that has been placed. */
export interface FoundStore {
  readonly placement: StorePlacement
  readonly database: PostgresDatabase
  /** Its row; `undefined` if it was placed and not made yet. */
  readonly place: StorePlace | undefined
}

/** Signposts of one store are at most as many as databases, and each is newer than the one before. */
const signpostsMax = 100

/**
 * Finds a store by the directory and the signposts of moves. A move that was committed and no more is finished on the way:
 * the source says that the store has left, so the target may take it.
 */
export const findStore = async (
  directory: PostgresDirectory,
  databases: ReadonlyArray<PostgresDatabase>,
  storeId: string,
): Promise<FoundStore | undefined> => {
  const listed = await directory.find(storeId)
  if (listed === undefined) return undefined
  let placement = listed
  for (let at = 0; at < signpostsMax; at += 1) {
    const database = databaseOf(databases, placement.databaseId, storeId)
    const place = await database.moves.look(storeId)
    if (place === undefined || place.isHere) {
      // Only a hint: whoever comes next may note it too.
      if (placement.epoch > listed.epoch) await directory.note(storeId, placement).catch(() => undefined)
      return { placement, database, place }
    }
    placement = await followMove(databases, storeId, placement, place)
  }
  throw new StoreUnplaced({ detail: `the signposts of ${storeId} lead in circles; run headwater-server verify` })
}

const followMove = async (
  databases: ReadonlyArray<PostgresDatabase>,
  storeId: string,
  { databaseId }: StorePlacement,
  { move }: StorePlace,
): Promise<StorePlacement> => {
  if (move?.kind === 'left') {
    await databaseOf(databases, move.otherId, storeId).moves.open(storeId, move.epoch)
    return { databaseId: move.otherId, epoch: move.epoch }
  }
  if (move?.kind === 'arriving' && move.otherId === fromFile)
    throw new StoreUnplaced({
      detail: `store ${storeId} is being imported; run the import again if it was interrupted`,
    })
  // The directory is ahead of the row only after one of the databases was restored.
  if (move?.kind === 'arriving') {
    const source = await databaseOf(databases, move.otherId, storeId).moves.look(storeId)
    const hasLeft =
      source?.move?.kind === 'left' && source.move.otherId === databaseId && source.move.epoch === move.epoch
    if (hasLeft) return { databaseId: move.otherId, epoch: source.epoch }
  }
  throw new StoreUnplaced({ detail: `store ${storeId} is in no database; run headwater-server verify` })
}

export const databaseOf = (
  databases: ReadonlyArray<PostgresDatabase>,
  databaseId: string,
  storeId: string,
): PostgresDatabase => {
  const found = databases.find(({ id }) => id === databaseId)
  if (found !== undefined) return found
  throw new StoreUnplaced({
    detail: `store ${storeId} is in database ${databaseId}, which this server was not given; add it to the list`,
  })
}
