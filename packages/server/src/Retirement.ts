/** All stores of several databases at once: to where rendezvous hashing puts them now, or out of one database. */
import type { PostgresDatabase } from './PostgresDatabase.ts'
import type { PostgresDatabases } from './PostgresDatabases.ts'
import type { StorePlacement } from './PostgresDirectory.ts'
import { rendezvous } from './Rendezvous.ts'
import { MoveRefused, moveStore } from './StoreMove.ts'
import { databaseOf } from './StorePlacements.ts'

export interface SpreadOptions {
  /** Only stores of this one. */
  readonly from?: PostgresDatabase
  readonly onProgress?: (stores: number, all: number) => void
}

/** Rows asked for at once. */
const pageMax = 1_000

/**
 * Moves every store that is not where it would go if it were new; one after the other, so that each waits for itself only. It may
 * be run again when it was interrupted. The answer is how many have moved.
 */
export const spreadStores = async (databases: PostgresDatabases, options: SpreadOptions = {}): Promise<number> => {
  const { directory, all } = databases
  const { from, onProgress = () => undefined } = options
  const open = (await directory.members()).filter(({ isOpen }) => isOpen).map(({ databaseId }) => databaseId)
  if (open.length === 0) throw new MoveRefused({ detail: 'no database takes stores; add one' })
  const wanted: Array<readonly [string, string]> = []
  for await (const [storeId, { databaseId }] of placements(databases)) {
    const home = rendezvous(storeId, open)
    if (home !== databaseId && (from === undefined || from.id === databaseId)) wanted.push([storeId, home])
  }
  for (const [index, [storeId, home]] of wanted.entries()) {
    onProgress(index, wanted.length)
    // Makes it, if it was placed and no more: whoever placed it may be about to.
    await databases.placements.of(storeId)
    await moveStore(databases, storeId, databaseOf(all, home, storeId))
  }
  onProgress(wanted.length, wanted.length)
  return wanted.length
}

async function* placements({ directory }: PostgresDatabases): AsyncGenerator<readonly [string, StorePlacement]> {
  for (let after = ''; ;) {
    const page = await directory.list(after, pageMax)
    yield* page
    after = page.at(-1)?.[0] ?? ''
    if (page.length < pageMax) return
  }
}

/**
 * Empties a database: no new stores for it, its stores go to the others. Servers do not need it in their list any more. It may be
 * run again when it was interrupted.
 *
 * **Fails with**  `MoveRefused` for the directory, which has to stay; what `moveStore` fails with.
 */
export const retireDatabase = async (
  databases: PostgresDatabases,
  database: PostgresDatabase,
  onProgress: (stores: number, all: number) => void = () => undefined,
): Promise<number> => {
  const { directory } = databases
  if (database.id === directory.databaseId) {
    const detail = `${database.name} is the directory of the others and has to stay; move its stores away if it is full (move-store)`
    throw new MoveRefused({ detail })
  }
  await directory.setOpen(database.id, false)
  const moved = await spreadStores(databases, { from: database, onProgress })
  if (((await directory.counts()).get(database.id) ?? 0) === 0) return moved
  throw new MoveRefused({ detail: `${database.name} has stores still; run retire again` })
}
