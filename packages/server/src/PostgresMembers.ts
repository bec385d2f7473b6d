/**
 * How several databases become one place for stores: one of them is the directory, the others join it.
 *
 * | What the servers find at their start                        | Then                                                      |
 * | ----------------------------------------------------------- | --------------------------------------------------------- |
 * | one of them is the directory of others                      | those that are new join it                                |
 * | no directory, one of them holds stores                      | that one becomes the directory                            |
 * | no directory, none holds stores                             | the one with the smallest id does, on every server alike  |
 * | two that hold stores and know nothing of each other         | refused: export the stores of one and import them         |
 * | a directory, or a member of it, that is not in the list     | refused, with its name, unless it is retired              |
 *
 * Joining is two steps, so that no server uses a database that the directory does not know: the directory lists it, then it names
 * the directory. It holds its own row meanwhile, which everybody who makes a store in it reads: a database with stores never joins.
 */
import { databaseError, DatabaseError } from './PostgresError.ts'
import type { PostgresDatabase } from './PostgresDatabase.ts'
import { type PostgresDirectory, postgresDirectory } from './PostgresDirectory.ts'

/** The directory of these databases, with all of them as members. **Fails with** `DatabaseError`. */
export const joinDatabases = async (databases: ReadonlyArray<PostgresDatabase>): Promise<PostgresDirectory> => {
  const twice = databases.find(({ id }, index) => databases.findIndex((each) => each.id === id) !== index)
  if (twice !== undefined)
    throw refused(`${twice.name} is in the list twice, or is a copy of another; give each database once`)
  try {
    const chosen = await chooseDirectory(databases)
    const directory = postgresDirectory(chosen)
    for (const database of databases) await join(chosen, database)
    await checkMembers(directory, databases)
    return directory
  } catch (error) {
    throw databaseError('PostgreSQL', error)
  }
}

/** Refuses a database that is one of several. **Fails with** `DatabaseError`. */
export const checkAlone = async (database: PostgresDatabase): Promise<void> => {
  const { id, name } = database
  const others = (await postgresDirectory(database).members()).filter(({ databaseId }) => databaseId !== id)
  const directoryId = await database.directoryId()
  if (directoryId === id && others.length === 0) return
  const them = others.length === 0 ? `the directory ${directoryId}` : others.map((other) => other.name).join(', ')
  throw refused(`${name} is one of several databases; give the server all of them (${them})`)
}

const refused = (detail: string): DatabaseError => new DatabaseError({ reason: 'WrongDatabases', detail })

const chooseDirectory = async (databases: ReadonlyArray<PostgresDatabase>): Promise<PostgresDatabase> => {
  const named = new Set<string>()
  for (const database of databases) {
    const directoryId = await database.directoryId()
    const members = await postgresDirectory(database).members()
    if (directoryId !== database.id || members.length > 0) named.add(directoryId)
  }
  if (named.size > 1) throw refused('these databases belong to more than one directory; give those of one')
  const [directoryId] = named
  if (directoryId !== undefined) {
    const found = databases.find(({ id }) => id === directoryId)
    if (found !== undefined) return found
    throw refused(`the directory of these databases, ${directoryId}, is not in the list; add it`)
  }
  const holding: Array<PostgresDatabase> = []
  for (const database of databases) if (await hasStores(database)) holding.push(database)
  if (holding.length > 1)
    throw refused(`${holding.map(({ name }) => name).join(' and ')} both hold stores; ${moveThem}`)
  const [first] = holding.length > 0 ? holding : databases.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  if (first === undefined) throw refused('no database was given')
  return first
}

const moveThem = 'export those of one, import them into the other, and add an empty database'

const hasStores = async ({ pool, tables }: PostgresDatabase): Promise<boolean> => {
  const text = `SELECT 1 FROM ${tables.stores} WHERE is_here LIMIT 1`
  return (await pool.query({ name: 'headwater hasStores', text }, [])).length > 0
}

const join = async (directory: PostgresDatabase, database: PostgresDatabase): Promise<void> => {
  const isMember = database.id === directory.id || (await database.directoryId()) === directory.id
  if (!isMember && (await hasStores(database))) throw refused(`${database.name} holds stores already; ${moveThem}`)
  await listMember(directory, database)
  if (isMember) return
  await database.pool.withConnection(async ({ run }) => {
    const { tables, id, name } = database
    await run('BEGIN')
    const [row] = await run(`SELECT directory_id FROM ${tables.database} FOR UPDATE`)
    // A statement of its own, so that it sees what was made until the row was held.
    const [found] = await run(
      `SELECT EXISTS (SELECT 1 FROM ${tables.stores} WHERE is_here) AS stores,
         EXISTS (SELECT 1 FROM ${tables.databases}) AS members`,
    )
    const isFree = row?.['directory_id'] === id && found?.['members'] === false
    if (isFree && found?.['stores'] === false) {
      await run(`UPDATE ${tables.database} SET directory_id = $1`, [directory.id])
      return run('COMMIT')
    }
    if (row?.['directory_id'] === directory.id) return run('ROLLBACK')
    throw refused(isFree ? `${name} holds stores already; ${moveThem}` : `${name} belongs to another directory`)
  })
}

/** Only a database that is its own directory lists others. */
const listMember = async (directory: PostgresDatabase, { id, name }: PostgresDatabase): Promise<void> => {
  const { database, databases } = directory.tables
  const listed = await directory.pool.query(
    {
      name: 'headwater listMember',
      text: `WITH me AS MATERIALIZED (SELECT 1 FROM ${database} WHERE directory_id = database_id FOR SHARE),
        listed AS (INSERT INTO ${databases} (database_id, name) SELECT $1, $2 FROM me ON CONFLICT DO NOTHING)
        SELECT 1 FROM me`,
    },
    [id, name],
  )
  if (listed.length === 0) throw refused(`${directory.name} has joined another directory meanwhile; start again`)
}

const checkMembers = async (
  directory: PostgresDirectory,
  databases: ReadonlyArray<PostgresDatabase>,
): Promise<void> => {
  const members = await directory.members()
  const unlisted = members.filter(({ databaseId }) => !databases.some(({ id }) => id === databaseId))
  if (unlisted.length === 0) return
  const counts = await directory.counts()
  const missing = unlisted.filter(({ databaseId, isOpen }) => isOpen || (counts.get(databaseId) ?? 0) > 0)
  if (missing.length === 0) return
  const names = missing.map(({ name, databaseId }) => `${name} (${databaseId})`).join(', ')
  throw refused(`stores are in ${names} too; add it to the list, or move them out of it with headwater-server retire`)
}
