import { plainRow, rowKey, valueKey, type ValueKey } from '../query/ValueKey.ts'
import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import { netChanges } from '../sqlite/ChangesetNet.ts'
import { isSameValue, type RowChange } from '../sqlite/RowChange.ts'
import type { TableLayout } from '../sqlite/TableLayout.ts'

/**
 * What a step of the session did to the rows of one table in the end: each row at most once, whatever happened to it in
 * between. Captured changes are not even in order where foreign-key actions took part; see `sqlite/ChangesetNet.ts`.
 */
export interface TableChange {
  readonly table: TableDescriptor
  readonly rows: ReadonlyArray<NetRow>
  /** It cannot be told row by row: read again. */
  readonly isUnclear: boolean
}

/**
 * One row. A change of its identity (rowid, or primary key without one) is one that goes and one that comes.
 *
 * **Shape**  values as in `RowChange`; in `before` and `after` INTEGER is a number where that is exact.
 */
export class NetRow {
  readonly storedBefore: SqliteRow | undefined
  readonly storedAfter: SqliteRow | undefined
  #before: SqliteRow | undefined
  #after: SqliteRow | undefined

  constructor(before: SqliteRow | undefined, after: SqliteRow | undefined) {
    this.storedBefore = before
    this.storedAfter = after
  }

  // Most changed rows concern nobody, and making them plain costs more than to find that out.
  get before(): SqliteRow | undefined {
    return (this.#before ??= this.storedBefore && plainRow(this.storedBefore))
  }
  get after(): SqliteRow | undefined {
    return (this.#after ??= this.storedAfter && plainRow(this.storedAfter))
  }
}

/** By table, in the order in which the tables were first changed. */
export const netByTable = (changes: ReadonlyArray<RowChange>): ReadonlyArray<TableChange> => {
  const [only] = changes
  if (only !== undefined && changes.length === 1) return [{ table: only.table, rows: netRows(only), isUnclear: false }]
  const byTable = new Map<string, Array<RowChange>>()
  for (const change of changes) {
    const known = byTable.get(change.table.name)
    if (known === undefined) byTable.set(change.table.name, [change])
    else known.push(change)
  }
  return [...byTable.values()].map(netOfTable)
}

const netOfTable = (changes: ReadonlyArray<RowChange>): TableChange => {
  const { table } = changes[0]!
  const times = new Map<ValueKey, number>()
  const count = (row: SqliteRow | undefined): void => {
    if (row === undefined) return
    const key = identityOf(table, row)
    times.set(key, (times.get(key) ?? 0) + 1)
  }
  for (const change of changes) {
    count(change.before)
    // An update that keeps its identity is one change of it.
    if (change.kind !== 'update' || !hasSameIdentity(table, change.before, change.after)) count(change.after)
  }
  const isAgain = (row: SqliteRow | undefined): boolean => row !== undefined && times.get(identityOf(table, row)) !== 1
  const rows: Array<NetRow> = []
  const again: Array<RowChange> = []
  for (const change of changes) {
    if (isAgain(change.before) || isAgain(change.after)) again.push(change)
    else rows.push(...netRows(change))
  }
  if (again.length === 0) return { table, rows, isUnclear: false }
  const net = netChanges(again, () => layoutOf(table, again))
  if ('ambiguous' in net) return { table, rows: [], isUnclear: true }
  for (const { before, after, isChanged } of net.values()) {
    if (isChanged) rows.push(new NetRow(before, after))
  }
  return { table, rows, isUnclear: false }
}

const netRows = ({ kind, table, before, after }: RowChange): ReadonlyArray<NetRow> =>
  kind !== 'update' || hasSameIdentity(table, before, after)
    ? [new NetRow(before, after)]
    : [new NetRow(before, undefined), new NetRow(undefined, after)]

/** A row that is longer than its table has its rowid at the end; otherwise its primary key is what identifies it. */
const identityIndexes = (table: TableDescriptor, row: SqliteRow): ReadonlyArray<number> => {
  const known = indexesByTable.get(table)
  if (known !== undefined) return known
  const indexes =
    row.length > table.columns.length
      ? [table.columns.length]
      : table.primaryKey.map((name) => table.columns.findIndex((column) => column.name === name))
  indexesByTable.set(table, indexes)
  return indexes
}

const indexesByTable = new WeakMap<TableDescriptor, ReadonlyArray<number>>()

const identityOf = (table: TableDescriptor, row: SqliteRow): ValueKey => {
  const indexes = identityIndexes(table, row)
  return indexes.length === 1
    ? valueKey(row[indexes[0]!] ?? null, 'BINARY')
    : rowKey(indexes.map((index) => row[index]!))
}

const hasSameIdentity = (table: TableDescriptor, a: SqliteRow, b: SqliteRow): boolean => {
  for (const index of identityIndexes(table, a)) if (!isSameValue(a[index], b[index])) return false
  return true
}

const layoutOf = (table: TableDescriptor, [change]: ReadonlyArray<RowChange>): TableLayout => {
  const row = change?.before ?? change?.after ?? []
  return { table, width: row.length, names: [], key: identityIndexes(table, row) }
}
