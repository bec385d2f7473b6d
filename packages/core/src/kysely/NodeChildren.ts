import { AggregateFunctionNode, FunctionNode, type OperationNode, RawNode, SelectQueryNode } from 'kysely'

/** The nodes directly below one. Values are none, whatever they look like. */
export const childrenOf = (node: OperationNode): ReadonlyArray<OperationNode> =>
  node.kind === 'ValueNode' || node.kind === 'PrimitiveValueListNode'
    ? []
    : Object.values(node).flatMap((child: unknown) => (Array.isArray(child) ? child : [child]).filter(isNode))

const isNode = (value: unknown): value is OperationNode =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'

const aggregates = /\b(count|sum|total|avg|min|max|group_concat|string_agg|median|percentile\w*|jsonb?_group_\w+)\s*\(/i

/** Whether it makes an aggregate of the SELECT that it is part of; of raw SQL also if it only looks like it. */
export const isAggregating = (node: OperationNode): boolean => {
  if (SelectQueryNode.is(node)) return false
  if (AggregateFunctionNode.is(node) && node.over === undefined) return true
  if (FunctionNode.is(node) && aggregates.test(`${node.func}(`)) return true
  if (RawNode.is(node) && aggregates.test(node.sqlFragments.join('?'))) return true
  return childrenOf(node).some(isAggregating)
}
