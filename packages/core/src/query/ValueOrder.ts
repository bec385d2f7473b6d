import type { Collation } from '../schema/Column.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'

/**
 * How SQLite orders values: by storage class first (NULL, then numbers, then TEXT, then BLOB), then within it.
 *
 * Numbers compare by value, INTEGER with REAL exactly, which JavaScript's own comparison of bigint with number does
 * too. TEXT compares by its UTF-8 bytes, which is the order of code points, not of JavaScript's UTF-16 units; NOCASE
 * folds A–Z and nothing else. BLOB compares byte by byte.
 *
 * **Source**  sqlite.org/datatype3.html, sections 4 and 7; property-tested against SQLite.
 */

/** Negative, 0 or positive; NULL equals NULL and comes first, as in ORDER BY. */
export const compareValues = (a: SqliteValue, b: SqliteValue, collation: Collation): number => {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
  const [classA, classB] = [storageClass(a), storageClass(b)]
  if (classA !== classB) return classA - classB
  if (typeof a === 'string' && typeof b === 'string')
    return collation === 'NOCASE' ? compareNocase(a, b) : compareText(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  if (a === null || b === null) return 0
  return a < b ? -1 : a > b ? 1 : 0
}

const storageClass = (value: SqliteValue): number => {
  if (value === null) return 0
  if (typeof value === 'string') return 2
  return typeof value === 'object' ? 3 : 1
}

/** By UTF-8 bytes: that of UTF-16 units, but surrogates (U+10000 and beyond) come after U+E000–U+FFFF. */
export const compareText = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (unitA !== unitB) return byteRank(unitA) - byteRank(unitB)
  }
  return a.length - b.length
}

const byteRank = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000)

const compareNocase = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const [unitA, unitB] = [foldUnit(a.charCodeAt(index)), foldUnit(b.charCodeAt(index))]
    if (unitA !== unitB) return byteRank(unitA) - byteRank(unitB)
  }
  return a.length - b.length
}

/** Lower case for A–Z. SQLite folds to lower case too, which decides where `_` and `[` stand among letters. */
export const foldUnit = (unit: number): number => (unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit)

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
