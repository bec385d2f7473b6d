import type { Collation } from '../schema/Column.ts'
import type { CompareOperator, Condition } from '../schema/Condition.ts'
import type { OrderTerm } from '../schema/Query.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import { columnOf } from '../schema/TableDefinition.ts'
import type { TableDefinition } from '../schema/TableDefinition.ts'
import { compareValues, foldUnit } from './ValueOrder.ts'

/**
 * A builder query's condition and order, evaluated on a row in JavaScript with SQLite's meaning: so that a live query
 * can tell from a changed row whether it is concerned, without asking SQLite.
 *
 * **Shape**  a row is the table's columns in declaration order, as stored; an INTEGER may be a number or a bigint.
 * Values of the condition have the storage class of their column (the builder sees to it), so no affinity is applied.
 *
 * **Source**  sqlite.org/lang_expr.html (three-valued logic, LIKE); a property test compares with SQLite.
 */

/** True, false, or `null` for unknown. */
export type Truth = boolean | null

/** **Shape** a row of the table, in declaration order. */
export type Predicate = (row: SqliteRow) => boolean

/** Compiles a condition: true for the rows that `WHERE` would keep. */
export const makePredicate = (table: TableDefinition, condition: Condition | undefined): Predicate => {
  if (condition === undefined) return () => true
  const evaluate = makeEvaluator(table, condition)
  return (row) => evaluate(row) === true
}

/** Compiles a condition to SQL's three-valued logic. */
export const makeEvaluator = (table: TableDefinition, condition: Condition): ((row: SqliteRow) => Truth) => {
  if (condition.kind === 'and' || condition.kind === 'or') {
    const parts = condition.conditions.map((part) => makeEvaluator(table, part))
    return condition.kind === 'and' ? conjunction(parts) : disjunction(parts)
  }
  const { index, definition } = columnOf(table, condition.column)
  const value = (row: SqliteRow): SqliteValue => row[index] ?? null
  switch (condition.kind) {
    case 'isNull':
      return (row) => (value(row) === null) === condition.isNull
    case 'compare': {
      const { operator, value: operand } = condition
      const test = testByOperator[operator]
      const evaluate = (row: SqliteRow): Truth => compared(value(row), operand, definition.collation, test)
      return typeof operand === 'number' ? numberEvaluators[operator](index, operand, evaluate) : evaluate
    }
    case 'in':
      // An empty list is false even for NULL, as in SQLite.
      if (condition.values.length === 0) return () => false
      return (row) => isAmong(value(row), condition.values, definition.collation)
    case 'like': {
      const matches = makeLike(condition.pattern)
      return (row) => {
        const text = value(row)
        return typeof text === 'string' ? matches(text) : null
      }
    }
  }
}

/** Orders rows as `ORDER BY` does; 0 for rows that only storage order (see `QuerySource`) can tell apart. */
export const makeRowOrder = (
  table: TableDefinition,
  orderBy: ReadonlyArray<OrderTerm>,
): ((a: SqliteRow, b: SqliteRow) => number) => {
  const storageOrder = table.isWithoutRowid
    ? table.primaryKey.map((column) => ({ column, direction: 'asc' as const }))
    : []
  const terms = [...orderBy, ...storageOrder].map(({ column, direction }) => {
    const { index, definition } = columnOf(table, column)
    return { index, collation: definition.collation, sign: direction === 'desc' ? -1 : 1 }
  })
  return (a, b) => {
    for (const { index, collation, sign } of terms) {
      const order = compareValues(a[index] ?? null, b[index] ?? null, collation)
      if (order !== 0) return order * sign
    }
    return 0
  }
}

type Evaluator = (row: SqliteRow) => Truth

/** False if one is false, else unknown if one is unknown, else true. */
const conjunction =
  (parts: ReadonlyArray<Evaluator>): Evaluator =>
  (row) => {
    let truth: Truth = true
    for (const part of parts) {
      const partTruth = part(row)
      if (partTruth === false) return false
      if (partTruth === null) truth = null
    }
    return truth
  }

/** True if one is true, else unknown if one is unknown, else false. */
const disjunction =
  (parts: ReadonlyArray<Evaluator>): Evaluator =>
  (row) => {
    let truth: Truth = false
    for (const part of parts) {
      const partTruth = part(row)
      if (partTruth === true) return true
      if (partTruth === null) truth = null
    }
    return truth
  }

const testByOperator: Readonly<Record<CompareOperator, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

/**
 * A number beside a number needs no collation and no call: a commit evaluates the conditions of all live queries that
 * have no equality, and this is what most of them are. `otherwise` knows all values.
 */
const numberEvaluators: Readonly<
  Record<CompareOperator, (index: number, operand: number, otherwise: Evaluator) => Evaluator>
> = {
  '=': (index, operand, otherwise) => (row) => {
    const value = row[index]
    return typeof value === 'number' ? value === operand : otherwise(row)
  },
  '!=': (index, operand, otherwise) => (row) => {
    const value = row[index]
    return typeof value === 'number' ? value !== operand : otherwise(row)
  },
  '<': (index, operand, otherwise) => (row) => {
    const value = row[index]
    return typeof value === 'number' ? value < operand : otherwise(row)
  },
  '<=': (index, operand, otherwise) => (row) => {
    const value = row[index]
    return typeof value === 'number' ? value <= operand : otherwise(row)
  },
  '>': (index, operand, otherwise) => (row) => {
    const value = row[index]
    return typeof value === 'number' ? value > operand : otherwise(row)
  },
  '>=': (index, operand, otherwise) => (row) => {
    const value = row[index]
    return typeof value === 'number' ? value >= operand : otherwise(row)
  },
}

const compared = (
  value: SqliteValue,
  operand: SqliteValue,
  collation: Collation,
  test: (order: number) => boolean,
): Truth => (value === null || operand === null ? null : test(compareValues(value, operand, collation)))

const isAmong = (value: SqliteValue, values: ReadonlyArray<SqliteValue>, collation: Collation): Truth =>
  value === null ? null : values.some((candidate) => compareValues(value, candidate, collation) === 0)

/**
 * SQLite's LIKE without ESCAPE: `%` stands for any text, `_` for one code point, A–Z equal a–z.
 *
 * Matches from left to right and on a mismatch goes back to the last `%` only, which is enough because an earlier one
 * could only take what the last one can take too: O(pattern × text) at worst.
 */
export const makeLike = (pattern: string): ((text: string) => boolean) => {
  const steps = Array.from(pattern, (character) => foldUnit(character.codePointAt(0) ?? 0))
  return (text) =>
    matchLike(
      steps,
      Array.from(text, (character) => foldUnit(character.codePointAt(0) ?? 0)),
    )
}

const anyText = 0x25
const anyCharacter = 0x5f

const matchLike = (pattern: ReadonlyArray<number>, text: ReadonlyArray<number>): boolean => {
  let [p, t, lastAny, resumeAt] = [0, 0, -1, 0]
  while (t < text.length) {
    const step = pattern[p]
    if (step === anyText) {
      lastAny = p++
      resumeAt = t
    } else if (step !== undefined && (step === anyCharacter || step === text[t])) {
      p++
      t++
    } else if (lastAny >= 0) {
      p = lastAny + 1
      t = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[p] === anyText) p++
  return p === pattern.length
}
