/**
 * The tables in PostgreSQL, and how they come to be what this version needs.
 *
 * | Table                  | Columns                                                             | Keys                                     |
 * | ---------------------- | ------------------------------------------------------------------- | ---------------------------------------- |
 * | `headwater_stores`     | `store_id, backend_id, head, head_id, epoch, is_here`               | primary key `store_id`                   |
 * | `headwater_events`     | `store_id, seq, event_id, parent_seq, parent_id, name, args, client_id, session_id, created_at, sync_metadata, mark` | primary key `(store_id, seq)`, unique `(store_id, event_id)` |
 * | `headwater_claims`     | `store_id, client_id, principal_id`                                 | primary key `(store_id, client_id)`      |
 * | `headwater_moves`      | `store_id, kind, other_id, move_id, epoch`                          | primary key `store_id`                   |
 * | `headwater_database`   | `database_id, directory_id`                                         | one row                                  |
 * | `headwater_databases`  | `database_id, name, is_open`                                        | primary key `database_id`                |
 * | `headwater_placements` | `store_id, database_id, epoch`                                      | primary key `store_id`                   |
 * | `headwater_migrations` | `version, applied_at`                                               | primary key `version`                    |
 *
 * An event is kept in columns, `args` as the exact text, so that readers other than this server (Electric's shapes) can have
 * it. `head, head_id` always equal the store's last event: an append is an UPDATE of them that finds them as its parent says.
 * `is_here` is false while a store arrives and when it has moved away; its row in `headwater_moves` then says where from and
 * where to (StoreMove.ts). `headwater_database` is this database's own name, and the directory it belongs to: itself, unless it is
 * one of several. Of the directory are the other two: `headwater_databases` its members, `headwater_placements` where stores are.
 * `mark` is in AppendMark.ts. Ids compare by bytes (`COLLATE "C"`), whatever the database sorts by.
 *
 * A change of the tables is one more migration at the end of the list; it must leave the servers of the version before
 * working, because they run until they are replaced.
 */
import { DatabaseError, codeOf, databaseError } from './PostgresError.ts'
import type { PostgresConnection, PostgresPool } from './PostgresPool.ts'

export interface PostgresTables {
  readonly stores: string
  readonly events: string
  readonly claims: string
  readonly moves: string
  readonly database: string
  readonly databases: string
  readonly placements: string
  readonly migrations: string
}

/** **Shape** a name that needs no quotes: letters, digits, `_`. */
const schemaPattern = /^[a-z_][a-z0-9_]{0,40}$/

/** Qualified names. **Fails with** `DatabaseError`, thrown: not a plain name. */
export const tablesIn = (schema: string): PostgresTables => {
  if (!schemaPattern.test(schema)) {
    throw new DatabaseError({
      reason: 'Unusable',
      detail: `a schema's name must match ${schemaPattern}, not "${schema}"`,
    })
  }
  const table = (name: string): string => `"${schema}".headwater_${name}`
  return {
    stores: table('stores'),
    events: table('events'),
    claims: table('claims'),
    moves: table('moves'),
    database: table('database'),
    databases: table('databases'),
    placements: table('placements'),
    migrations: table('migrations'),
  }
}

