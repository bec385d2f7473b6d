/** The commands on several databases: `databases`, `move-store`, `retire`. */
import { type Values, Usage, placeOf, say } from './CliOptions.ts'
import { isOfDatabase, storageFailed } from './PostgresError.ts'
import type { PostgresDatabase } from './PostgresDatabase.ts'
import { type PostgresDatabases, openPostgresDatabases } from './PostgresDatabases.ts'
import { progressBar } from './ProgressBar.ts'
import { retireDatabase, spreadStores } from './Retirement.ts'
import { moveStore, undoMove } from './StoreMove.ts'

const withDatabases = async (
  values: Values,
  work: (databases: PostgresDatabases) => Promise<number>,
): Promise<number> => {
  const place = placeOf(values)
  if ('data' in place) throw new Usage('this needs --database, once for each of several databases')
  const databases = await openPostgresDatabases({ url: place.database })
  try {
    return await work(databases)
  } catch (error) {
    throw isOfDatabase(error) ? storageFailed('move', error) : error
  } finally {
    await databases.end()
  }
}

/** `databases` */
export const databasesCommand = (values: Values, args: ReadonlyArray<string>): Promise<number> => {
  if (args.length > 0) throw new Usage('databases takes nothing else')
  return withDatabases(values, async ({ directory, all }) => {
    const [members, counts] = [await directory.members(), await directory.counts()]
    for (const { id, name } of all) {
      const stores = counts.get(id) ?? 0
      const isRetired = members.find(({ databaseId }) => databaseId === id)?.isOpen === false
      const role = id === directory.databaseId ? ', directory' : isRetired ? ', retired' : ''
      say(`${id}  ${name}  ${stores} ${stores === 1 ? 'store' : 'stores'}${role}\n`)
    }
    return 0
  })
}

/** `move-store STORE --to DATABASE`, `move-store STORE --undo`, `move-store --all` */
export const moveStoreCommand = (values: Values, args: ReadonlyArray<string>): Promise<number> => {
  const [storeId, ...more] = args
  const { to, undo, all } = values
  const ways = [to !== undefined, undo, all].filter(Boolean).length
  if (ways !== 1 || more.length > 0 || (storeId === undefined) !== all)
    throw new Usage('move-store takes a STORE with --to DATABASE or --undo, or --all')
  return withDatabases(values, async (databases) => {
    if (storeId === undefined) return moveAll(values, databases)
    if (to !== undefined) return moveOne(values, databases, storeId, to)
    await undoMove(databases, storeId)
    return say(`${storeId}: it stays where it was\n`)
  })
}

const moveOne = async (values: Values, databases: PostgresDatabases, storeId: string, to: string): Promise<number> => {
  const bar = progressBar({ label: `move ${storeId}`, unit: 'events', isQuiet: values.quiet })
  try {
    const outcome = await moveStore(databases, storeId, databaseNamed(databases, to), { onProgress: bar.show })
    bar.end()
    const waited = `appends waited ${Math.ceil(outcome.lockedMs)} ms`
    if (outcome.lockedMs > 0) return say(`${storeId}: ${outcome.events} events to ${outcome.to.name}; ${waited}\n`)
    return say(`${storeId}: it is in ${outcome.to.name}; ${outcome.events} events of an old copy were deleted\n`)
  } finally {
    bar.end()
  }
}

const moveAll = async (values: Values, databases: PostgresDatabases): Promise<number> => {
  const bar = progressBar({ label: 'move', unit: 'stores', isQuiet: values.quiet })
  try {
    const moved = await spreadStores(databases, { onProgress: bar.show })
    bar.end()
    return say(`${moved} stores moved\n`)
  } finally {
    bar.end()
  }
}

/** `retire DATABASE`, `retire DATABASE --undo` */
export const retireCommand = (values: Values, args: ReadonlyArray<string>): Promise<number> => {
  const [name, ...more] = args
  if (name === undefined || more.length > 0) throw new Usage('retire takes one DATABASE')
  return withDatabases(values, async (databases) => {
    const database = databaseNamed(databases, name)
    if (values.undo) {
      await databases.directory.setOpen(database.id, true)
      return say(`${database.name} takes new stores again\n`)
    }
    const bar = progressBar({ label: `retire ${database.name}`, unit: 'stores', isQuiet: values.quiet })
    try {
      const moved = await retireDatabase(databases, database, bar.show)
      bar.end()
      return say(`${moved} stores moved; ${database.name} can be taken out of the list of every server now\n`)
    } finally {
      bar.end()
    }
  })
}

const databaseNamed = ({ all }: PostgresDatabases, name: string): PostgresDatabase => {
  const found = all.filter((database) => database.id === name || database.name === name)
  if (found.length === 1 && found[0] !== undefined) return found[0]
  const names = all.map((database) => `${database.id} (${database.name})`).join(', ')
  throw new Usage(`${found.length === 0 ? 'no' : 'more than one'} database "${name}"; there are ${names}`)
}
