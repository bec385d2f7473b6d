/** The few assertions of the suites: they run in browsers too, where `node:assert` does not exist. */

/** What a suite found wrong. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

export const fail = (message: string): never => {
  throw new AssertionFailed(message)
}

export const isTrue = (actual: boolean, what: string): void => {
  if (!actual) fail(`expected ${what}`)
}

/**
 * Deep equality of plain values, arrays and bytes. As strict as SQLite's storage classes: `1` is not `1n`, `0` is not
 * `-0`, a subclass of `Uint8Array` is not a `Uint8Array`.
 */
export const equal = (actual: unknown, expected: unknown, what = 'value'): void => {
  if (!isSame(actual, expected)) fail(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

/** What `run` throws. */
export const thrownBy = (run: () => unknown, what = 'call'): unknown => {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    return error
  }
  return fail(`${what}: expected an error, got ${show(result)}`)
}

const isSame = (actual: unknown, expected: unknown): boolean => {
  if (Object.is(actual, expected)) return true
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) return false
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return false
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    return actual.length === expected.length && actual.every((byte, index) => byte === expected[index])
  }
  const keys = Object.keys(expected)
  return (
    Object.keys(actual).length === keys.length &&
    keys.every((key) => isSame(Reflect.get(actual, key), Reflect.get(expected, key)))
  )
}

const show = (value: unknown): string => {
  const text = write(value)
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text
}

const write = (value: unknown): string => {
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array)
    return `${value.constructor.name}(${value.length}) ${value.subarray(0, 40).toString()}`
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return typeof value === 'object' && value !== null
    ? JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part))
    : String(value)
}
