import type { AnyColumn, Columns } from '../schema/Column.ts'
import type { ColumnCodec } from '../schema/ColumnCodec.ts'
import type { CompareOperator, Condition } from '../schema/Condition.ts'
import { QueryInvalid } from '../schema/SchemaError.ts'
import { columnOf } from '../schema/TableDefinition.ts'
import type { ColumnType, TableDefinition } from '../schema/TableDefinition.ts'

/**
 * What `where` accepts, and how it becomes a {@link Condition}.
 *
 * | Written                          | Means                                                                       |
 * | -------------------------------- | --------------------------------------------------------------------------- |
 * | `{ done: false, listId: 'a' }`   | both columns are equal to those values                                      |
 * | `{ note: null }`                 | `IS NULL` (and `{ '!=': null }` is `IS NOT NULL`)                           |
 * | `{ age: { '>=': 18, '<': 65 } }` | every operator holds                                                        |
 * | `{ id: { in: ids } }`            | one of them; none at all is false                                           |
 * | `{ text: { like: '%milk%' } }`   | SQLite's LIKE: `%` any text, `_` any character, ASCII letters without case   |
 * | `{ note: { isNull: true } }`     | as it says                                                                  |
 * | `or([a, b])`, `and([a, b])`      | combined, to any depth; `or([])` is false, `and([])` is true                |
 * | `{}`                             | every row                                                                   |
 *
 * As in SQL, comparing with a NULL is neither true nor false: `{ note: { '!=': 'x' } }` leaves out rows without a note.
 */

/** Comparisons of one column. */
export interface Operators<T> {
  readonly '='?: T | null
  readonly '!='?: T | null
  readonly '<'?: T
  readonly '<='?: T
  readonly '>'?: T
  readonly '>='?: T
  readonly in?: ReadonlyArray<T>
  readonly like?: T extends string ? string : never
  readonly isNull?: boolean
}

/** JSON columns are compared as the text they are stored as; an order or a pattern would be an accident. */
type OperatorsOf<C extends AnyColumn> = NonNullable<C['~type']>['kind'] extends 'json'
  ? Pick<Operators<ColumnType<C>>, '=' | '!=' | 'in' | 'isNull'>
  : Operators<ColumnType<C>>

/** A plain object of a JSON column would look like operators: write `{ '=': value }`. */
type Equal<C extends AnyColumn> = NonNullable<C['~type']>['kind'] extends 'json'
  ? Exclude<ColumnType<C>, object> | null
  : ColumnType<C> | null

/** Column names and what they must hold; all of them. */
export type ColumnConditions<C extends Columns> = { readonly [K in keyof C]?: Equal<C[K]> | OperatorsOf<C[K]> }

/** `and([…])` or `or([…])`. */
export interface Combination<out W> {
  readonly [combinationKey]: 'and' | 'or'
  readonly conditions: ReadonlyArray<W>
}

/** What a table's `where` accepts. */
export type Where<C extends Columns> = ColumnConditions<C> | Combination<Where<C>>

/** A symbol, because a table may have a column of any name. */
const combinationKey: unique symbol = Symbol.for('@headwater/core/query/Combination')

/** Every one of `conditions` holds; of none at all, true. */
export const and = <W>(conditions: ReadonlyArray<W>): Combination<W> => ({ [combinationKey]: 'and', conditions })

/** At least one of `conditions` holds; of none at all, false. */
export const or = <W>(conditions: ReadonlyArray<W>): Combination<W> => ({ [combinationKey]: 'or', conditions })

/**
 * Compiles a `where`. `undefined` means every row.
 *
 * **Fails with**  throws `UnknownColumn`, `QueryInvalid` (unknown operator, a value that is `undefined`) or
 * `InvalidColumnValue`, also when the types were bypassed.
 */
export const compileWhere = (table: TableDefinition, where: unknown): Condition | undefined => {
  if (!isPlainObject(where)) throw invalid(table, 'where takes an object of columns, and([…]) or or([…])')
  const kind = (where as Partial<Combination<unknown>>)[combinationKey]
  if (kind === undefined) return compileColumns(table, where)
  const conditions = (where as unknown as Combination<unknown>).conditions
  if (!Array.isArray(conditions)) throw invalid(table, `${kind} takes an array of conditions`)
  return { kind, conditions: conditions.map((condition) => compileWhere(table, condition) ?? everyRow) }
}

const everyRow: Condition = { kind: 'and', conditions: [] }

/** Both conditions; `undefined` means every row. */
export const allOf = (a: Condition | undefined, b: Condition | undefined): Condition | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  return { kind: 'and', conditions: [...(a.kind === 'and' ? a.conditions : [a]), b] }
}

