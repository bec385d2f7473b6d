import { valueKey, type ValueKey } from '../query/ValueKey.ts'
import type { Collation } from '../schema/Column.ts'
import type { Condition } from '../schema/Condition.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'
import { columnOf, type TableDefinition } from '../schema/TableDefinition.ts'

/** A column holds this value, or one that its collation calls equal. */
export interface Equality {
  /** Place of the column in a row. */
  readonly index: number
  readonly collation: Collation
  readonly key: ValueKey
}

/**
 * Equalities of which at least one is true of every row that satisfies `condition`; `undefined` if there are none.
 *
 * **Shape**  of an `and`, those of the part that tells most; of an `or`, those of all its parts. `[]`: no row does.
 */
export const equalitiesOf = (
  table: TableDefinition,
  condition: Condition | undefined,
): ReadonlyArray<Equality> | undefined => best(table, condition)?.equalities

interface Candidate {
  readonly equalities: ReadonlyArray<Equality>
  /** Lower tells more. */
  readonly rank: number
}

const best = (table: TableDefinition, condition: Condition | undefined): Candidate | undefined => {
  switch (condition?.kind) {
    case 'compare':
      return condition.operator === '=' ? candidate(table, condition.column, [condition.value]) : undefined
    case 'in':
      return condition.values.length <= listLengthMax ? candidate(table, condition.column, condition.values) : undefined
    case 'isNull':
      return condition.isNull ? candidate(table, condition.column, [null]) : undefined
    case 'and': {
      const parts = condition.conditions.map((part) => best(table, part)).filter((part) => part !== undefined)
      return parts.reduce<Candidate | undefined>((a, b) => (a !== undefined && a.rank <= b.rank ? a : b), undefined)
    }
    case 'or':
      return anyOf(condition.conditions.map((part) => best(table, part)))
    case 'like':
    case undefined:
      return undefined
  }
}

/** A longer list is cheaper evaluated than entered. */
const listLengthMax = 1000

const anyOf = (parts: ReadonlyArray<Candidate | undefined>): Candidate | undefined => {
  const known = parts.filter((part) => part !== undefined)
  if (known.length < parts.length) return undefined
  return {
    equalities: known.flatMap(({ equalities }) => equalities),
    rank: Math.max(0, ...known.map(({ rank }) => rank)),
  }
}

const candidate = (table: TableDefinition, name: string, values: ReadonlyArray<SqliteValue>): Candidate => {
  const { index, definition } = columnOf(table, name)
  const { collation } = definition
  const isKey = table.primaryKey.length === 1 && table.primaryKey[0] === name
  // NULL and booleans are what many rows have.
  const rank = isKey || definition.isUnique ? 0 : definition.kind === 'boolean' || values.includes(null) ? 2 : 1
  return { equalities: values.map((value) => ({ index, collation, key: valueKey(value, collation) })), rank }
}
