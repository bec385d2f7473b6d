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
import { isMarkedNullable } from './Nullable.ts'
import {
  mergeKinds,
  notNull,
  plainKind,
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
    return isMarkedNullable(node) ? { ...value, isNullTyped: true } : value
  }
  if (AliasNode.is(node)) return valueOf(node.node)
  if (ReferenceNode.is(node)) return referenceValue(node, scope)
  if (ColumnNode.is(node)) return scope.column(undefined, node.column.name)
  if (ValueNode.is(node)) return literalValue(node.value)
  if (RawNode.is(node)) return rawValue(node)
  if (CastNode.is(node)) return notNull('asserted')
  if (FunctionNode.is(node)) return functionValue(node, valueOf)
  if (AggregateFunctionNode.is(node)) return aggregateValue(node, scope, valueOf)
  if (BinaryOperationNode.is(node)) return binaryValue(node, valueOf)
  if (UnaryOperationNode.is(node)) return unaryValue(node, valueOf)
  if (AndNode.is(node) || OrNode.is(node)) return bit([valueOf(node.left), valueOf(node.right)])
  if (CaseNode.is(node)) return caseValue(node, valueOf)
  if (ValueListNode.is(node) || TupleNode.is(node)) return oneOf(node.values.map(valueOf))
  if (PrimitiveValueListNode.is(node)) return oneOf(node.values.map(literalValue))
  if (JSONReferenceNode.is(node)) return notNull(jsonPart)
  if (SelectQueryNode.is(node)) return scalarValue(columnsOf(node, scope))
  return notNull(new Unsound(`its type cannot be told (${node.kind}): write it as sql<T>\`…\``))
}

const referenceValue = ({ table, column }: ReferenceNode, scope: Scope): ResultValue => {
  if (ColumnNode.is(column)) return scope.column(table?.table.identifier.name, column.column.name)
  return notNull(new Unsound('all columns are no value'))
}

const literalValue = (value: unknown): ResultValue => {
  if (value === null) return { kind: 'null', isNullable: true, isNullTyped: true }
  if (typeof value === 'string') return notNull('text')
  if (typeof value === 'number') return notNull('number')
  if (typeof value === 'boolean') return notNull('boolean')
  if (typeof value === 'bigint') return notNull('bigint')
  // oxlint-disable-next-line no-restricted-globals -- a pure conversion
  if (value instanceof Date) return notNull('datetime')
  return notNull(value instanceof Uint8Array ? 'blob' : new Unsound('a value that SQLite does not have'))
}

/** The helpers of `kysely/helpers/sqlite` are typed as objects, but answer text; a row of booleans and dates would not survive them. */
const rawValue = ({ sqlFragments: [start = ''] }: RawNode): ResultValue => {
  const isHelper =
    start.startsWith('(select coalesce(json_group_array(json_object(') || start.startsWith('(select json_object(')
  if (!isHelper && start !== 'json_object(') return notNull('asserted')
  return notNull(new Unsound("Kysely's JSON helpers answer text, not objects: join, or query the parts by themselves"))
}

const functionValue = (node: FunctionNode, valueOf: (node: OperationNode) => ResultValue): ResultValue => {
  if (node.func !== 'coalesce') return notNull('asserted')
  const values = node.arguments.map(valueOf)
  return {
    kind: mergeKinds(values.map(({ kind }) => kind)),
    isNullable: values.every(({ isNullable }) => isNullable),
    isNullTyped: values.every(({ isNullTyped }) => isNullTyped),
  }
}

const aggregateValue = (
  { func, aggregated: [argument], filter, over }: AggregateFunctionNode,
  { isGrouped }: Scope,
  valueOf: (node: OperationNode) => ResultValue,
): ResultValue => {
  if (func === 'count') return notNull('number')
  if (!['max', 'min', 'sum', 'avg'].includes(func) || argument === undefined) return notNull('asserted')
  const { kind, isNullable, isNullTyped } = valueOf(argument)
  // Without a row, or with NULL in all of them, there is none.
  const isEver = isNullable || filter !== undefined || (!isGrouped && over === undefined)
  const isExtreme = func === 'max' || func === 'min'
  return { kind: isExtreme ? kind : 'sum', isNullable: isEver, isNullTyped: isExtreme && isNullTyped }
}

const binaryValue = (node: BinaryOperationNode, valueOf: (node: OperationNode) => ResultValue): ResultValue => {
  // An operator that is raw SQL says its type itself.
  if (!OperatorNode.is(node.operator)) return notNull('asserted')
  const { operator } = node.operator
  const [left, right] = [valueOf(node.leftOperand), valueOf(node.rightOperand)]
  if (operator === '->' || operator === '->>') return notNull(jsonPart)
  if (operator !== '||' && !isArithmeticOperator(operator)) {
    return operator.startsWith('is') ? notNull('bit') : bit([left, right])
  }
  const isDivision = operator === '/' || operator === '%'
  return {
    kind: computedKind(operator, left.kind),
    isNullable: left.isNullable || right.isNullable || isDivision,
    // Kysely types the result as its left side.
    isNullTyped: left.isNullTyped,
  }
}

const jsonPart = new Unsound(
  'parts of JSON are not typed as SQLite answers them: select the column, or write sql<T>`…`',
)

/** Kysely types the result as its left side. */
const computedKind = (operator: string, left: ValueKind): ValueKind => {
  const kind = plainKind(left)
  if (kind === 'json') return jsonPart
  if (kind === 'asserted' || kind instanceof Unsound) return kind
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
  return isKept ? { ...value, kind: kind as ValueKind } : notNull(new Unsound(`"${operator}" of it is another type`))
}

const caseValue = (
  { when = [], else: otherwise }: CaseNode,
  valueOf: (node: OperationNode) => ResultValue,
): ResultValue => {
  const values = when.flatMap(({ result }) => (result === undefined ? [] : [valueOf(result)]))
  return oneOf([...values, otherwise === undefined ? literalValue(null) : valueOf(otherwise)])
}

const oneOf = (values: ReadonlyArray<ResultValue>): ResultValue => ({
  kind: mergeKinds(values.map(({ kind }) => kind)),
  isNullable: values.some(({ isNullable }) => isNullable),
  isNullTyped: values.some(({ isNullTyped }) => isNullTyped),
})

/** Comparisons are NULL where an operand is, which Kysely's type does not say. */
const bit = (values: ReadonlyArray<ResultValue>): ResultValue => ({
  kind: 'bit',
  isNullable: values.some(({ isNullable }) => isNullable),
  isNullTyped: false,
})

/** Kysely types it as nullable. */
const scalarValue = (columns: ReadonlyArray<ResultColumn> | undefined): ResultValue => {
  const [column] = columns ?? []
  const kind = column === undefined ? 'asserted' : column.value.kind
  return { kind, isNullable: true, isNullTyped: true }
}
