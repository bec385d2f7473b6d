import { makeRowOrder } from '../query/Predicate.ts'
import { plainRow } from '../query/ValueKey.ts'
import { compareValues } from '../query/ValueOrder.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import type { QuerySource } from '../schema/Query.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import { columnOf, type TableDefinition } from '../schema/TableDefinition.ts'
import { isSameValue } from '../sqlite/RowChange.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'

/**
 * How a live query keeps rows of its table: laid out as a `RowChange`'s, so that a changed row and a read one compare as
 * they are, with NULL in the place of every column that the query neither answers nor sorts by.
 */
export interface RowLayout {
  /** Result columns of the SELECT that reads such rows. */
  readonly results: ReadonlyArray<string>
  /** Values that identify a row: the rowid, or the primary key of a table without one. */
  readonly identity: ReadonlyArray<number>
  /** Whether no two rows of an answer can be equal. */
  readonly showsIdentity: boolean
  /** Runs that SELECT: `read` is given how INTEGER values are to come. **Fails with** as `read`. */
  readonly read: (read: (integers: 'number' | 'bigint') => ReadonlyArray<SqliteRow>) => ReadonlyArray<SqliteRow>
  /** A row of a change as it is kept. */
  readonly keep: (row: SqliteRow) => SqliteRow
  /** Whether two rows are the same to the app: in the columns that the query answers. */
  readonly looksSame: (a: SqliteRow, b: SqliteRow) => boolean
  /** The query's order down to storage order; 0 only for a row and itself. */
  readonly order: (a: SqliteRow, b: SqliteRow) => number
}

export const makeRowLayout = ({ table, columns, orderBy }: QuerySource): RowLayout => {
  const identity = identityOf(table)
  const selected = columns.map((name) => columnOf(table, name).index)
  const needed = new Set([...selected, ...identity, ...orderBy.map(({ column }) => columnOf(table, column).index)])
  const isWhole = table.columns.every(({ index }) => needed.has(index))
  const results = table.columns.map(({ name, index }) => (needed.has(index) ? quoteIdentifier(name) : 'NULL'))
  if (identity.includes(table.columns.length)) results.push('rowid')
  let integers: 'number' | 'bigint' = table.columns.some(
    ({ index, definition }) => needed.has(index) && definition.kind === 'bigint',
  )
    ? 'bigint'
    : 'number'
  return {
    results,
    identity,
    showsIdentity: identity.every((index) => selected.includes(index)),
    read: (read) => {
      if (integers === 'bigint') return read('bigint').map(plainRow)
      try {
        return read('number')
      } catch (error) {
        // A rowid may be any int64.
        if (!(error instanceof SqliteError && error.reason === 'Range')) throw error
        integers = 'bigint'
        return read('bigint').map(plainRow)
      }
    },
    keep: (row) => (isWhole ? row : row.map((value, index) => (needed.has(index) ? value : null))),
    looksSame: (a, b) => {
      for (const index of selected) if (!isSameValue(a[index], b[index])) return false
      return true
    },
    order: makeTotalOrder(makeRowOrder(table, orderBy), table.isWithoutRowid ? undefined : identity[0]!),
  }
}

/** A primary key of one column of an integer kind *is* the rowid; see `columnSql` in TableDefinition.ts. */
const identityOf = (table: TableDefinition): ReadonlyArray<number> => {
  const key = table.primaryKey.map((name) => columnOf(table, name))
  const isRowid = key.length === 1 && key[0]!.affinity === 'INTEGER'
  return table.isWithoutRowid || isRowid ? key.map(({ index }) => index) : [table.columns.length]
}

const makeTotalOrder = (
  order: (a: SqliteRow, b: SqliteRow) => number,
  rowid: number | undefined,
): ((a: SqliteRow, b: SqliteRow) => number) =>
  rowid === undefined ? order : (a, b) => order(a, b) || compareValues(a[rowid] ?? null, b[rowid] ?? null, 'BINARY')
