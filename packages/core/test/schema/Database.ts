import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import type { Query } from '../../src/schema/Query.ts'
import type { StoreSchema } from '../../src/schema/StoreSchema.ts'
import type { Write } from '../../src/schema/Write.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'
import { makeStatementCache } from '../../src/sqlite/StatementCache.ts'

/** A real SQLite with the tables of a schema, in memory. */
export interface Database {
  readonly connection: SqliteConnection
  readonly run: (...writes: ReadonlyArray<Write | ReadonlyArray<Write>>) => number
  readonly query: <A>(query: Query<A>) => A
}

export const openDatabase = (schema: Pick<StoreSchema, 'descriptor'>): Database => {
  const connection = openBetterSqlite()
  for (const { createSql } of schema.descriptor.tables) for (const statement of createSql) connection.exec(statement)
  const statements = makeStatementCache(connection)
  return {
    connection,
    run: (...writes) =>
      writes.flat().reduce((changed, { sql, params }) => changed + statements.get(sql).run(params), 0),
    query: ({ sql, params, integers, decode }) => {
      const statement = statements.get(sql, integers)
      return decode(statement.all(params), statement.columns)
    },
  }
}
