/** What a shape needs to know of a table: its columns, their types, its key. */
import type pg from 'pg'

export interface ShapeColumn {
  readonly name: string
  /** PostgreSQL's own name of the type: `int8`, not `bigint`. */
  readonly type: string
  readonly isNotNull: boolean
  /** Place in the primary key, from 0. */
  readonly keyIndex: number | undefined
}

export interface ShapeTable {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly columns: ReadonlyArray<ShapeColumn>
  /** In the order of the key; all columns where there is none. */
  readonly keyColumns: ReadonlyArray<string>
}

/** The table that a request names, `undefined` if there is none. **Shape** `name`, `schema.name`, quoted or not. */
export const findTable = async (client: pg.Client, named: string): Promise<ShapeTable | undefined> => {
  const [, schema = 'public', name = ''] = /^(?:"?([^".]+)"?\.)?"?([^".]+)"?$/.exec(named) ?? []
  const { rows } = await client.query<{
    oid: number
    column: string
    type: string
    not_null: boolean
    key_index: number | null
  }>(
    `SELECT c.oid, a.attname AS column, t.typname AS type, a.attnotnull AS not_null,
       array_position(i.indkey::int2[], a.attnum) AS key_index
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r' ORDER BY a.attnum`,
    [schema, name],
  )
  const [first] = rows
  if (first === undefined) return undefined
  const columns = rows.map((row): ShapeColumn => ({
    name: row.column,
    type: row.type,
    isNotNull: row.not_null,
    keyIndex: row.key_index ?? undefined,
  }))
  const key = columns.filter(({ keyIndex }) => keyIndex !== undefined)
  const ordered = (key.length > 0 ? key : columns).toSorted((a, b) => (a.keyIndex ?? 0) - (b.keyIndex ?? 0))
  return { oid: first.oid, schema, name, columns, keyColumns: ordered.map((column) => column.name) }
}

/** The header `electric-schema`. */
export const schemaText = (table: ShapeTable, columns: ReadonlyArray<string>): string =>
  JSON.stringify(
    Object.fromEntries(
      table.columns
        .filter(({ name }) => columns.includes(name))
        .map(({ name, type, isNotNull, keyIndex }) => [
          name,
          {
            type,
            ...(isNotNull ? { not_null: true } : {}),
            ...(keyIndex === undefined ? {} : { pk_index: keyIndex }),
          },
        ]),
    ),
  )

/** The key of a row: `"schema"."table"/"part"/"part"`, a `/` inside of a part doubled. */
export const rowKey = (table: ShapeTable, row: ReadonlyMap<string, string | null | undefined>): string => {
  const parts = table.keyColumns.map((name) => {
    const value = row.get(name) ?? null
    return value === null ? '_' : `"${value.replaceAll('/', '//')}"`
  })
  return [`"${table.schema}"."${table.name}"`, ...parts].join('/')
}
