/**
 * Whether two answers are equal as data: arrays and plain objects by their contents, `Date` and `Uint8Array` by value,
 * anything else by `Object.is`. Rows that kept their identity cost nothing to compare.
 */
export const isSameValue = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSameValue(item, b[i]))
  if (a instanceof Uint8Array) return b instanceof Uint8Array && isSameBytes(a, b)
  // oxlint-disable-next-line no-restricted-globals -- a pure comparison
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime())
  return isPlain(a) && isPlain(b) && isSameRecord(a, b)
}

const isSameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

const isPlain = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const isSameRecord = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean => {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]))
}
