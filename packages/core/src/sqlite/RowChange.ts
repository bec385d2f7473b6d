import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import type { SqliteValue } from './SqliteConnection.ts'

/**
 * One row that a statement, or a foreign-key action behind it, changed.
 *
 * **Shape**  a {@link Row}'s values stand in the order of the table's columns, INTEGER as `bigint`, REAL as `number`. A
 * table whose rowid is no column of its own (neither `INTEGER PRIMARY KEY` nor `WITHOUT ROWID`) has it as one value more,
 * at the end: `row[columns.length]`.
 */
export type RowChange =
  | { readonly kind: 'insert'; readonly table: TableDescriptor; readonly before: undefined; readonly after: Row }
  | { readonly kind: 'update'; readonly table: TableDescriptor; readonly before: Row; readonly after: Row }
  | { readonly kind: 'delete'; readonly table: TableDescriptor; readonly before: Row; readonly after: undefined }

export type Row = ReadonlyArray<SqliteValue>

/** The changes that undo `changes`, in the order in which they do: newest first, before and after exchanged. */
export const invertChanges = (changes: ReadonlyArray<RowChange>): ReadonlyArray<RowChange> => {
  const inverted: Array<RowChange> = []
  for (let index = changes.length - 1; index >= 0; index--) inverted.push(invertChange(changes[index]!))
  return inverted
}

const invertChange = (change: RowChange): RowChange => {
  const { table } = change
  switch (change.kind) {
    case 'insert':
      return { kind: 'delete', table, before: change.after, after: undefined }
    case 'update':
      return { kind: 'update', table, before: change.after, after: change.before }
    case 'delete':
      return { kind: 'insert', table, before: undefined, after: change.before }
  }
}

/** Whether two values have the same storage class and content: 1 is not 1.0, 0.0 is not -0.0. */
export const isSameValue = (a: SqliteValue | undefined, b: SqliteValue | undefined): boolean => {
  if (a === b) return typeof a !== 'number' || a !== 0 || Object.is(a, b)
  return a instanceof Uint8Array && b instanceof Uint8Array && isSameBytes(a, b)
}

/** {@link isSameValue} for all values of two rows. */
export const isSameRow = (a: Row, b: Row): boolean => {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (!isSameValue(a[index], b[index])) return false
  return true
}

const isSameBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
