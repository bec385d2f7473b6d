import {
  AndNode,
  BinaryOperationNode,
  type CompiledQuery,
  type OperationNode,
  type PrimitiveValueListNode,
  type RootOperationNode,
  SqliteQueryCompiler,
  UnaryOperationNode,
  type ValueNode,
} from 'kysely'
import { bindable } from '../query/Sql.ts'
import { RowInvalid } from '../query/SqlError.ts'
import type { Query } from '../schema/Query.ts'
import type { SqliteRow, SqliteValue } from '../schema/SqliteValue.ts'
import type { TableDefinition } from '../schema/TableDefinition.ts'
import { decodeValue, needsBigint, ValueMisfit } from './ResultValue.ts'
import { type JsonOperand, selectShape, type SelectShape } from './SelectColumns.ts'

export type Row = Readonly<Record<string, unknown>>

/** A query of ours in both shapes. */
export interface ReadyQuery {
  readonly rows: Query<ReadonlyArray<Row>>
  readonly first: Query<Row | undefined>
}

const readyQueries = new WeakMap<CompiledQuery, ReadyQuery>()

/** `undefined`: compiled by a Kysely that `kyselyOf` did not make. */
export const readyQueryOf = (compiled: CompiledQuery): ReadyQuery | undefined => readyQueries.get(compiled)

/**
 * Compiles Kysely's queries of one schema, each once: Kysely's nodes are immutable, and a builder answers with the same
 * one every time. Statements are then cached by their text, as all are.
 *
 * **Fails with**  `UnknownTable`, `UnknownColumn`, `KyselyInvalid`, `SqlParameterInvalid`, `InvalidColumnValue`.
 */
export class SchemaCompiler extends SqliteQueryCompiler {
  readonly #tables: ReadonlyMap<string, TableDefinition>
  readonly #compiled = new WeakMap<RootOperationNode, CompiledQuery>()
  #operands: ReadonlyMap<OperationNode, JsonOperand> = new Map()

  constructor(tables: ReadonlyMap<string, TableDefinition>) {
    super()
    this.#tables = tables
  }

  override compileQuery(node: RootOperationNode, queryId: CompiledQuery['queryId']): CompiledQuery {
    const known = this.#compiled.get(node)
    if (known !== undefined) return known
    const shape = selectShape(node, this.#tables)
    this.#operands = shape.operands
    const compiled = super.compileQuery(node, queryId)
    readyQueries.set(compiled, readyQuery(compiled.sql, compiled.parameters as ReadonlyArray<SqliteValue>, shape))
    this.#compiled.set(node, compiled)
    return compiled
  }

  protected override visitValue(node: ValueNode): void {
    // oxlint-disable-next-line no-restricted-globals -- a pure conversion
    if (node.immediate === true && node.value instanceof Date) this.append(String(node.value.getTime()))
    else if (node.immediate === true) super.visitValue(node)
    else this.#appendOperand(node, node.value)
  }

  protected override visitPrimitiveValueList(node: PrimitiveValueListNode): void {
    // Kysely takes any array for a list.
    if (this.#operands.get(node)?.isWhole === true) return this.#appendOperand(node, node.values)
    this.append('(')
    for (const [index, value] of node.values.entries()) {
      if (index > 0) this.append(', ')
      this.#appendOperand(node, value)
    }
    this.append(')')
  }

  // Kysely writes operators inside operators without parentheses: SQL would read another expression than the one built.
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    this.#asOperand(() => super.visitBinaryOperation(node))
  }

  protected override visitUnaryOperation(node: UnaryOperationNode): void {
    this.#asOperand(() => super.visitUnaryOperation(node))
  }

  #asOperand(write: () => void): void {
    const [parent, outer] = [this.nodeStack.at(-2), this.nodeStack.at(-3)]
    const isOf = (ancestor: OperationNode | undefined): boolean =>
      ancestor !== undefined && (BinaryOperationNode.is(ancestor) || UnaryOperationNode.is(ancestor))
    // `between` has its bounds in an AndNode.
    const isOperand = isOf(parent) || (parent !== undefined && AndNode.is(parent) && isOf(outer))
    if (isOperand) this.append('(')
    write()
    if (isOperand) this.append(')')
  }

  #appendOperand(node: OperationNode, value: unknown): void {
    const operand = this.#operands.get(node)
    super.appendValue(operand === undefined || value === null ? value : operand.codec.encodeOperand(value))
  }

  protected override addParameter(value: unknown): void {
    super.addParameter(bindable(value, this.numParameters))
  }
}

const readyQuery = (sql: string, params: ReadonlyArray<SqliteValue>, { columns, tables }: SelectShape): ReadyQuery => {
  const decodeRow = (row: SqliteRow, index: number): Row => {
    const decoded: Record<string, unknown> = {}
    for (const [place, { name, value }] of columns.entries()) {
      try {
        decoded[name] = decodeValue(value, row[place] ?? null)
      } catch (error) {
        if (!(error instanceof ValueMisfit)) throw error
        throw new RowInvalid({ sql, index, path: `$.${name}`, problem: error.problem })
      }
    }
    return decoded
  }
  const base = {
    kind: 'query',
    sql,
    params,
    integers: columns.some(({ value }) => needsBigint(value)) ? 'bigint' : 'number',
    source: undefined,
    tables,
  } as const
  return {
    rows: { ...base, shape: 'rows', decode: (rows) => rows.map(decodeRow) },
    first: { ...base, shape: 'first', decode: ([row]) => (row === undefined ? undefined : decodeRow(row, 0)) },
  }
}
