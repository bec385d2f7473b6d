import { aggregatedOf } from '../query/Aggregate.ts'
import { fromSql } from '../query/TableQuery.ts'
import { plainRow } from '../query/ValueKey.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import type { QuerySource } from '../schema/Query.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'
import type { Aggregation, AggregationSource } from './Aggregation.ts'

/**
 * `sum` and `avg` of an INTEGER column, added and subtracted without rounding.
 *
 * SQLite's `sum` fails when it passes 64 bits on its way, and its `avg` rounds from there on: both depend on the order
 * in which it meets the rows. Every sum on the way lies between that of the negative values and that of the others. As
 * long as both have room in 64 bits the order does not matter; otherwise the query is run again.
 *
 * **Source**  sqlite.org/lang_aggfunc.html; `sumStep`, `sumFinalize` and `avgFinalize` in SQLite's func.c.
 */
export const makeTotals = ({ source, shape, ask, runner }: AggregationSource): Aggregation => {
  const params: Array<SqliteValue> = []
  const sql = totalsSql(source, params)
  let totals: Totals = { count: 0, sum: 0, negative: 0 }

  const answer = (): SqliteValue => {
    const { count, sum, negative } = totals
    if (count === 0) return null
    if (negative < int64Min || plus(sum, negative, -1) > int64Max) return ask()
    return shape === 'avg' ? Number(sum) / count : sum
  }
  return {
    read: () => {
      const row = runner.run({ sql, params, integers: 'bigint', source }).rows[0] ?? []
      const [count, high, low, negativeHigh, negativeLow] = row.map((value) => BigInt((value as bigint | null) ?? 0))
      totals = {
        count: Number(count),
        sum: plain(high! * lowBits + low!),
        negative: plain(negativeHigh! * lowBits + negativeLow!),
      }
      return answer()
    },
    change: (gone, come) => {
      for (const value of gone) totals = added(totals, value, -1)
      for (const value of come) totals = added(totals, value, 1)
      return answer()
    },
  }
}

/** A number where that is exact. */
type Integer = number | bigint

interface Totals {
  /** Of values that are not NULL. */
  readonly count: number
  readonly sum: Integer
  /** The sum of those below 0. */
  readonly negative: Integer
}

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n
const lowBits = 2n ** 32n

/** Sums of the upper and of the lower 32 bits: they have room for more rows than a table can hold in practice. */
const totalsSql = (source: QuerySource, params: Array<SqliteValue>): string => {
  const column = quoteIdentifier(aggregatedOf(source).name)
  const [high, low] = [`sum(${column} >> 32)`, `sum(${column} & ${lowBits - 1n})`]
  const negative = `FILTER (WHERE ${column} < 0)`
  return `SELECT count(${column}), ${high}, ${low}, ${high} ${negative}, ${low} ${negative}${fromSql(source, params)}`
}

const added = ({ count, sum, negative }: Totals, value: SqliteValue, sign: 1 | -1): Totals => {
  // The column holds nothing but INTEGERs.
  const integer = value as Integer
  return {
    count: count + sign,
    sum: plus(sum, integer, sign),
    negative: integer < 0 ? plus(negative, integer, sign) : negative,
  }
}

const plus = (a: Integer, b: Integer, sign: 1 | -1): Integer => {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + sign * b
    if (Number.isSafeInteger(sum)) return sum
  }
  return plain(BigInt(a) + BigInt(sign) * BigInt(b))
}

const plain = (value: bigint): Integer => plainRow([value])[0] as Integer
