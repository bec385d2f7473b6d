import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import { type Row, type RowChange, isSameValue } from './RowChange.ts'
import type { SqliteConnection, SqliteStatement, SqliteValue } from './SqliteConnection.ts'
import { type TableLayout, describeTableLayout, hasSameKey, keyOf, quoteName } from './TableLayout.ts'

/**
 * Reads and writes whole rows of one table by their identity, rowid and storage classes included. A constraint that
 * fails aborts the statement, whatever conflict clause the table declares. Each **fails with** `SqliteError`.
 */
export interface RowStatements {
  readonly layout: TableLayout
  /** The row of the same identity, to the letter: a key that only a collation calls equal is another one. */
  readonly find: (sample: Row) => Row | undefined
  /** Number of rows changed. */
  readonly insert: (row: Row) => number
  /** Number of rows deleted. Only the key of `row` counts. */
  readonly remove: (row: Row) => number
  /** Number of rows changed. Of the row before only the key counts, and which values change. */
  readonly write: (change: RowChange) => number
}

/** So many combinations of columns get an UPDATE of their own; others set all columns. Apps have a handful per table. */
const updatesMax = 64

export const makeRowStatements = (connection: SqliteConnection, table: TableDescriptor): RowStatements => {
  const layout = describeTableLayout(connection, table)
  const { names } = layout
  const name = `main.${quoteName(table.name)}`
  const where = layout.key.map((index) => `${names[index]} = ?`).join(' AND ')
  const marks = names.map(() => '?').join(', ')
  const select = connection.prepare(`SELECT ${names.join(', ')} FROM ${name} WHERE ${where}`, { integers: 'bigint' })
  const insertStatement = connection.prepare(`INSERT OR ABORT INTO ${name} (${names.join(', ')}) VALUES (${marks})`)
  const deleteStatement = connection.prepare(`DELETE FROM ${name} WHERE ${where}`)
  const prepareUpdate = (positions: ReadonlyArray<number>): SqliteStatement => {
    const assignments = positions.map((index) => `${names[index]} = ?`).join(', ')
    return connection.prepare(`UPDATE OR ABORT ${name} SET ${assignments} WHERE ${where}`)
  }
  const updateOf = makeUpdateCache(layout, prepareUpdate)

  const update = (before: Row, after: Row): number => {
    const { statement, positions } = updateOf(before, after)
    const params: Array<SqliteValue> = []
    for (const index of positions) params.push(after[index]!)
    for (const index of layout.key) params.push(before[index]!)
    return statement.run(params)
  }
  const remove = (row: Row): number => deleteStatement.run(keyOf(layout, row))
  return {
    layout,
    find: (sample) => {
      const row = select.get(keyOf(layout, sample))
      return row !== undefined && hasSameKey(layout, row, sample) ? row : undefined
    },
    insert: (row) => insertStatement.run(row),
    remove,
    write: (change) => {
      if (change.kind === 'insert') return insertStatement.run(change.after)
      return change.kind === 'delete' ? remove(change.before) : update(change.before, change.after)
    },
  }
}

interface Update {
  readonly statement: SqliteStatement
  readonly positions: ReadonlyArray<number>
}

/** Finds the UPDATE that sets just the values that differ between two rows; all of them when none does. */
const makeUpdateCache = (
  layout: TableLayout,
  prepare: (positions: ReadonlyArray<number>) => SqliteStatement,
): ((before: Row, after: Row) => Update) => {
  const everything = layout.names.map((_, index) => index)
  const updates = new Map<number | string, Update>()
  const make = (key: number | string, positions: ReadonlyArray<number>): Update => {
    const update = { statement: prepare(positions), positions }
    updates.set(key, update)
    return update
  }
  return (before, after) => {
    // A bit per value, which a double holds exactly for 53 of them; wider tables always set everything.
    let mask = 0
    for (let index = 0, bit = 1; index < layout.width && layout.width <= 53; index++, bit *= 2) {
      if (!isSameValue(before[index], after[index])) mask += bit
    }
    const known = updates.get(mask)
    if (known !== undefined) return known
    if (mask === 0 || updates.size >= updatesMax) return updates.get('all') ?? make('all', everything)
    return make(
      mask,
      everything.filter((index) => !isSameValue(before[index], after[index])),
    )
  }
}
