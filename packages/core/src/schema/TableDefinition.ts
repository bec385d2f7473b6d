import type { AnyColumn, ColumnReference, Columns } from './Column.ts'
import { makeColumnCodec } from './ColumnCodec.ts'
import type { ColumnCodec } from './ColumnCodec.ts'
import { columnNameProblem, foldCase, quoteIdentifier, quoteText, tableNameProblem } from './Identifier.ts'
import type { TableDescriptor } from './SchemaDescriptor.ts'
import { SchemaInvalid, UnknownColumn } from './SchemaError.ts'
import type { SqliteValue } from './SqliteValue.ts'

/**
 * A table as declared: what the query builder, the schema and its descriptor are made from.
 */

/** One index. **Shape** `columns`: names, in index order, at least one. */
export interface IndexDefinition {
  readonly columns: ReadonlyArray<string>
  readonly isUnique: boolean
}

export interface TableDefinition {
  readonly name: string
  /** In declaration order: the order of values in a row. */
  readonly columns: ReadonlyArray<ColumnCodec>
  readonly columnByName: ReadonlyMap<string, ColumnCodec>
  /** In key order; empty for a table that only has its rowid. */
  readonly primaryKey: ReadonlyArray<string>
  readonly indexes: ReadonlyArray<IndexDefinition>
  readonly isWithoutRowid: boolean
  readonly isClientOnly: boolean
}

/** Anything made by `table`. */
export interface AnyTable {
  readonly definition: TableDefinition
}

export interface TableOptions<Name extends string = string> {
  /** The table belongs to client-only events; a synced event's materializer may neither read nor write it. Default `false`. */
  readonly clientOnly?: boolean
  /** Stores rows in primary key order, without a rowid. Default `false`. */
  readonly withoutRowid?: boolean
  /** A primary key of several columns. */
  readonly primaryKey?: ReadonlyArray<Name>
  /** `['done']`, or `{ columns: ['listId', 'position'], unique: true }`. */
  readonly indexes?: ReadonlyArray<
    ReadonlyArray<Name> | { readonly columns: ReadonlyArray<Name>; readonly unique?: boolean }
  >
}

/** A value without NULL, as the app sees it. */
export type ColumnType<C extends AnyColumn> = NonNullable<C['~type']>['type']

/** A value as rows hold it. */
export type ColumnValue<C extends AnyColumn> = NonNullable<C['~type']>['isNullable'] extends true
  ? ColumnType<C> | null
  : ColumnType<C>

/** Flattens an intersection, for readable types in editors. */
type Simplify<T> = { [K in keyof T]: T[K] }

type OptionalName<C extends Columns> = {
  [K in keyof C]: NonNullable<C[K]['~type']>['isOptional'] extends true ? K : never
}[keyof C]

/** A row as queries answer it. */
export type RowOf<C extends Columns> = Simplify<{ readonly [K in keyof C]: ColumnValue<C[K]> }>

/** A row to insert: nullable columns and those with a default may be left out or `undefined`. */
export type InsertOf<C extends Columns> = Simplify<
  { readonly [K in Exclude<keyof C, OptionalName<C>>]: ColumnValue<C[K]> } & {
    readonly [K in OptionalName<C>]?: ColumnValue<C[K]> | undefined
  }
>

/** Columns to change; `undefined` leaves one as it is. */
export type UpdateOf<C extends Columns> = Simplify<{ readonly [K in keyof C]?: ColumnValue<C[K]> | undefined }>

/** `todos.columns`. */
export type ReferencesOf<C extends Columns> = { readonly [K in keyof C]: ColumnReference<ColumnType<C[K]>> }

const fail = (problem: string): never => {
  throw new SchemaInvalid({ problem })
}

/** Checks a declaration and compiles its columns. **Fails with** throws `SchemaInvalid`. */
export const makeTableDefinition = (name: string, columns: Columns, options: TableOptions): TableDefinition => {
  const nameProblem = tableNameProblem(name)
  if (nameProblem !== undefined) fail(`table ${JSON.stringify(name)}: ${nameProblem}`)
  const codecs = Object.entries(columns).map(([column, { definition }], index) => {
    const problem = columnNameProblem(column)
    if (problem !== undefined) fail(`column ${JSON.stringify(column)} of table "${name}": ${problem}`)
    return makeColumnCodec(name, column, index, definition)
  })
  const definition: TableDefinition = {
    name,
    columns: codecs,
    columnByName: new Map(codecs.map((codec) => [codec.name, codec])),
    primaryKey:
      options.primaryKey ?? codecs.filter((codec) => codec.definition.isPrimaryKey).map((codec) => codec.name),
    indexes: (options.indexes ?? []).map((index) =>
      'columns' in index
        ? { columns: index.columns, isUnique: index.unique === true }
        : { columns: index, isUnique: false },
    ),
    isWithoutRowid: options.withoutRowid === true,
    isClientOnly: options.clientOnly === true,
  }
  checkColumns(definition)
  checkKeys(definition, options)
  return definition
}

