import type { BackendEvent } from '@headwater/core/backend'
import { type PostgresFixture, runSql } from '@headwater/testkit/postgres'
import type { PostgresDatabase } from '../src/PostgresDatabase.ts'
import { type PostgresDatabases, openPostgresDatabases } from '../src/PostgresDatabases.ts'

/** Several databases, each case in tables of its own. */
export interface MoveFixture {
  readonly urls: ReadonlyArray<string>
  /** A schema that no case has used. */
  readonly newSchema: () => string
}

export const moveFixture = async (postgres: PostgresFixture, count: number): Promise<MoveFixture> => {
  const urls = await Promise.all(Array.from({ length: count }, () => postgres.makeDatabase()))
  let schemas = 0
  return { urls, newSchema: () => `moves_${schemas++}` }
}

/** What the databases hold of one store, read as an operator's tool would. */
export interface StoreCopies {
  /** Names of the databases in which it takes appends. */
  readonly here: ReadonlyArray<string>
  /** Databases that hold events of it, with how many. */
  readonly events: Readonly<Record<string, number>>
  /** Ids where it takes appends, in their order. */
  readonly ids: ReadonlyArray<string>
  readonly marks: ReadonlyArray<string>
}

export const copiesOf = async (urls: ReadonlyArray<string>, schema: string, storeId: string): Promise<StoreCopies> => {
  const here: Array<string> = []
  const events: Record<string, number> = {}
  let rows: ReadonlyArray<Record<string, unknown>> = []
  for (const url of urls) {
    const name = new URL(url).pathname.slice(1)
    const [store] = await runSql(url, `SELECT is_here FROM ${schema}.headwater_stores WHERE store_id = $1`, [storeId])
    const found = await runSql(
      url,
      `SELECT event_id, mark FROM ${schema}.headwater_events WHERE store_id = $1 ORDER BY seq`,
      [storeId],
    )
    if (found.length > 0) events[name] = found.length
    if (store?.['is_here'] !== true) continue
    here.push(name)
    rows = found
  }
  return {
    here,
    events,
    ids: rows.map((row) => String(row['event_id'])),
    marks: rows.map((row) => String(row['mark'])),
  }
}

export const idsOf = (events: ReadonlyArray<BackendEvent>): ReadonlyArray<string> => events.map(({ id }) => id)

/** Opens them as the command line does, and closes them again. */
export const withDatabases = async <A>(
  urls: ReadonlyArray<string>,
  schema: string,
  work: (databases: PostgresDatabases) => Promise<A>,
): Promise<A> => {
  const databases = await openPostgresDatabases({ url: urls, schema, connections: 4 })
  try {
    return await work(databases)
  } finally {
    await databases.end()
  }
}

/** The database behind a URL. */
export const databaseAt = ({ all }: PostgresDatabases, url: string): PostgresDatabase => {
  const found = all.find(({ name }) => name.endsWith(new URL(url).pathname))
  if (found === undefined) throw new Error(`no database at ${new URL(url).pathname}`)
  return found
}
