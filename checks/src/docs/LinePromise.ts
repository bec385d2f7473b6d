/** What the end of a line in a page promises, held while the page runs. */
import { deepStrictEqual } from 'node:assert'

const equal = (place: string, actual: unknown, expected: unknown): void =>
  deepStrictEqual(plain(actual), plain(expected), `${place}: the answer is another one: ${JSON.stringify(actual)}`)

const failure = async (place: string, run: () => Promise<void>, name: string): Promise<void> => {
  const error = await run().then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (error === undefined) throw new Error(`${place}: does not fail`)
  const found = (error as { readonly _tag?: string; readonly name?: string })._tag ?? (error as Error).name
  if (found !== name) throw new Error(`${place}: fails with ${found}`, { cause: error })
}

/** Rows and lists of any class as plain ones: a page shows values, not prototypes. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

export const promised = { equal, failure }
