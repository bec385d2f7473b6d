import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import type { SqliteConnection, SqliteValue } from './SqliteConnection.ts'
import { classifySqliteError } from './SqliteError.ts'
import { type Row, isSameValue } from './RowChange.ts'

/** How rows of one table are named in SQL and told apart. */
export interface TableLayout {
  readonly table: TableDescriptor
  /** Values in a row: its columns, and the rowid if that is no column. */
  readonly width: number
  /** SQL names of a row's values, quoted where they are columns. */
  readonly names: ReadonlyArray<string>
  /** Which values of a row identify it: the rowid, or the primary key of a `WITHOUT ROWID` table. */
  readonly key: ReadonlyArray<number>
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * Reads from the database what the descriptor leaves open: whether the primary key *is* the rowid. `INTEGER PRIMARY KEY`
 * is, `INT PRIMARY KEY` and `INTEGER PRIMARY KEY DESC` are not and have an index for it.
 *
 * **Fails with** `SqliteError`: a rowid table whose columns hide all three names of the rowid is `SqlInvalid`.
 */
export const describeTableLayout = (connection: SqliteConnection, table: TableDescriptor): TableLayout => {
  const columnNames = table.columns.map((column) => column.name.toLowerCase())
  const names = table.columns.map((column) => quoteName(column.name))
  const primaryKey = table.primaryKey.map((name) => columnNames.indexOf(name.toLowerCase()))
  if (table.isWithoutRowid) return { table, names, width: names.length, key: primaryKey }
  if (primaryKey.length === 1 && !hasPrimaryKeyIndex(connection, table)) {
    return { table, names, width: names.length, key: primaryKey }
  }
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !columnNames.includes(name))
  if (rowid === undefined) {
    throw classifySqliteError({
      code: 'SQLITE_ERROR',
      operation: 'describe table',
      detail: `columns of ${table.name} hide every name of its rowid`,
    })
  }
  return { table, names: [...names, rowid], width: names.length + 1, key: [names.length] }
}

const hasPrimaryKeyIndex = (connection: SqliteConnection, table: TableDescriptor): boolean => {
  const statement = connection.prepare(`SELECT 1 FROM pragma_index_list(?, 'main') WHERE origin = 'pk'`)
  const row = statement.get([table.name])
  statement.finalize()
  return row !== undefined
}

/** The values that identify `row`. */
export const keyOf = (layout: TableLayout, row: Row): Array<SqliteValue> => layout.key.map((index) => row[index]!)

/** Whether two rows have the same identity, to the storage class: `'a'` and `'A'` are two also under NOCASE. */
export const hasSameKey = (layout: TableLayout, a: Row, b: Row): boolean =>
  layout.key.every((index) => isSameValue(a[index], b[index]))
