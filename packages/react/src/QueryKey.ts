import type { Query } from '@headwater/core'

/**
 * What is asked, as text: queries with equal keys have equal answers in every store of the same schema.
 *
 * **Shape**  SQL, how integers are read, the shape of the answer, and the parameters with their storage class, so that
 * `1`, `1n`, `'1'` and the blob `31` differ.
 */
export const queryKey = ({ sql, integers, shape, params }: Query<unknown>): string =>
  JSON.stringify([sql, integers, shape, ...params.map(parameterKey)])

const parameterKey = (value: Query<unknown>['params'][number]): string | null => {
  if (value === null) return null
  if (typeof value === 'string') return `t${value}`
  if (typeof value === 'number') return `n${value}`
  if (typeof value === 'bigint') return `i${value}`
  return `b${Array.from(value).join()}`
}

const numbers = new WeakMap<object, number>()
let last = 0

/**
 * The key for sharing one answer between components: with what turns rows into results. A table does so for the
 * builder; the decoder of raw SQL is a function, so that only those share who use the same query object.
 */
export const sharedKey = (query: Query<unknown>, key: string): string => {
  const decoder = query.source?.table ?? query.decode
  let number = numbers.get(decoder)
  if (number === undefined) numbers.set(decoder, (number = ++last))
  return `${number} ${key}`
}
