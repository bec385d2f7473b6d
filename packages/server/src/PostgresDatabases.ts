import { randomUUID } from 'node:crypto'
import { openPostgresDatabase, type PostgresDatabase } from './PostgresDatabase.ts'
import { type PostgresDirectory, postgresDirectory } from './PostgresDirectory.ts'
import { checkAlone, joinDatabases } from './PostgresMembers.ts'
import { type StorePlacements, directoryPlacements, onlyDatabase } from './StorePlacements.ts'

/** One database, or several that share the stores. */
export interface PostgresDatabases {
  readonly all: ReadonlyArray<PostgresDatabase>
  readonly directory: PostgresDirectory
  readonly placements: StorePlacements
  /** Ids of stores behind `after`, in the order of their bytes. */
  readonly stores: (after: string, storesMax: number) => Promise<ReadonlyArray<string>>
  readonly makeBackendId: () => string
  readonly end: () => Promise<void>
}

export interface PostgresDatabasesOptions {
  /** `postgres://user:password@host:5432/database`, or several that share the stores, in any order. */
  readonly url: string | ReadonlyArray<string>
  /** Where the tables are, in each of them; made if there is none. Default `public`. */
  readonly schema?: string
  /** Connections for statements to each database; one more listens. Default 10. */
  readonly connections?: number
  /** How long a statement may run, and how long it may wait for a connection, in ms. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: a random UUID. */
  readonly makeBackendId?: () => string
}

/** Opens all of them. **Fails with** `DatabaseError`. */
export const openPostgresDatabases = async (options: PostgresDatabasesOptions): Promise<PostgresDatabases> => {
  const { url, schema = 'public', makeBackendId = randomUUID } = options
  const urls = typeof url === 'string' ? [url] : url
  const opened = await Promise.allSettled(urls.map((each) => openPostgresDatabase({ ...options, url: each, schema })))
  const all = opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const end = async (): Promise<void> => {
    await Promise.all(all.map(({ pool }) => pool.end()))
  }
  try {
    for (const outcome of opened) if (outcome.status === 'rejected') throw outcome.reason
    const [first] = all
    const common = { all, stores: storesOf(all), makeBackendId, end }
    if (first !== undefined && all.length === 1) {
      await checkAlone(first)
      const directory = postgresDirectory(first)
      return { ...common, directory, placements: onlyDatabase(directory, first) }
    }
    const directory = await joinDatabases(all)
    return { ...common, directory, placements: directoryPlacements(directory, all, makeBackendId) }
  } catch (error) {
    await end()
    throw error
  }
}

/** A store is in one database, so pages of all of them are merged by taking the first ids. */
const storesOf =
  (all: ReadonlyArray<PostgresDatabase>) =>
  async (after: string, storesMax: number): Promise<ReadonlyArray<string>> => {
    const pages = await Promise.all(all.map(({ log }) => log.stores(after, storesMax)))
    return pages
      .flat()
      .toSorted((a, b) => (a < b ? -1 : 1))
      .slice(0, storesMax)
  }
