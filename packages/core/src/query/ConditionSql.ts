import type { Condition } from '../schema/Condition.ts'
import { quoteIdentifier } from '../schema/Identifier.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'

/**
 * The SQL text of a condition; its values go to the end of `params`.
 *
 * **Shape**  the text is the same for other values: `in` lists are padded to a power of two with their last value, so
 * that a hundred lengths make seven statements.
 */
export const conditionSql = (condition: Condition, params: Array<SqliteValue>): string => {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return combinationSql(condition, params)
    case 'compare':
      params.push(condition.value)
      return `${quoteIdentifier(condition.column)} ${condition.operator} ?`
    case 'like':
      params.push(condition.pattern)
      return `${quoteIdentifier(condition.column)} LIKE ?`
    case 'isNull':
      return `${quoteIdentifier(condition.column)} IS ${condition.isNull ? '' : 'NOT '}NULL`
    case 'in':
      return listSql(condition.column, condition.values, params)
  }
}

/** ` WHERE …`, or nothing for every row. */
export const whereSql = (condition: Condition | undefined, params: Array<SqliteValue>): string =>
  condition === undefined ? '' : ` WHERE ${conditionSql(condition, params)}`

const combinationSql = (condition: Extract<Condition, { kind: 'and' | 'or' }>, params: Array<SqliteValue>): string => {
  if (condition.conditions.length === 0) return condition.kind === 'and' ? '1' : '0'
  const parts = condition.conditions.map((part) => {
    const text = conditionSql(part, params)
    return part.kind === 'and' || part.kind === 'or' ? `(${text})` : text
  })
  return parts.join(condition.kind === 'and' ? ' AND ' : ' OR ')
}

const listSql = (column: string, values: ReadonlyArray<SqliteValue>, params: Array<SqliteValue>): string => {
  const last = values.at(-1)
  if (last === undefined) return '0'
  const length = 2 ** Math.ceil(Math.log2(values.length))
  for (let index = 0; index < length; index++) params.push(values[index] ?? last)
  return `${quoteIdentifier(column)} IN (${Array.from({ length }, () => '?').join(', ')})`
}
