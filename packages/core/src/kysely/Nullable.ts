import { type Expression, ExpressionWrapper, ParensNode } from 'kysely'

const marked = new WeakSet<object>()

/**
 * Types an expression as one that may be NULL, where Kysely does not: `max`, `min`, `sum` and `avg` over no rows,
 * comparisons with NULL, division.
 *
 * **Example**
 * ```ts
 * db.selectFrom('todos').select(({ fn }) => nullable(fn.max('createdAt')).as('latest'))
 * ```
 */
export const nullable = <E extends Expression<unknown>>(
  expression: E,
): ExpressionWrapper<never, never, (E extends Expression<infer T> ? T : never) | null> => {
  const node = ParensNode.create(expression.toOperationNode())
  marked.add(node)
  return new ExpressionWrapper(node)
}

export const isMarkedNullable = (node: ParensNode): boolean => marked.has(node)
