import {
  type Compilable,
  type DatabaseConnection,
  type Driver,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
} from 'kysely'
import type { Row as TableRow } from '../query/Table.ts'
import type { Query } from '../schema/Query.ts'
import type { AnyTable, TableDefinition } from '../schema/TableDefinition.ts'
import { KyselyInvalid } from './KyselyError.ts'
import { readyQueryOf, type ReadyQuery, SchemaCompiler } from './SchemaCompiler.ts'

/** A schema, or what it will be made of: its materializers may read with Kysely themselves. */
export interface Tables {
  readonly tables: Readonly<Record<string, AnyTable>>
}

/** Kysely's `Database` of a schema: rows as they are read, boolean and Date and JSON included. */
export type DatabaseOf<S extends Tables> = {
  [Name in keyof S['tables'] & string]: TableRow<S['tables'][Name]>
}

/** The part of Kysely that reads. */
export type SelectBuilder<DB> = Pick<
  Kysely<DB>,
  'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive' | 'case' | 'fn' | 'dynamic'
>

/**
 * A Kysely for the tables of `schema`, or of `{ tables }` where the schema is still to be defined. It has no connection: what it builds goes through {@link rowsOf} or
 * {@link firstOf} to the store, to live queries, computeds and materializers.
 *
 * **Example**
 * ```ts
 * const db = kyselyOf(schema)
 * const open = rowsOf(
 *   db.selectFrom('todos').innerJoin('lists', 'lists.id', 'todos.listId')
 *     .select(['todos.id', 'lists.name as list']).where('done', '=', false),
 * )
 * store.subscribe(open, (rows) => show(rows))
 * ```
 */
export const kyselyOf = <const S extends Tables>(schema: S): SelectBuilder<DatabaseOf<S>> =>
  new Kysely<DatabaseOf<S>>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new RefusingDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SchemaCompiler(tablesByName(schema)),
    },
  })

const tablesByName = ({ tables }: Tables): ReadonlyMap<string, TableDefinition> =>
  new Map(
    Object.entries(tables).map(([key, { definition }]) => {
      if (definition.name === key) return [key, definition]
      throw new KyselyInvalid({
        problem: `tables.${key} is the table "${definition.name}": use its own name as the key`,
      })
    }),
  )

/** `execute` would have to answer something: Kysely's dummy says that there are no rows. */
class RefusingDriver extends DummyDriver implements Driver {
  override acquireConnection(): Promise<DatabaseConnection> {
    return Promise.reject(new KyselyInvalid({ problem: 'it is run by the store: store.query(rowsOf(…))' }))
  }
}

/**
 * A Kysely query as a query of ours: every row.
 *
 * **Shape**  a result column that comes from a table's column, directly or through joins, sub-queries, `max`, `coalesce`
 * and the like, is decoded as that column; numbers and comparisons are SQLite's. What its type would be wrong about is
 * refused here, not answered.
 *
 * **Fails with**  `UnknownTable`, `UnknownColumn`, `KyselyInvalid`, `SqlParameterInvalid`.
 */
export const rowsOf = <O>(builder: Compilable<O>): Query<ReadonlyArray<Readonly<O>>> =>
  readyOf(builder).rows as unknown as Query<ReadonlyArray<Readonly<O>>>

/** As {@link rowsOf}, the first row or `undefined`; say `limit(1)` where there may be many. */
export const firstOf = <O>(builder: Compilable<O>): Query<Readonly<O> | undefined> =>
  readyOf(builder).first as unknown as Query<Readonly<O> | undefined>

const readyOf = (builder: Compilable): ReadyQuery => {
  const ready = readyQueryOf(builder.compile())
  if (ready !== undefined) return ready
  throw new KyselyInvalid({ problem: 'it was not built with kyselyOf(schema)' })
}
