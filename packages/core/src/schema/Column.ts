import type { AnySchema, SchemaOutput } from '../event/SchemaCodec.ts'

export type ColumnKind = 'text' | 'integer' | 'bigint' | 'real' | 'boolean' | 'datetime' | 'json' | 'blob'

/** How texts of a column compare and sort: by UTF-8 bytes, or with ASCII letters folded. */
export type Collation = 'BINARY' | 'NOCASE'

/** What happens to referencing rows. `SET DEFAULT` is not offered: it can fail long after the schema was written. */
export type ReferenceAction = 'NO ACTION' | 'RESTRICT' | 'CASCADE' | 'SET NULL'

/** A column of a table, as `todos.columns.id`: for `references`, and for the `sql` tag, which writes its name. */
export interface ColumnReference<out Type = unknown> {
  readonly table: string
  readonly name: string
  /** Types only; never set. */
  readonly '~type'?: Type
}

export interface Reference {
  readonly target: () => ColumnReference
  readonly onDelete: ReferenceAction
  readonly onUpdate: ReferenceAction
}

/** A column as declared, without its name. */
export interface ColumnDefinition {
  readonly kind: ColumnKind
  readonly isNullable: boolean
  readonly isPrimaryKey: boolean
  readonly isUnique: boolean
  readonly collation: Collation
  /** `undefined`: none. */
  readonly default: unknown
  readonly reference: Reference | undefined
  /** Of a JSON column. */
  readonly schema: AnySchema | undefined
}

export interface ReferenceOptions {
  /** Default `NO ACTION`: deleting a referenced row fails. */
  readonly onDelete?: ReferenceAction
  /** Default `NO ACTION`: changing a referenced key fails. */
  readonly onUpdate?: ReferenceAction
}

/**
 * A column being declared. Every modifier answers with a new one.
 *
 * **Shape**  `Type` is the value without NULL; `Nullable` adds `null` to it; `Optional` columns may be left out of an
 * insert because they are nullable or have a default.
 */
export interface Column<
  Type,
  Nullable extends boolean = false,
  Optional extends boolean = false,
  Kind extends ColumnKind = ColumnKind,
> {
  readonly definition: ColumnDefinition
  /** Types only; never set. */
  readonly '~type'?: {
    readonly type: Type
    readonly isNullable: Nullable
    readonly isOptional: Optional
    readonly kind: Kind
  }
  /** The table's primary key. One of the integer kinds is then SQLite's rowid itself. For several columns see `table`. */
  readonly primaryKey: () => Column<Type, Nullable, Optional, Kind>
  readonly nullable: () => Column<Type, true, true, Kind>
  /** The value of rows that are inserted without one. */
  readonly default: (value: Type) => Column<Type, Nullable, true, Kind>
  readonly unique: () => Column<Type, Nullable, Optional, Kind>
  /**
   * A foreign key, checked by every statement (there are no deferred ones: each event's own statements must keep their
   * keys). For a table that references itself or a cycle write the answer's type: `(): ColumnReference<string> => …`.
   */
  readonly references: (
    target: () => ColumnReference<Type>,
    options?: ReferenceOptions,
  ) => Column<Type, Nullable, Optional, Kind>
  /** Of text columns. Default `BINARY`. */
  readonly collate: (collation: Collation) => Column<Type, Nullable, Optional, Kind>
}

/** Any column. */
export type AnyColumn = Pick<Column<unknown, boolean, boolean>, 'definition' | '~type'>

/** The columns of a table, by name, in declaration order. */
export type Columns = Readonly<Record<string, AnyColumn>>

const makeColumn = <Type, Nullable extends boolean, Optional extends boolean, Kind extends ColumnKind>(
  definition: ColumnDefinition,
): Column<Type, Nullable, Optional, Kind> => ({
  definition,
  primaryKey: () => makeColumn({ ...definition, isPrimaryKey: true }),
  nullable: () => makeColumn({ ...definition, isNullable: true }),
  default: (value) => makeColumn({ ...definition, default: value }),
  unique: () => makeColumn({ ...definition, isUnique: true }),
  references: (target, options) =>
    makeColumn({
      ...definition,
      reference: { target, onDelete: options?.onDelete ?? 'NO ACTION', onUpdate: options?.onUpdate ?? 'NO ACTION' },
    }),
  collate: (collation) => makeColumn({ ...definition, collation }),
})

const plain = <Type, Kind extends ColumnKind>(kind: Kind, schema?: AnySchema): Column<Type, false, false, Kind> =>
  makeColumn({
    kind,
    isNullable: false,
    isPrimaryKey: false,
    isUnique: false,
    collation: 'BINARY',
    default: undefined,
    reference: undefined,
    schema,
  })

/** A JSON column: of unknown JSON, or of what an Effect or Standard Schema describes. */
function json(): Column<unknown, false, false, 'json'>
function json<const S extends AnySchema>(schema: S): Column<SchemaOutput<S>, false, false, 'json'>
function json(schema?: AnySchema): Column<unknown, false, false, 'json'> {
  return plain('json', schema)
}

/**
 * Declares a column of a table: what it holds in JavaScript, and how SQLite stores it.
 *
 * | Column       | JavaScript            | SQLite    | Notes                                             |
 * | ------------ | --------------------- | --------- | ------------------------------------------------- |
 * | `text()`     | `string`              | `TEXT`    | no NUL; a lone surrogate is stored as U+FFFD      |
 * | `integer()`  | `number`              | `INTEGER` | safe integers                                     |
 * | `bigint()`   | `bigint`              | `INTEGER` | exact, int64                                      |
 * | `real()`     | `number`              | `REAL`    | finite                                            |
 * | `boolean()`  | `boolean`             | `INTEGER` | 0 and 1                                           |
 * | `datetime()` | `Date`                | `INTEGER` | milliseconds since 1970                           |
 * | `json()`     | what its schema says  | `TEXT`    | by the rules of `event/JsonValue.ts`              |
 * | `blob()`     | `Uint8Array`          | `BLOB`    |                                                   |
 *
 * Tables are `STRICT`, so a column holds nothing but its own storage class (or NULL, if nullable), also after raw SQL.
 * Columns are NOT NULL unless `nullable()`. Defaults are values: a function would choose anew at every replay.
 *
 * **Example**
 * ```ts
 * const todos = table('todos', {
 *   id: column.text().primaryKey(),
 *   done: column.boolean().default(false),
 *   listId: column.text().references(() => lists.columns.id, { onDelete: 'CASCADE' }),
 * })
 * ```
 */
export const column = {
  text: (): Column<string, false, false, 'text'> => plain('text'),
  integer: (): Column<number, false, false, 'integer'> => plain('integer'),
  bigint: (): Column<bigint, false, false, 'bigint'> => plain('bigint'),
  real: (): Column<number, false, false, 'real'> => plain('real'),
  boolean: (): Column<boolean, false, false, 'boolean'> => plain('boolean'),
  datetime: (): Column<Date, false, false, 'datetime'> => plain('datetime'),
  blob: (): Column<Uint8Array, false, false, 'blob'> => plain('blob'),
  json,
} as const
