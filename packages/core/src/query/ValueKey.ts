import type { Collation } from '../schema/Column.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'

/**
 * A value as the key of a `Map`: values that SQLite calls equal have the same key.
 *
 * **Shape**  not the other way around: some int64 share the key of the REAL next to them, and a BLOB may share one with
 * an odd text. Whoever needs to know compares.
 */
export type ValueKey = null | number | string

/** The key of a value of a column with that collation. NULL is a key of its own. */
export const valueKey = (value: SqliteValue, collation: Collation): ValueKey => {
  switch (typeof value) {
    case 'string':
      return collation === 'NOCASE' ? value.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : value
    case 'bigint':
      return Number(value)
    case 'object':
      return value === null ? null : `\0${value.join()}`
    case 'number':
      return value
  }
}

/** The same for several values: one text, different for rows that differ in storage class or content. */
export const rowKey = (values: SqliteRow): string => {
  let key = ''
  for (const value of values) key += valueText(value)
  return key
}

const valueText = (value: SqliteValue): string => {
  switch (typeof value) {
    case 'string':
      return `t${value.length}:${value}`
    case 'number':
      return Object.is(value, -0) ? 'r-0;' : `r${value};`
    case 'bigint':
      return `i${value};`
    case 'object':
      return value === null ? 'n' : `b${value.join()};`
  }
}

/** INTEGER values as numbers where a number holds them exactly: they are cheaper to keep and to compare. */
export const plainRow = (row: SqliteRow): SqliteRow => {
  for (let index = 0; index < row.length; index++) if (typeof row[index] === 'bigint') return row.map(plainValue)
  return row
}

const plainValue = (value: SqliteValue): SqliteValue => {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
