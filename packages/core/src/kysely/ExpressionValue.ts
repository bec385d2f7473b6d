import {
  AggregateFunctionNode,
  AliasNode,
  AndNode,
  BinaryOperationNode,
  CaseNode,
  CastNode,
  ColumnNode,
  FunctionNode,
  isArithmeticOperator,
  JSONReferenceNode,
  type OperationNode,
  OperatorNode,
  OrNode,
  ParensNode,
  PrimitiveValueListNode,
  RawNode,
  ReferenceNode,
  SelectQueryNode,
  TupleNode,
  UnaryOperationNode,
  ValueListNode,
  ValueNode,
} from 'kysely'
import { KyselyInvalid } from './KyselyError.ts'
import { childrenOf } from './NodeChildren.ts'
import { isMarkedNullable } from './Nullable.ts'
import {
  asserted,
  notNull,
  oneOf,
  plainKind,
  unsound,
  type ResultColumn,
  type ResultValue,
  Unsound,
  type ValueKind,
} from './ResultValue.ts'
import type { Scope } from './Scope.ts'

/** How an expression gets at the columns of a sub-query. */
export type ColumnsOf = (node: OperationNode, scope: Scope) => ReadonlyArray<ResultColumn> | undefined

/**
 * What an expression answers, as far as its parts tell: the rules that Kysely's types follow, applied to what is known at
 * run time. What they do not cover is `Unsound`.
 *
 * **Fails with**  `UnknownTable`, `UnknownColumn`, `KyselyInvalid`.
 */
export const expressionValue = (node: OperationNode, scope: Scope, columnsOf: ColumnsOf): ResultValue => {
  const valueOf = (inner: OperationNode): ResultValue => expressionValue(inner, scope, columnsOf)
  if (ParensNode.is(node)) {
    const value = valueOf(node.node)
    return isMarkedNullable(node) ? { ...value, nulls: 'typed' } : value
  }
  if (AliasNode.is(node)) return valueOf(node.node)
  if (ReferenceNode.is(node)) return referenceValue(node, scope)
  if (ColumnNode.is(node)) return scope.column(undefined, node.column.name)
  if (ValueNode.is(node)) return literalValue(node.value)
  if (RawNode.is(node)) return rawValue(node)
  if (CastNode.is(node)) return asserted
  if (FunctionNode.is(node)) return functionValue(node, valueOf)
  if (AggregateFunctionNode.is(node)) return aggregateValue(node, scope, valueOf)
  if (BinaryOperationNode.is(node)) return binaryValue(node, valueOf)
  if (UnaryOperationNode.is(node)) return unaryValue(node, valueOf)
  if (AndNode.is(node) || OrNode.is(node)) return bit([valueOf(node.left), valueOf(node.right)])
  if (CaseNode.is(node)) return caseValue(node, valueOf)
  if (ValueListNode.is(node) || TupleNode.is(node)) return oneOf(node.values.map(valueOf))
  if (PrimitiveValueListNode.is(node)) return oneOf(node.values.map(literalValue))
  if (JSONReferenceNode.is(node)) return jsonPart
  if (SelectQueryNode.is(node)) return scalarValue(columnsOf(node, scope))
  return unsound(`its type cannot be told (${node.kind}): write it as sql<T>\`…\``)
}

const referenceValue = ({ table, column }: ReferenceNode, scope: Scope): ResultValue => {
  if (ColumnNode.is(column)) return scope.column(table?.table.identifier.name, column.column.name)
  return unsound('all columns are no value')
}

const literalValue = (value: unknown): ResultValue => {
  if (value === null) return { kind: 'null', nulls: 'typed' }
  if (typeof value === 'string') return notNull('text')
  if (typeof value === 'number') return notNull('number')
  if (typeof value === 'boolean') return notNull('boolean')
  if (typeof value === 'bigint') return notNull('bigint')
  // oxlint-disable-next-line no-restricted-globals -- a pure conversion
  if (value instanceof Date) return notNull('datetime')
  return value instanceof Uint8Array ? notNull('blob') : unsound('a value that SQLite does not have')
}

/** The helpers of `kysely/helpers/sqlite` are typed as objects, but answer text; a row of booleans and dates would not survive them. */
const rawValue = ({ sqlFragments: [start = ''] }: RawNode): ResultValue => {
  const isHelper =
    start.startsWith('(select coalesce(json_group_array(json_object(') || start.startsWith('(select json_object(')
  if (!isHelper && start !== 'json_object(') return asserted
  return unsound("Kysely's JSON helpers answer text, not objects: join, or query the parts by themselves")
}

const functionValue = (node: FunctionNode, valueOf: (node: OperationNode) => ResultValue): ResultValue => {
  if (node.func !== 'coalesce') return asserted
  const values = node.arguments.map(valueOf)
  const { kind } = oneOf(values)
  const all = values.map(({ nulls }) => nulls)
  const nulls = (['never', 'hidden', 'asserted'] as const).find((one) => all.includes(one)) ?? 'typed'
  return { kind, nulls }
}

