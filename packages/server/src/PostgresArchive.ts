import { randomUUID } from 'node:crypto'
import type { PulledEvent } from '@headwater/core/backend'
import { type ArchivePage, ImportRefused, type LogArchive, notEmpty } from './LogArchive.ts'
import type { LogHeader } from './LogFile.ts'
import type { PostgresDatabase } from './PostgresDatabase.ts'
import type { PostgresDatabases } from './PostgresDatabases.ts'
import { isStorableEvent } from './PostgresLog.ts'
import { type EventColumns, type MoveStep, fromFile } from './PostgresMoves.ts'
import { databaseOf, findStore } from './StorePlacements.ts'

/** The logs of one database, or of several that share the stores, beside running servers. */
export const postgresArchive = (databases: PostgresDatabases): LogArchive => {
  const { all, directory, end } = databases
  const name = `postgres ${all.map((each) => each.name).join(', ')}`
  /** Where its row is, also while it is being imported. */
  const locate = async (storeId: string): Promise<PostgresDatabase | undefined> => {
    const placement = await directory.find(storeId)
    return placement === undefined ? undefined : databaseOf(all, placement.databaseId, storeId)
  }
  return {
    name,
    totals: async () => {
      const sums = await Promise.all(all.map(({ log }) => log.totals()))
      return {
        stores: sums.reduce((sum, { stores }) => sum + stores, 0),
        events: sums.reduce((sum, { events }) => sum + events, 0),
      }
    },
    stores: (after, storesMax) => databases.stores(after ?? '', storesMax),
    find: async (storeId) => {
      const place = await (await locate(storeId))?.moves.look(storeId)
      if (place?.move?.kind === 'arriving' && place.move.otherId === fromFile) return undefined
      const found = (await findStore(directory, all, storeId))?.place
      return found === undefined ? undefined : { storeId, backendId: found.backendId, head: found.head }
    },
    read: async (storeId, after) => {
      const found = await findStore(directory, all, storeId)
      if (found === undefined) return { events: [], claims: [] }
      const { events, claims } = await found.database.moves.readPage(storeId, after)
      return {
        events: events.map(archived),
        claims: claims.map(([clientId, principalId]) => ({ clientId, principalId })),
      }
    },
    refuses: (event) =>
      isStorableEvent(event, JSON.stringify(event))
        ? undefined
        : 'PostgreSQL keeps neither NUL nor half of a surrogate pair in a text',
    take: async (log, pages) => takeLog(databases, log, pages, name),
    close: end,
  }
}

/** A log arrives as in a move: nobody sees it before all of it is there. */
const takeLog = async (
  databases: PostgresDatabases,
  log: LogHeader,
  pages: Iterable<ArchivePage>,
  name: string,
): Promise<void> => {
  const { storeId, backendId, head } = log
  const { directory, all } = databases
  const placement = await databases.placements.place(storeId)
  const { moves } = databaseOf(all, placement.databaseId, storeId)
  const step: MoveStep = { storeId, moveId: randomUUID() }
  const place = await moves.look(storeId)
  if (place?.isHere === true) {
    const refused = notEmpty(place.head, name)
    if (refused !== undefined) throw new ImportRefused({ storeId, detail: refused })
    await moves.vacate(step)
  }
  const epoch = (await moves.look(storeId))?.epoch ?? placement.epoch
  const arrived = await moves.arrive({ ...step, backendId, epoch, otherId: fromFile })
  if (arrived.global > 0) await moves.startOver(step)
  let global = 0
  for (const page of pages) {
    const events = page.events.map(({ mark, json }) => columnsOf(mark, JSON.parse(json) as PulledEvent))
    const claims = page.claims.map(({ clientId, principalId }) => [clientId, principalId] as const)
    const isTaken = await moves.takePage(step, global, { events, claims })
    if (!isTaken) throw new ImportRefused({ storeId, detail: 'another import of it runs; wait for that one' })
    global += events.length
  }
  const last = await moves.look(storeId)
  if (last?.head.global !== head.global || last.head.eventId !== head.eventId || last.move?.moveId !== step.moveId)
    throw new ImportRefused({ storeId, detail: 'the file has changed while it was read; import it again' })
  await moves.open(storeId, epoch)
  await directory.note(storeId, { databaseId: placement.databaseId, epoch })
  await moves.tell(storeId)
}

const archived = (columns: EventColumns) => {
  const [global, id, parentId, name, argsJson, clientId, sessionId, createdAt, syncMetadataJson, mark] = columns
  const parentGlobal = global - 1
  const event = { global, parentGlobal, parentId, id, name, argsJson, clientId, sessionId, createdAt, syncMetadataJson }
  return { mark, json: JSON.stringify(event satisfies PulledEvent) }
}

const columnsOf = (mark: string, event: PulledEvent): EventColumns => [
  event.global,
  event.id,
  event.parentId,
  event.name,
  event.argsJson,
  event.clientId,
  event.sessionId,
  event.createdAt,
  event.syncMetadataJson,
  mark,
]