const compileColumns = (table: TableDefinition, where: object): Condition | undefined => {
  const conditions: Array<Condition> = []
  for (const [name, value] of Object.entries(where)) compileColumn(columnOf(table, name), table, value, conditions)
  return conditions.length > 1 ? { kind: 'and', conditions } : conditions[0]
}

const compileColumn = (codec: ColumnCodec, table: TableDefinition, value: unknown, into: Array<Condition>): void => {
  if (!isPlainObject(value)) {
    into.push(compileOperator(codec, table, '=', value))
    return
  }
  const operators = Object.entries(value)
  if (operators.length === 0) throw invalid(table, `no operator for column "${codec.name}"`)
  for (const [operator, operand] of operators) into.push(compileOperator(codec, table, operator, operand))
}

const compareOperators: ReadonlySet<string> = new Set<CompareOperator>(['=', '!=', '<', '<=', '>', '>='])

const compileOperator = (codec: ColumnCodec, table: TableDefinition, operator: string, operand: unknown): Condition => {
  const column = codec.name
  if (operand === undefined) throw invalid(table, `column "${column}" is compared with undefined; use null for IS NULL`)
  if (codec.definition.kind === 'json' && !jsonOperators.has(operator)) {
    throw invalid(
      table,
      `column "${column}" is JSON, which has no "${operator}"; compare a whole value with { '=': value }`,
    )
  }
  if (compareOperators.has(operator)) return compileCompare(codec, table, operator as CompareOperator, operand)
  if (operator === 'in') return { kind: 'in', column, values: compileList(codec, table, operand) }
  if (operator === 'like') return { kind: 'like', column, pattern: compilePattern(codec, table, operand) }
  if (operator !== 'isNull') throw invalid(table, `column "${column}" has no operator "${operator}"`)
  if (typeof operand !== 'boolean') throw invalid(table, `isNull of column "${column}" takes true or false`)
  return { kind: 'isNull', column, isNull: operand }
}

const jsonOperators: ReadonlySet<string> = new Set(['=', '!=', 'in', 'isNull'])

const compileCompare = (
  codec: ColumnCodec,
  table: TableDefinition,
  operator: CompareOperator,
  operand: unknown,
): Condition => {
  const column = codec.name
  // null is a value of a JSON column only where SQL's NULL is not: in a column that is not nullable.
  if (operand === null && (codec.definition.kind !== 'json' || codec.definition.isNullable)) {
    if (operator === '=' || operator === '!=') return { kind: 'isNull', column, isNull: operator === '=' }
    throw invalid(table, `column "${column}": nothing is ${operator} null`)
  }
  return { kind: 'compare', column, operator, value: encodeOperand(codec, operand) }
}

const encodeOperand = (codec: ColumnCodec, operand: unknown): string | number | bigint | Uint8Array => {
  if (operand === null && codec.definition.kind === 'json') return 'null'
  const value = codec.encodeOperand(operand)
  // encodeOperand refuses null; the type of a stored value cannot say so.
  return value === null ? 'null' : value
}

/** Placeholders are padded to a power of two, and SQLite allows 32,766 of them in a statement by default. */
const listLengthMax = 2 ** 14

const compileList = (
  codec: ColumnCodec,
  table: TableDefinition,
  operand: unknown,
): ReadonlyArray<string | number | bigint | Uint8Array> => {
  if (!Array.isArray(operand)) throw invalid(table, `in of column "${codec.name}" takes an array`)
  if (operand.length > listLengthMax)
    throw invalid(table, `in of column "${codec.name}" takes at most ${listLengthMax} values`)
  return operand.map((value) => encodeOperand(codec, value))
}

/** SQLITE_MAX_LIKE_PATTERN_LENGTH, in bytes; a UTF-16 unit takes at most three. */
const patternUnitsMax = Math.floor(50_000 / 3)

const compilePattern = (codec: ColumnCodec, table: TableDefinition, operand: unknown): string => {
  if (codec.definition.kind !== 'text')
    throw invalid(table, `like needs a text column, "${codec.name}" is ${codec.definition.kind}`)
  const pattern = codec.encodeOperand(operand)
  if (typeof pattern === 'string' && pattern.length <= patternUnitsMax) return pattern
  throw invalid(table, `like of column "${codec.name}" takes a pattern of at most ${patternUnitsMax} characters`)
}

const isPlainObject = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

const invalid = (table: TableDefinition, problem: string): QueryInvalid =>
  new QueryInvalid({ table: table.name, problem })
