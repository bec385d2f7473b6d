/**
 * Where the stores of several databases are, kept in one of them. A placement is made once, by an insert, and changed by moves
 * only, to a greater epoch; the row of the store in its database is what decides, so a placement may be late.
 */
import type { PostgresDatabase } from './PostgresDatabase.ts'

export interface StorePlacement {
  readonly databaseId: string
  readonly epoch: number
}

/** One of the databases. */
export interface DirectoryMember {
  readonly databaseId: string
  /** What it was called when it joined. */
  readonly name: string
  /** Whether it takes new stores. */
  readonly isOpen: boolean
}

export interface PostgresDirectory {
  readonly databaseId: string
  readonly find: (storeId: string) => Promise<StorePlacement | undefined>
  /** Where the store is, there if it was nowhere; `undefined` if it was nowhere and that database takes no new stores. */
  readonly place: (storeId: string, databaseId: string) => Promise<StorePlacement | undefined>
  /** A store has moved there; nothing if it has moved on since. */
  readonly note: (storeId: string, placement: StorePlacement) => Promise<void>
  readonly members: () => Promise<ReadonlyArray<DirectoryMember>>
  /** Placements behind `after`, in the order of their ids' bytes. */
  readonly list: (after: string, storesMax: number) => Promise<ReadonlyArray<readonly [string, StorePlacement]>>
  /** No new stores for it from now on, or again. */
  readonly setOpen: (databaseId: string, isOpen: boolean) => Promise<void>
  /** How many stores are placed in each database. */
  readonly counts: () => Promise<ReadonlyMap<string, number>>
}

export const postgresDirectory = ({ id, tables, pool }: PostgresDatabase): PostgresDirectory => {
  const { databases, database, placements, stores } = tables
  const sql = (name: string, text: string) => ({ name: `headwater directory ${name}`, text })
  const statements = {
    // A store that a server of the version before has made here has no placement.
    find: sql(
      'find',
      `SELECT database_id, epoch FROM ${placements} WHERE store_id = $1
       UNION ALL SELECT d.database_id, s.epoch FROM ${stores} s, ${database} d WHERE s.store_id = $1
         AND s.is_here AND NOT EXISTS (SELECT 1 FROM ${placements} WHERE store_id = $1)`,
    ),
    place: sql(
      'place',
      `WITH open AS MATERIALIZED (SELECT database_id FROM ${databases} WHERE database_id = $2 AND is_open FOR SHARE)
       INSERT INTO ${placements} (store_id, database_id)
       SELECT $1, coalesce((SELECT d.database_id FROM ${database} d WHERE EXISTS
         (SELECT 1 FROM ${stores} WHERE store_id = $1)), o.database_id) FROM open o ON CONFLICT DO NOTHING`,
    ),
    note: sql(
      'note',
      `INSERT INTO ${placements} AS p (store_id, database_id, epoch) VALUES ($1, $2, $3::bigint)
       ON CONFLICT (store_id) DO UPDATE SET database_id = $2, epoch = $3::bigint WHERE p.epoch < $3::bigint`,
    ),
    members: sql('members', `SELECT database_id, name, is_open FROM ${databases} ORDER BY name, database_id`),
    list: sql(
      'list',
      `SELECT store_id, database_id, epoch FROM ${placements} WHERE store_id > $1 ORDER BY store_id LIMIT $2::bigint`,
    ),
    setOpen: sql('setOpen', `UPDATE ${databases} SET is_open = $2::boolean WHERE database_id = $1`),
    counts: sql('counts', `SELECT database_id, count(*) FROM ${placements} GROUP BY database_id`),
  }
  const find = async (storeId: string): Promise<StorePlacement | undefined> => {
    const [row] = await pool.query<readonly [string, string]>(statements.find, [storeId])
    return row === undefined ? undefined : { databaseId: row[0], epoch: Number(row[1]) }
  }
  return {
    databaseId: id,
    find,
    place: async (storeId, databaseId) => {
      await pool.query(statements.place, [storeId, databaseId])
      return find(storeId)
    },
    note: async (storeId, { databaseId, epoch }) => {
      await pool.query(statements.note, [storeId, databaseId, epoch])
    },
    members: async () =>
      (await pool.query<readonly [string, string, boolean]>(statements.members, [])).map(
        ([databaseId, name, isOpen]) => ({ databaseId, name, isOpen }),
      ),
    list: async (after, storesMax) =>
      (await pool.query<readonly [string, string, string]>(statements.list, [after, storesMax])).map(
        ([storeId, databaseId, epoch]) => [storeId, { databaseId, epoch: Number(epoch) }] as const,
      ),
    setOpen: async (databaseId, isOpen) => {
      await pool.query(statements.setOpen, [databaseId, isOpen])
    },
    counts: async () =>
      new Map(
        (await pool.query<readonly [string, string]>(statements.counts, [])).map(([id, stores]) => [
          id,
          Number(stores),
        ]),
      ),
  }
}
