import { aggregatedOf, decodeAggregated } from '../query/Aggregate.ts'
import { makePredicate } from '../query/Predicate.ts'
import { plainRow } from '../query/ValueKey.ts'
import { isSameValue as isSameData } from '../reactive/SameValue.ts'
import type { AggregateShape, Query, QuerySource } from '../schema/Query.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import { isSameValue } from '../sqlite/RowChange.ts'
import type { AggregationSource } from './Aggregation.ts'
import { makeExtremes } from './Extremes.ts'
import { makeLiveRerun } from './LiveRerun.ts'
import { type LiveAnswer, type LiveResult, type QueryRunner, valueAnswer } from './LiveResult.ts'
import type { NetRow } from './NetChanges.ts'
import { makeTotals } from './Totals.ts'

/**
 * `sum`, `avg`, `min`, `max` of a column, kept up to date from the changed rows.
 *
 * | Aggregate                    | A changed row                                                                   |
 * | ---------------------------- | ------------------------------------------------------------------------------- |
 * | `sum`, `avg` of integers     | is added and subtracted; see `Totals.ts`                                        |
 * | `sum`, `avg` of REALs        | runs the query again: the last bits of a sum depend on the order of its summands |
 * | `min`, `max`                 | is compared; the query runs again when the present value has gone                |
 * | any of a `limit` or `offset` | runs the query again                                                             |
 *
 * **Fails with**  making it fails with what running the query fails with.
 */
export const makeLiveAggregate = (
  query: Query<unknown>,
  source: QuerySource,
  shape: AggregateShape,
  runner: QueryRunner,
): LiveResult => {
  const codec = aggregatedOf(source)
  const isExtreme = shape === 'min' || shape === 'max'
  const isWindow = source.limit !== undefined || source.offset > 0
  if (isWindow || (codec.affinity === 'REAL' && !isExtreme)) return makeLiveRerun(query, runner)

  const ask = (): SqliteValue => plainRow(runner.run(query).rows[0] ?? [null])[0]!
  const parts: AggregationSource = { source, shape, ask, runner }
  const aggregation = isExtreme ? makeExtremes(parts) : makeTotals(parts)
  const valueOf = makeValueOf(source, codec.index)
  let value = aggregation.read()
  let result = decodeAggregated(source, shape, value)

  const become = (newValue: SqliteValue): LiveAnswer | undefined => {
    // The query has no room for it: only SQLite can say how it fails.
    const next = typeof newValue === 'bigint' && query.integers === 'number' ? ask() : newValue
    if (isSameValue(next, value)) return undefined
    const newResult = decodeAggregated(source, shape, next)
    value = next
    // Raw SQL may have written 5 for true.
    if (isSameData(newResult, result)) return undefined
    result = newResult
    return valueAnswer(result)
  }
  return {
    current: () => valueAnswer(result),
    patch: (rows) => {
      // Also without any: what only SQLite can tell may depend on where the rows stand.
      const { gone, come } = changedValues(rows, valueOf)
      return become(aggregation.change(gone, come))
    },
    reload: () => become(aggregation.read()),
    isEqualRow: isSameData,
  }
}

/** The value that a row gives to the aggregate; NULL, which none looks at, if the row is not the query's. */
const makeValueOf = ({ table, where }: QuerySource, index: number): ((row: SqliteRow | undefined) => SqliteValue) => {
  const isOurs = makePredicate(table, where)
  return (row) => (row !== undefined && isOurs(row) ? (row[index] ?? null) : null)
}

const changedValues = (
  rows: ReadonlyArray<NetRow>,
  valueOf: (row: SqliteRow | undefined) => SqliteValue,
): { readonly gone: ReadonlyArray<SqliteValue>; readonly come: ReadonlyArray<SqliteValue> } => {
  const gone: Array<SqliteValue> = []
  const come: Array<SqliteValue> = []
  for (const { before, after } of rows) {
    const [old, next] = [valueOf(before), valueOf(after)]
    if (isSameValue(old, next)) continue
    if (old !== null) gone.push(old)
    if (next !== null) come.push(next)
  }
  return { gone, come }
}
