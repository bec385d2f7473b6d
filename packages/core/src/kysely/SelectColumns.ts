import {
  AliasNode,
  BinaryOperationNode,
  ColumnNode,
  IdentifierNode,
  type JoinNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  RawNode,
  ReferenceNode,
  SelectAllNode,
  SelectQueryNode,
  type SelectionNode,
  TableNode,
  type WithNode,
} from 'kysely'
import type { ColumnCodec } from '../schema/ColumnCodec.ts'
import type { TableDefinition } from '../schema/TableDefinition.ts'
import { expressionValue } from './ExpressionValue.ts'
import { KyselyInvalid, UnknownTable } from './KyselyError.ts'
import { childrenOf, isAggregating } from './NodeChildren.ts'
import { columnValue, oneOf, type ResultColumn, Unsound } from './ResultValue.ts'
import { type Names, Scope, type Source } from './Scope.ts'

/**
 * What a SELECT answers and which tables it names: columns with how they are decoded, found by following every name
 * through aliases, joins, sub-queries, common table expressions and unions to its table.
 */
export interface SelectShape {
  readonly columns: ReadonlyArray<ResultColumn>
  readonly tables: ReadonlyArray<TableDefinition>
  /** What is compared with a JSON column, by its node: bound as the column's text. */
  readonly operands: ReadonlyMap<OperationNode, JsonOperand>
}

export interface JsonOperand {
  readonly codec: ColumnCodec
  /** Of an array: it is one value, not a list of them. */
  readonly isWhole: boolean
}

/** **Fails with**  throws `UnknownTable`, `UnknownColumn`, `KyselyInvalid`. */
export const selectShape = (node: OperationNode, tables: ReadonlyMap<string, TableDefinition>): SelectShape => {
  const walk = new SelectWalk()
  const columns = walk.columns(node, { tables, expressions: new Map() }, undefined)
  if (columns === undefined)
    throw new KyselyInvalid({ problem: 'it selects all columns of raw SQL: name the columns, which nobody knows' })
  for (const column of columns) checkColumn(column, columns)
  return { columns, tables: [...walk.tables], operands: walk.operands }
}

const checkColumn = (column: ResultColumn, columns: ReadonlyArray<ResultColumn>): void => {
  const { name, value } = column
  if (columns.some((other) => other !== column && other.name === name))
    throw new KyselyInvalid({ problem: `the result has two columns "${name}": give one of them an alias` })
  if (value.kind instanceof Unsound) throw new KyselyInvalid({ problem: `column "${name}": ${value.kind.why}` })
  if (value.nulls === 'hidden')
    throw new KyselyInvalid({
      problem: `column "${name}" may be NULL, which Kysely's type does not say: select nullable(…).as('${name}')`,
    })
}

class SelectWalk {
  readonly tables = new Set<TableDefinition>()
  readonly operands = new Map<OperationNode, JsonOperand>()

  /** `undefined`: all columns of raw SQL are among them. */
  columns(node: OperationNode, names: Names, outer: Scope | undefined): ReadonlyArray<ResultColumn> | undefined {
    if (ParensNode.is(node)) return this.columns(node.node, names, outer)
    if (!SelectQueryNode.is(node)) {
      if (writes.has(node.kind))
        throw new KyselyInvalid({ problem: 'it writes; commit an event, whose materializer does' })
      this.#check(node, new Scope(names, outer, false))
      return undefined
    }
    const inner = node.with === undefined ? names : this.#withNames(node.with, names, outer)
    const own = this.#ownColumns(node, inner, outer)
    return (node.setOperations ?? []).reduce<ReadonlyArray<ResultColumn> | undefined>(
      (columns, { expression }) => unionColumns(columns, this.columns(expression, inner, outer)),
      own,
    )
  }

  #withNames({ expressions, recursive }: WithNode, names: Names, outer: Scope | undefined): Names {
    let known = names
    for (const { name, expression } of expressions) {
      const table = name.table.table.identifier.name
      const named = (columns: ReadonlyArray<ResultColumn> | undefined): Names => ({
        ...known,
        expressions: new Map(known.expressions).set(
          table,
          columns?.map((column, index) => ({ ...column, name: name.columns?.[index]?.column.name ?? column.name })),
        ),
      })
      // A recursive one reads what its first part answers.
      const isBased = recursive === true && SelectQueryNode.is(expression)
      const inner = isBased ? named(this.#ownColumns(expression, known, outer)) : known
      known = named(this.columns(expression, inner, outer))
    }
    return known
  }

  #ownColumns(node: SelectQueryNode, names: Names, outer: Scope | undefined): ReadonlyArray<ResultColumn> | undefined {
    const scope = new Scope(names, outer, node.groupBy !== undefined)
    for (const from of node.from?.froms ?? []) scope.add(this.#source(from, names, outer))
    for (const join of node.joins ?? []) this.#join(join, scope, outer)
    const { groupBy, having, orderBy, selections = [] } = node
    scope.isAggregated =
      groupBy === undefined &&
      [...selections, having, orderBy].some((part) => part !== undefined && isAggregating(part))
    const columns: Array<ResultColumn> = []
    let isKnown = true
    for (const { selection } of selections) {
      const selected = this.#selected(selection, scope)
      if (selected === undefined) isKnown = false
      else columns.push(...selected)
    }
    scope.aliases = new Set(columns.map(({ name }) => name))
    const { where, limit, offset, joins = [] } = node
    const parts = [...selections, ...joins.map(({ on }) => on), where, groupBy, having, orderBy, limit, offset]
    for (const part of parts) if (part !== undefined) this.#check(part, scope)
    return isKnown ? columns : undefined
  }

