import { makePredicate } from '../query/Predicate.ts'
import { countSql } from '../query/TableQuery.ts'
import type { QuerySource } from '../schema/Query.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'
import { type LiveAnswer, type LiveResult, type QueryRunner, valueAnswer } from './LiveResult.ts'

/** A count over one table, kept up to date from the changed rows themselves; it reads once. **Fails with** as `run`. */
export const makeLiveCount = (source: QuerySource, runner: QueryRunner): LiveResult => {
  const { table, where, limit = Infinity, offset } = source
  const isCounted = makePredicate(table, where)
  const params: Array<SqliteValue> = []
  // Of all rows, also where the query counts a part of them.
  const sql = countSql({ table, where, limit: undefined, offset: 0 }, params)
  const read = (): number => Number(runner.run({ sql, params, integers: 'number', source }).rows[0]?.[0] ?? 0)
  let total = read()
  const count = (): number => Math.min(Math.max(total - offset, 0), limit)
  const become = (newTotal: number): LiveAnswer | undefined => {
    const before = count()
    total = newTotal
    return count() === before ? undefined : valueAnswer(count())
  }
  return {
    current: () => valueAnswer(count()),
    patch: (rows) => {
      let newTotal = total
      for (const { before, after } of rows) {
        if (before !== undefined && isCounted(before)) newTotal--
        if (after !== undefined && isCounted(after)) newTotal++
      }
      return become(newTotal)
    },
    reload: () => become(read()),
    isEqualRow: (a, b) => a === b,
  }
}
