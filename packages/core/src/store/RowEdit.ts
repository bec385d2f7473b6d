import type { SqliteRow } from '../schema/SqliteValue.ts'
import type { ResultChange } from './ResultChange.ts'

/** A changed row of the query: as it was and as it is, `undefined` where it is not the query's. */
export interface RowEdit {
  readonly old: SqliteRow | undefined
  readonly stored: SqliteRow | undefined
}

/** The same with what the app sees of it. */
export interface DecodedEdit extends RowEdit {
  /** The object in the place of `old`, `undefined` without one. */
  readonly before: unknown
  readonly row: unknown
  /** Old and new row are equal in order. */
  readonly staysInPlace: boolean
}

/** What it does to a result in which it stood at `from` and stands at `to`; `undefined`: nothing to be seen. */
export const changeOf = (edit: DecodedEdit, from: number, to: number): ResultChange<unknown> | undefined => {
  const { old, stored, before, row, staysInPlace } = edit
  if (stored === undefined) return { kind: 'remove', row: before, from }
  if (old === undefined) return { kind: 'insert', row, to }
  if (staysInPlace && before === row) return undefined
  const kind = staysInPlace || (from === to && before !== row) ? 'update' : 'move'
  return { kind, row, before, from, to }
}
