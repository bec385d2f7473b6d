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
  if (value === null || typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'object') return `\0${value.join()}`
  return collation === 'NOCASE' ? value.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : value
}

/** The same for several values: one text, different for rows that differ in storage class or content. */
export const rowKey = (values: SqliteRow): string => {
  let key = ''
  for (const value of values) key += valueText(value)
  return key
}

const valueText = (value: SqliteValue): string => {
  if (value === null) return 'n'
  if (typeof value === 'string') return `t${value.length}:${value}`
  if (typeof value === 'number') return Object.is(value, -0) ? 'r-0;' : `r${value};`
  return typeof value === 'bigint' ? `i${value};` : `b${value.join()};`
}

/** INTEGER values as numbers where a number holds them exactly: they are cheaper to keep and to compare. */
export const plainRow = (row: SqliteRow): SqliteRow => {
  for (let index = 0; index < row.length; index++) if (typeof row[index] === 'bigint') return plainCopy(row)
  return row
}

const plainCopy = (row: SqliteRow): SqliteRow => {
  const plain = row.slice()
  for (let index = 0; index < plain.length; index++) plain[index] = plainValue(plain[index]!)
  return plain
}

const plainValue = (value: SqliteValue): SqliteValue => {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