  #join({ joinType, table }: JoinNode, scope: Scope, outer: Scope | undefined): void {
    const source = this.#source(table, scope.names, outer)
    if (joinType === 'RightJoin' || joinType === 'FullJoin') scope.makeNullable(() => true)
    scope.add(source)
    if (joinType === 'LeftJoin' || joinType === 'FullJoin') scope.makeNullable(({ name }) => name === source.name)
  }

  #source(node: OperationNode, names: Names, outer: Scope | undefined): Source {
    if (TableNode.is(node)) return this.#table(node, names)
    if (!AliasNode.is(node)) throw new KyselyInvalid({ problem: 'what stands behind from or join needs an alias' })
    const columns = TableNode.is(node.node)
      ? this.#table(node.node, names).columns
      : this.columns(node.node, names, outer)
    return { name: aliasOf(node), columns }
  }

  #table({ table: { identifier, schema } }: TableNode, { tables, expressions }: Names): Source {
    const { name } = identifier
    if (schema === undefined && expressions.has(name)) return { name, columns: expressions.get(name) }
    const table = schema === undefined ? tables.get(name) : undefined
    if (table === undefined) throw new UnknownTable({ table: name, known: [...tables.keys(), ...expressions.keys()] })
    this.tables.add(table)
    return { name, columns: table.columns.map((codec) => ({ name: codec.name, value: columnValue(codec) })) }
  }

  #selected(node: SelectionNode['selection'], scope: Scope): ReadonlyArray<ResultColumn> | undefined {
    if (SelectAllNode.is(node)) return allColumns(scope.sources)
    if (ReferenceNode.is(node) && SelectAllNode.is(node.column)) {
      const { table } = node
      return allColumns(table === undefined ? scope.sources : [scope.source(table.table.identifier.name)])
    }
    const value = expressionValue(node, scope, (inner, at) => this.columns(inner, at.names, at))
    if (AliasNode.is(node)) return [{ name: aliasOf(node), value }]
    return [{ name: ReferenceNode.is(node) ? (node.column as ColumnNode).column.name : node.column.name, value }]
  }

  /** Every name below `node` is one, and what is compared with JSON is bound as such. */
  #check(node: OperationNode, scope: Scope): void {
    if (writes.has(node.kind))
      throw new KyselyInvalid({ problem: 'it writes; commit an event, whose materializer does' })
    if (SelectQueryNode.is(node)) return void this.columns(node, scope.names, scope)
    if (ReferenceNode.is(node) || ColumnNode.is(node)) return this.#checkName(node, scope)
    // The names in raw SQL may be its own.
    if (RawNode.is(node)) return this.#checkRaw(node, scope)
    if (BinaryOperationNode.is(node)) this.#noteOperands(node, scope)
    for (const child of childrenOf(node)) this.#check(child, scope)
  }

  #checkRaw({ parameters }: RawNode, scope: Scope): void {
    for (const parameter of parameters) if (SelectQueryNode.is(parameter)) this.#check(parameter, scope)
  }

  #checkName(node: ReferenceNode | ColumnNode, scope: Scope): void {
    const column = ReferenceNode.is(node) ? node.column : node
    const table = ReferenceNode.is(node) ? node.table?.table.identifier.name : undefined
    if (!ColumnNode.is(column)) return void (table === undefined || scope.source(table))
    const { name } = column.column
    if (table === undefined && scope.aliases.has(name)) return
    scope.column(table, name)
  }

  #noteOperands({ leftOperand, operator, rightOperand }: BinaryOperationNode, scope: Scope): void {
    const isWhole = !OperatorNode.is(operator) || !operator.operator.endsWith('in')
    for (const [column, operand] of [
      [leftOperand, rightOperand],
      [rightOperand, leftOperand],
    ] as const) {
      if (!ReferenceNode.is(column) || !ColumnNode.is(column.column)) continue
      const name = column.column.column.name
      if (column.table === undefined && scope.aliases.has(name)) continue
      const { kind } = scope.column(column.table?.table.identifier.name, name)
      if (typeof kind !== 'object' || kind instanceof Unsound || kind.definition.kind !== 'json') continue
      for (const value of [operand, ...childrenOf(operand)]) this.operands.set(value, { codec: kind, isWhole })
    }
  }
}

const writes: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'MergeQueryNode'])

const aliasOf = ({ alias }: AliasNode): string => {
  if (IdentifierNode.is(alias)) return alias.name
  throw new KyselyInvalid({ problem: 'an alias is a name, not raw SQL' })
}

const allColumns = (sources: ReadonlyArray<Source>): ReadonlyArray<ResultColumn> | undefined =>
  sources.some(({ columns }) => columns === undefined) ? undefined : sources.flatMap(({ columns = [] }) => columns)

/** SQL unites columns by place, Kysely's types by name: both have to be the same. */
const unionColumns = (
  a: ReadonlyArray<ResultColumn> | undefined,
  b: ReadonlyArray<ResultColumn> | undefined,
): ReadonlyArray<ResultColumn> | undefined => {
  if (a === undefined || b === undefined) return undefined
  if (a.length !== b.length || a.some(({ name }, index) => name !== b[index]?.name))
    throw new KyselyInvalid({ problem: 'the parts of a union select their columns in different orders' })
  return a.map(({ name, value }, index) => {
    return { name, value: oneOf([value, b[index]?.value ?? value]) }
  })
}
