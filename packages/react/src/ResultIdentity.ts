/**
 * The answer `next`, made of objects of `previous` wherever they are equal: an equal answer is the same array, and a
 * memoized row component is not rendered again because of its neighbours.
 *
 * Rows are compared by position from both ends, and what is between by their first value (mostly the key). Rows that
 * are the same object already cost one comparison.
 */
export const keepIdentity = <A>(previous: A, next: A): A => {
  if (Array.isArray(previous) && Array.isArray(next)) return keepRows(previous, next) as A
  return isSame(previous, next) ? previous : next
}

const keepRows = (previous: ReadonlyArray<unknown>, next: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const kept = next.slice()
  let start = 0
  while (start < previous.length && start < next.length && isSame(previous[start], next[start])) {
    kept[start] = previous[start]
    start++
  }
  if (start === previous.length && start === next.length) return previous
  let before = previous.length
  let after = next.length
  while (before > start && after > start && isSame(previous[before - 1], next[after - 1])) {
    kept[--after] = previous[--before]
  }
  const byFirst = new Map<unknown, unknown>()
  for (let index = start; index < before; index++) byFirst.set(firstValue(previous[index]), previous[index])
  for (let index = start; index < after; index++) {
    const candidate = byFirst.get(firstValue(next[index]))
    if (candidate !== undefined && isSame(candidate, next[index])) kept[index] = candidate
  }
  return kept
}

const firstValue = (row: unknown): unknown => {
  if (typeof row !== 'object' || row === null) return row
  for (const name in row) return (row as Record<string, unknown>)[name]
  return undefined
}

/** Equal values: plain objects and arrays by their contents, dates and bytes too; anything else by identity. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const prototype: unknown = Object.getPrototypeOf(a)
  if (prototype !== Object.getPrototypeOf(b)) return false
  if (Array.isArray(a) || a instanceof Uint8Array) return isSameList(a, b as ReadonlyArray<unknown>)
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
  return (prototype === Object.prototype || prototype === null) && isSameRecord(a, b)
}

const isSameList = (a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean => {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (!isSame(a[index], b[index])) return false
  return true
}

const isSameRecord = (a: object, b: object): boolean => {
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every(
    (name) =>
      Object.hasOwn(b, name) && isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  )
}
