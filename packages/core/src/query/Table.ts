import type { Columns } from '../schema/Column.ts'
import type { Query } from '../schema/Query.ts'
import { QueryInvalid } from '../schema/SchemaError.ts'
import { makeTableDefinition } from '../schema/TableDefinition.ts'
import type {
  AnyTable,
  InsertOf,
  ReferencesOf,
  RowOf,
  TableDefinition,
  TableOptions,
  UpdateOf,
} from '../schema/TableDefinition.ts'
import type { Write } from '../schema/Write.ts'
import type { NumericName, OrderedName } from './Aggregate.ts'
import { makeRowsQuery } from './TableQuery.ts'
import type { RowsQuery } from './TableQuery.ts'
import { deleteRows, insertRow, updateRows, upsertRow } from './TableWrite.ts'
import type { InsertOptions, UnfilteredWrite, UpsertOptions } from './TableWrite.ts'
import type { Where } from './Where.ts'

/** A table: its columns, and the queries and writes that begin at it. */
export interface Table<Name extends string, C extends Columns> extends AnyTable {
  readonly name: Name
  /** For `references` and for the `sql` tag. */
  readonly columns: ReferencesOf<C>
  readonly definition: TableDefinition

  /** Every row, in storage order. */
  readonly all: () => RowsQuery<C, RowOf<C>>
  readonly where: (where: Where<C>) => RowsQuery<C, RowOf<C>>
  readonly orderBy: RowsQuery<C, RowOf<C>>['orderBy']
  readonly limit: RowsQuery<C, RowOf<C>>['limit']
  readonly offset: RowsQuery<C, RowOf<C>>['offset']
  readonly select: RowsQuery<C, RowOf<C>>['select']
  readonly first: () => Query<RowOf<C> | undefined>
  readonly count: () => Query<number>
  readonly sum: RowsQuery<C, RowOf<C>>['sum']
  readonly avg: RowsQuery<C, RowOf<C>>['avg']
  readonly min: RowsQuery<C, RowOf<C>>['min']
  readonly max: RowsQuery<C, RowOf<C>>['max']

  /** Adds a row, or several in order. */
  readonly insert: {
    (row: InsertOf<C>, options?: InsertOptions): Write
    (rows: ReadonlyArray<InsertOf<C>>, options?: InsertOptions): ReadonlyArray<Write>
  }
  readonly update: (values: UpdateOf<C>) => UnfilteredWrite<C>
  readonly delete: () => UnfilteredWrite<C>
  /** Adds the row, or changes the columns it gives if it is there. */
  readonly upsert: (row: InsertOf<C>, options?: UpsertOptions<keyof C & string>) => Write
}

/** A row of `T` as queries answer it: `Row<typeof todos>`. */
export type Row<T extends AnyTable> = T extends Table<string, infer C> ? RowOf<C> : never

/** A row of `T` to insert. */
export type InsertRow<T extends AnyTable> = T extends Table<string, infer C> ? InsertOf<C> : never

/**
 * Declares a table.
 *
 * **Shape**  `columns` in the order in which rows are laid out: changing the order changes the schema's fingerprint.
 * `primaryKey` and `indexes` name its columns.
 *
 * **Fails with**  throws `SchemaInvalid` (a reserved or impossible name, no columns, two keys, a default that does not
 * fit) or `UnknownColumn`.
 *
 * **Example**
 * ```ts
 * const todos = table('todos', {
 *   id: column.text().primaryKey(),
 *   text: column.text(),
 *   done: column.boolean().default(false),
 * }, { indexes: [['done']] })
 *
 * todos.where({ done: false }).orderBy('text').sql
 * // => 'SELECT "id", "text", "done" FROM "todos" WHERE "done" = ? ORDER BY "text", rowid'
 * ```
 *
 * **Source**  spec section 8.
 */
export const table = <const Name extends string, C extends Columns>(
  name: Name,
  columns: C,
  options: TableOptions<keyof C & string> = {},
): Table<Name, C> => {
  const definition = makeTableDefinition(name, columns, options)
  const all = makeRowsQuery<C>(definition)
  return Object.freeze({
    name,
    columns: Object.freeze(
      Object.fromEntries(
        definition.columns.map((codec) => [codec.name, Object.freeze({ table: name, name: codec.name })]),
      ),
    ) as ReferencesOf<C>,
    definition,
    all: () => all,
    where: (where: Where<C>) => all.where(where),
    orderBy: (...terms: Parameters<typeof all.orderBy>) => all.orderBy(...terms),
    limit: (count: number) => all.limit(count),
    offset: (count: number) => all.offset(count),
    select: ((...names: ReadonlyArray<keyof C & string>) => all.select(...names)) as typeof all.select,
    first: () => all.first(),
    count: () => all.count(),
    sum: ((column: NumericName<C>) => all.sum(column)) as typeof all.sum,
    avg: (column: NumericName<C>) => all.avg(column),
    min: ((column: OrderedName<C>) => all.min(column)) as typeof all.min,
    max: ((column: OrderedName<C>) => all.max(column)) as typeof all.max,
    insert: makeInsert<C>(definition),
    update: (values: UpdateOf<C>) => updateRows<C>(definition, values),
    delete: () => deleteRows<C>(definition),
    upsert: (row: InsertOf<C>, upsertOptions?: UpsertOptions<keyof C & string>) =>
      upsertRow(definition, row, upsertOptions?.conflict ?? definition.primaryKey),
  })
}

const makeInsert = <C extends Columns>(definition: TableDefinition): Table<string, C>['insert'] => {
  function insert(row: InsertOf<C>, options?: InsertOptions): Write
  function insert(rows: ReadonlyArray<InsertOf<C>>, options?: InsertOptions): ReadonlyArray<Write>
  function insert(
    rows: InsertOf<C> | ReadonlyArray<InsertOf<C>>,
    options?: InsertOptions,
  ): Write | ReadonlyArray<Write> {
    if (!Array.isArray(rows)) return insertRow(definition, rows, options)
    if (rows.length > insertRowsMax)
      throw new QueryInvalid({ table: definition.name, problem: `insert takes at most ${insertRowsMax} rows` })
    return rows.map((row) => insertRow(definition, row, options))
  }
  return insert
}

/** An event carries at most 1 MiB of args, which is fewer rows than this: more means a runaway loop. */
const insertRowsMax = 1_000_000