/** Version n is at n - 1. Stores are updated in place with every append: room for it on the page spares the index. */
const migrations: ReadonlyArray<(tables: PostgresTables) => string> = [
  ({ stores, events, claims }) => `
    CREATE TABLE ${stores} (
      store_id text COLLATE "C" PRIMARY KEY, backend_id text NOT NULL,
      head bigint NOT NULL DEFAULT 0, head_id text) WITH (fillfactor = 50);
    CREATE TABLE ${events} (
      store_id text COLLATE "C" NOT NULL, seq bigint NOT NULL, event_id text COLLATE "C" NOT NULL,
      parent_seq bigint NOT NULL, parent_id text, name text NOT NULL, args text NOT NULL, client_id text NOT NULL,
      session_id text NOT NULL, created_at double precision NOT NULL, sync_metadata text, mark text NOT NULL,
      PRIMARY KEY (store_id, seq), UNIQUE (store_id, event_id));
    CREATE TABLE ${claims} (
      store_id text COLLATE "C" NOT NULL, client_id text COLLATE "C" NOT NULL, principal_id text NOT NULL,
      PRIMARY KEY (store_id, client_id));`,
  ({ stores, moves, database, databases, placements }) => `
    ALTER TABLE ${stores} ADD COLUMN epoch bigint NOT NULL DEFAULT 0, ADD COLUMN is_here boolean NOT NULL DEFAULT true;
    CREATE TABLE ${moves} (
      store_id text COLLATE "C" PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('leaving', 'left', 'arriving')),
      other_id text NOT NULL, move_id text NOT NULL, epoch bigint NOT NULL);
    CREATE TABLE ${database} (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), database_id text NOT NULL, directory_id text NOT NULL);
    INSERT INTO ${database} (database_id, directory_id) SELECT id, id FROM (SELECT gen_random_uuid()::text AS id) AS made;
    CREATE TABLE ${databases} (database_id text PRIMARY KEY, name text NOT NULL, is_open boolean NOT NULL DEFAULT true);
    CREATE TABLE ${placements} (
      store_id text COLLATE "C" PRIMARY KEY, database_id text NOT NULL, epoch bigint NOT NULL DEFAULT 0);
    INSERT INTO ${placements} SELECT s.store_id, d.database_id, 0 FROM ${stores} s, ${database} d;`,
]

/** What this server reads and writes. */
export const schemaVersion = migrations.length

/**
 * Brings the tables to this version, one server at a time; with nothing to do it only looks. **Fails with**
 * `DatabaseError`.
 */
export const migrate = async (pool: PostgresPool, schema: string): Promise<void> => {
  const tables = tablesIn(schema)
  try {
    await pool.withConnection(async (connection) => {
      await checkEncoding(pool, connection)
      const found = await versionOf(connection, tables)
      if (found === schemaVersion) return
      if (found !== undefined && found > schemaVersion) throw newer(pool, found)
      await connection.run('BEGIN')
      // Held until COMMIT: of many servers that start at once one makes the tables, the others find them made.
      await connection.run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [tables.migrations])
      // Asked first: CREATE SCHEMA IF NOT EXISTS needs a right on the database, also where the schema exists.
      const schemas = await connection.run('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
      if (schemas.length === 0) await connection.run(`CREATE SCHEMA "${schema}"`)
      await connection.run(
        `CREATE TABLE IF NOT EXISTS ${tables.migrations} (version integer PRIMARY KEY, applied_at timestamptz NOT NULL)`,
      )
      const from = (await versionOf(connection, tables)) ?? 0
      if (from > schemaVersion) throw newer(pool, from)
      for (const [index, migration] of migrations.slice(from).entries()) {
        await connection.run(migration(tables))
        await connection.run(`INSERT INTO ${tables.migrations} VALUES ($1, now())`, [from + index + 1])
      }
      await connection.run('COMMIT')
    })
  } catch (error) {
    throw databaseError(`PostgreSQL ${pool.name}`, error)
  }
}

const newer = (pool: PostgresPool, version: number): DatabaseError =>
  new DatabaseError({
    reason: 'NewerSchema',
    detail: `PostgreSQL ${pool.name} has tables of version ${version}, this server knows up to ${schemaVersion}; run the newer headwater-server that made them`,
  })

/** `undefined` where there are no tables yet. */
const versionOf = async (connection: PostgresConnection, tables: PostgresTables): Promise<number | undefined> => {
  try {
    const [row] = await connection.run(`SELECT coalesce(max(version), 0) AS version FROM ${tables.migrations}`)
    return Number(row?.['version'])
  } catch (error) {
    if (['42P01', '3F000'].includes(codeOf(error))) return undefined
    throw error
  }
}

const checkEncoding = async (pool: PostgresPool, connection: PostgresConnection): Promise<void> => {
  const [row] = await connection.run('SHOW server_encoding')
  if (row?.['server_encoding'] === 'UTF8') return
  const detail = `PostgreSQL ${pool.name} keeps text as ${String(row?.['server_encoding'])}; create a database with ENCODING 'UTF8'`
  throw new DatabaseError({ reason: 'NotUtf8', detail })
}