const checkColumns = ({ name, columns }: TableDefinition): void => {
  if (columns.length === 0) fail(`table "${name}" has no columns`)
  const folded = new Set(columns.map((codec) => foldCase(codec.name)))
  if (folded.size < columns.length) fail(`table "${name}" has two columns whose names differ only in case`)
  for (const { name: column, definition, encode } of columns) {
    const where = `column "${column}" of table "${name}"`
    if (definition.collation !== 'BINARY' && definition.kind !== 'text')
      fail(`${where}: only text columns have a collation`)
    if (!['BINARY', 'NOCASE'].includes(definition.collation))
      fail(`${where}: its collation is neither BINARY nor NOCASE`)
    if (definition.default === undefined) continue
    try {
      encode(definition.default)
    } catch (error) {
      fail(`${where}: its default does not fit it: ${(error as Error).message}`)
    }
  }
}

const checkKeys = (definition: TableDefinition, options: TableOptions): void => {
  const { name, columns, primaryKey, indexes } = definition
  const marked = columns.filter((codec) => codec.definition.isPrimaryKey)
  if (options.primaryKey !== undefined && (marked.length > 0 || primaryKey.length === 0)) {
    fail(`table "${name}": state the primary key once, at the column or in the options`)
  }
  if (marked.length > 1)
    fail(`table "${name}": a primary key of several columns belongs into the options: primaryKey: […]`)
  if (definition.isWithoutRowid && primaryKey.length === 0)
    fail(`table "${name}": without a rowid it needs a primary key`)
  for (const list of [primaryKey, ...indexes.map((index) => index.columns)]) {
    for (const column of list) columnOf(definition, column)
    if (new Set(list).size < list.length) fail(`table "${name}": a column occurs twice in one key or index`)
  }
  for (const column of primaryKey) {
    if (columnOf(definition, column).definition.isNullable) fail(`table "${name}": key column "${column}" is nullable`)
  }
  const indexNames = new Set(indexes.map((index) => indexName(definition, index)))
  if (indexNames.size < indexes.length) fail(`table "${name}": the same index twice`)
  if (indexes.some((index) => index.columns.length === 0)) fail(`table "${name}": an index without columns`)
}

/** The column of that name. **Fails with** throws `UnknownColumn`. */
export const columnOf = (table: TableDefinition, name: string): ColumnCodec => {
  const codec = table.columnByName.get(name)
  if (codec !== undefined) return codec
  throw new UnknownColumn({ table: table.name, column: String(name), known: [...table.columnByName.keys()] })
}

/** `$` occurs in no table or column name, so no two indexes share a name. */
const indexName = (table: TableDefinition, index: IndexDefinition): string => [table.name, ...index.columns].join('$')

/** Whether rows can be found by `name` alone, as a foreign key's target needs it. */
export const isUniqueColumn = (table: TableDefinition, name: string): boolean =>
  columnOf(table, name).definition.isUnique ||
  (table.primaryKey.length === 1 && table.primaryKey[0] === name) ||
  table.indexes.some((index) => index.isUnique && index.columns.length === 1 && index.columns[0] === name)

/** The table as plain data. Evaluates its references, so every module must have loaded. */
export const describeTable = (table: TableDefinition): TableDescriptor => ({
  name: table.name,
  columns: table.columns.map(({ name, affinity }) => ({ name, affinity })),
  primaryKey: table.primaryKey,
  isWithoutRowid: table.isWithoutRowid,
  isClientOnly: table.isClientOnly,
  createSql: [createTableSql(table), ...table.indexes.map((index) => createIndexSql(table, index))],
})

const createTableSql = (table: TableDefinition): string => {
  const lines = table.columns.map((codec) => columnSql(table, codec))
  if (table.primaryKey.length > 1) lines.push(`PRIMARY KEY (${table.primaryKey.map(quoteIdentifier).join(', ')})`)
  const suffix = table.isWithoutRowid ? 'STRICT, WITHOUT ROWID' : 'STRICT'
  return `CREATE TABLE ${quoteIdentifier(table.name)} (${lines.join(', ')}) ${suffix}`
}

const createIndexSql = (table: TableDefinition, index: IndexDefinition): string =>
  `CREATE ${index.isUnique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(indexName(table, index))} ` +
  `ON ${quoteIdentifier(table.name)} (${index.columns.map(quoteIdentifier).join(', ')})`

const columnSql = (table: TableDefinition, { name, affinity, definition, encode }: ColumnCodec): string => {
  const parts = [quoteIdentifier(name), affinity]
  if (definition.collation !== 'BINARY') parts.push(`COLLATE ${definition.collation}`)
  if (!definition.isNullable) parts.push('NOT NULL')
  if (table.primaryKey.length === 1 && table.primaryKey[0] === name) parts.push('PRIMARY KEY')
  if (definition.isUnique) parts.push('UNIQUE')
  if (definition.default !== undefined) parts.push(`DEFAULT ${literalSql(encode(definition.default), affinity)}`)
  if (definition.reference !== undefined) {
    const { target, onDelete, onUpdate } = definition.reference
    const { table: parent, name: key } = target()
    parts.push(
      `REFERENCES ${quoteIdentifier(parent)} (${quoteIdentifier(key)}) ON DELETE ${onDelete} ON UPDATE ${onUpdate}`,
    )
  }
  return parts.join(' ')
}

const literalSql = (value: SqliteValue, affinity: string): string => {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return quoteText(value)
  if (value instanceof Uint8Array) return `x'${[...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')}'`
  // A REAL must not read as an integer literal, nor a large integer as 1e21: parentheses make a sign an expression.
  const digits = affinity === 'REAL' && Number.isInteger(value) ? `${BigInt(value)}.0` : String(value)
  return value < 0 ? `(${digits})` : digits
}
