/**
 * What may stand in a log as JSON: a value that every JavaScript engine, SQLite and every backend reads back exactly
 * as it was written. Stricter than `JSON.stringify`, which quietly turns what it cannot write into something else.
 *
 *  1. Numbers are finite, and integral ones safe (|n| < 2^53): int64 travels as a string.
 *  2. Strings and keys have no lone surrogates (not UTF-8) and no NUL (SQLite's text functions stop there).
 *  3. Objects are plain; nothing has a `toJSON`; no key is `__proto__` (assigning it changes the prototype).
 *  4. Arrays have no holes and no `undefined`. A *property* that is `undefined` counts as absent.
 *  5. Nesting is at most `depthMax`, which also ends cycles.
 *
 * **Source**  spec section 3, step 1.
 */

/** Where a value breaks a rule. **Shape** `path` from the outermost: `['items', 2, 'price']`. */
export interface JsonProblem {
  readonly path: ReadonlyArray<string | number>
  readonly problem: string
}

/**
 * The first rule of this module that `value` breaks, or `undefined` if it is JSON.
 *
 * **Example**
 * ```ts
 * jsonProblem({ at: [1, NaN] }, 64) // => { path: ['at', 1], problem: 'NaN is not JSON; …' }
 * ```
 */
export const jsonProblem = (value: unknown, depthMax: number): JsonProblem | undefined => {
  // Paths are only built when something is wrong: the walk itself allocates nothing but key arrays.
  const path: Array<string | number> = []
  const problem = problemOf(value, depthMax, path)
  return problem === undefined ? undefined : { path: path.reverse(), problem }
}

/** `$`, `$.items[2].price`, `$["a b"]`: for people. */
export const formatPath = (path: ReadonlyArray<string | number>): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `${text}.${step}` : `${text}[${JSON.stringify(step)}]`
  }, '$')

/** Appends the path innermost first, on the way back out. */
const problemOf = (value: unknown, depthLeft: number, path: Array<string | number>): string | undefined => {
  switch (typeof value) {
    case 'string':
      return stringProblem(value)
    case 'number':
      return numberProblem(value)
    case 'boolean':
      return undefined
    case 'object':
      if (value === null) return undefined
      if (depthLeft === 0) return 'nested too deep, or cyclic'
      return Array.isArray(value) ? arrayProblem(value, depthLeft, path) : objectProblem(value, depthLeft, path)
    case 'bigint':
      return 'a bigint is not JSON; let the schema encode it as a string'
    case 'undefined':
      return 'undefined is not JSON; use null'
    case 'symbol':
    case 'function':
      return `a ${typeof value} is not JSON`
  }
}

const stringProblem = (text: string): string | undefined => {
  if (!text.isWellFormed()) return 'text with a lone surrogate cannot be stored as UTF-8'
  return text.includes('\0') ? 'text with a NUL character' : undefined
}

const numberProblem = (number: number): string | undefined => {
  if (Number.isSafeInteger(number)) return undefined
  if (!Number.isFinite(number)) return `${number} is not JSON; use null or a string`
  return Number.isInteger(number) ? 'an integer beyond 2^53 would be rounded; encode it as a string' : undefined
}

const arrayProblem = (
  array: ReadonlyArray<unknown>,
  depthLeft: number,
  path: Array<string | number>,
): string | undefined => {
  if ('toJSON' in array) return 'an array with a toJSON method'
  for (let index = 0; index < array.length; index++) {
    const problem = problemOf(array[index], depthLeft - 1, path)
    if (problem === undefined) continue
    path.push(index)
    return problem
  }
  return undefined
}

const objectProblem = (object: object, depthLeft: number, path: Array<string | number>): string | undefined => {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null && !isForeignObjectPrototype(prototype)) {
    return `${object.constructor?.name ?? 'an object with a prototype'} is not a plain object; let the schema encode it`
  }
  if ('toJSON' in object && typeof object.toJSON === 'function') return 'an object with a toJSON method'
  for (const key of Object.keys(object)) {
    if (key === '__proto__') return 'a key named __proto__'
    const value = (object as Readonly<Record<string, unknown>>)[key]
    const problem = stringProblem(key) ?? (value === undefined ? undefined : problemOf(value, depthLeft - 1, path))
    if (problem === undefined) continue
    path.push(key)
    return problem
  }
  return undefined
}

/** `Object.prototype` of another realm (an iframe, a `vm` context): the only object without a prototype that inherits. */
const isForeignObjectPrototype = (prototype: unknown): boolean =>
  Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
