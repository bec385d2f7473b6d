import { aggregatedOf, makeValueOrder } from '../query/Aggregate.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'
import type { Aggregation, AggregationSource } from './Aggregation.ts'

/**
 * `min` and `max`: only the present value is known. One that is as good takes its place; once it has gone and none has
 * come that is as good, SQLite looks for the next one, in the column's index if there is one.
 */
export const makeExtremes = ({ source, shape, ask }: AggregationSource): Aggregation => {
  const order = makeValueOrder(aggregatedOf(source))
  const isAsGood = (a: SqliteValue, b: SqliteValue): boolean => (shape === 'min' ? order(a, b) <= 0 : order(a, b) >= 0)
  let extreme: SqliteValue = null
  const read = (): SqliteValue => (extreme = ask())
  return {
    read,
    change: (gone, come) => {
      let best: SqliteValue = null
      for (const value of come) if (best === null || isAsGood(value, best)) best = value
      if (extreme === null || (best !== null && isAsGood(best, extreme))) return (extreme = best)
      return gone.some((value) => order(value, extreme) === 0) ? read() : extreme
    },
  }
}
