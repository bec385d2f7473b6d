import { plainRow, rowKey, valueKey, type ValueKey } from '../query/ValueKey.ts'
import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import { netChanges } from '../sqlite/ChangesetNet.ts'
import { isSameRow, isSameValue, type RowChange } from '../sqlite/RowChange.ts'
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
  // Of rows that only came no two are one: the first would have had to go.
  if (changes.every(({ kind }) => kind === 'insert'))
    return { table, rows: changes.map(({ after }) => new NetRow(undefined, after)), isUnclear: false }
  const histories = new Map<ValueKey, History>()
  let isChained = true
  const add = (before: SqliteRow | undefined, after: SqliteRow | undefined): void => {
    const row = (before ?? after)!
    const key = identityOf(table, row)
    const history = histories.get(key)
    if (history === undefined) histories.set(key, { before, after, sample: row })
    else if (isSameState(history.after, before) && hasSameIdentity(table, history.sample, row)) history.after = after
    else isChained = false
  }
  for (const { kind, before, after } of changes) {
    if (kind !== 'update' || hasSameIdentity(table, before, after)) add(before, after)
    else {
      add(before, undefined)
      add(undefined, after)
    }
    if (!isChained) return sumOfTable(changes)
  }
  const rows: Array<NetRow> = []
  for (const { before, after } of histories.values())
    if (!isSameState(before, after)) rows.push(new NetRow(before, after))
  return { table, rows, isUnclear: false }
}

/** What one row went through: every change begins where the last one ended. */
interface History {
  readonly before: SqliteRow | undefined
  after: SqliteRow | undefined
  readonly sample: SqliteRow
}

const isSameState = (a: SqliteRow | undefined, b: SqliteRow | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && isSameRow(a, b))

/** For changes that are not in order: takes and puts of the same states cancel out. */
const sumOfTable = (changes: ReadonlyArray<RowChange>): TableChange => {
  const { table } = changes[0]!
  const net = netChanges(changes, () => layoutOf(table, changes))
  if ('ambiguous' in net) return { table, rows: [], isUnclear: true }
  const rows: Array<NetRow> = []
  for (const { before, after, isChanged } of net.values()) if (isChanged) rows.push(new NetRow(before, after))
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