const aggregateValue = (
  node: AggregateFunctionNode,
  scope: Scope,
  valueOf: (node: OperationNode) => ResultValue,
): ResultValue => {
  const { func, aggregated, filter, over } = node
  const [argument] = aggregated
  checkOwn(aggregated, scope)
  if (func === 'count') return notNull('number')
  if (!['max', 'min', 'sum', 'avg'].includes(func) || argument === undefined) return asserted
  const { kind, nulls } = valueOf(argument)
  // Without a row, or with NULL in all of them, there is none.
  const isEverEmpty = filter !== undefined || (!scope.isGrouped && over === undefined)
  if (func === 'sum' || func === 'avg') {
    return { kind: 'sum', nulls: isEverEmpty || nulls !== 'never' ? 'hidden' : 'never' }
  }
  return { kind, nulls: isEverEmpty && nulls !== 'typed' ? 'hidden' : nulls }
}

/** An aggregate of columns of an outer SELECT aggregates that one, which its types would not show. */
const checkOwn = (nodes: ReadonlyArray<OperationNode>, scope: Scope): void => {
  const names = nodes.flatMap(namesIn)
  if (names.length === 0 || names.some(([table, name]) => scope.isOwn(table, name))) return
  const [table, name] = names[0]!
  // Unknown ones are told of as such.
  scope.column(table, name)
  throw new KyselyInvalid({ problem: `an aggregate of "${name}" belongs into the SELECT that has this column` })
}

const namesIn = (node: OperationNode): ReadonlyArray<readonly [string | undefined, string]> => {
  if (ReferenceNode.is(node))
    return ColumnNode.is(node.column) ? [[node.table?.table.identifier.name, node.column.column.name]] : []
  if (ColumnNode.is(node)) return [[undefined, node.column.name]]
  return SelectQueryNode.is(node) ? [] : childrenOf(node).flatMap(namesIn)
}

const binaryValue = (node: BinaryOperationNode, valueOf: (node: OperationNode) => ResultValue): ResultValue => {
  // An operator that is raw SQL says its type itself.
  if (!OperatorNode.is(node.operator)) return asserted
  const { operator } = node.operator
  const [left, right] = [valueOf(node.leftOperand), valueOf(node.rightOperand)]
  if (operator === '->' || operator === '->>') return jsonPart
  if (operator !== '||' && !isArithmeticOperator(operator)) {
    return operator.startsWith('is') ? notNull('bit') : bit([left, right])
  }
  const kind = computedKind(operator, left.kind)
  // Kysely types the result as its left side.
  const isElseNull = right.nulls !== 'never' || operator === '/' || operator === '%'
  return { kind, nulls: isElseNull && left.nulls !== 'typed' ? 'hidden' : left.nulls }
}

const jsonPart = unsound('parts of JSON are not typed as SQLite answers them: select the column, or write sql<T>`…`')

/** Kysely types the result as its left side. */
const computedKind = (operator: string, left: ValueKind): ValueKind => {
  const kind = plainKind(left)
  if (kind === 'json') return jsonPart.kind
  if (kind instanceof Unsound) return kind
  const isKept =
    operator === '||'
      ? kind === 'text'
      : kind === 'number' ||
        kind === 'bigint' ||
        kind === 'sum' ||
        (kind === 'datetime' && (operator === '+' || operator === '-'))
  return isKept
    ? kind
    : new Unsound(`"${operator}" does not answer ${kind}, as Kysely types it: write it as sql<T>\`…\``)
}

const unaryValue = (node: UnaryOperationNode, valueOf: (node: OperationNode) => ResultValue): ResultValue => {
  const operator = OperatorNode.is(node.operator) ? node.operator.operator : ''
  const value = valueOf(node.operand)
  if (operator === 'exists' || operator === 'not exists') return notNull('bit')
  const kind = plainKind(value.kind)
  const isKept = operator === 'not' ? kind === 'boolean' || kind === 'bit' : kind === 'number' || kind === 'bigint'
  return { ...value, kind: isKept ? (kind as ValueKind) : new Unsound(`"${operator}" of it is another type`) }
}

const caseValue = (
  { when = [], else: otherwise }: CaseNode,
  valueOf: (node: OperationNode) => ResultValue,
): ResultValue => {
  const values = when.flatMap(({ result }) => (result === undefined ? [] : [valueOf(result)]))
  return oneOf([...values, otherwise === undefined ? literalValue(null) : valueOf(otherwise)])
}

/** Comparisons are NULL where an operand is, which Kysely's type does not say. */
const bit = (values: ReadonlyArray<ResultValue>): ResultValue => ({
  kind: 'bit',
  nulls: values.every(({ nulls }) => nulls === 'never') ? 'never' : 'hidden',
})

/** Kysely types it as nullable. */
const scalarValue = (columns: ReadonlyArray<ResultColumn> | undefined): ResultValue => ({
  kind: columns?.[0]?.value.kind ?? 'asserted',
  nulls: 'typed',
})
