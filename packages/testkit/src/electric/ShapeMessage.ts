/** What a shape's readers are told of a change in PostgreSQL: messages as JSON. */
import type { PgChange, PgTuple } from './PgOutput.ts'
import type { PgTransaction } from './ReplicationStream.ts'
import { type ShapeDefinition, isInShape } from './ShapeDefinition.ts'
import { rowKey } from './ShapeTable.ts'

/** Values as text, by column. */
export type ShapeRow = ReadonlyMap<string, string | null | undefined>

/** One message, without what only the whole transaction knows. */
interface ShapeOperation {
  readonly opPosition: number
  readonly operation: 'insert' | 'update' | 'delete'
  readonly row: ShapeRow
  readonly columns: ReadonlyArray<string>
  readonly headers?: object
}

/** A message of the log and its place in the transaction. */
export interface ShapeMessage {
  readonly opPosition: number
  readonly json: string
}

/** The transaction, as far as it concerns the shape. */
export const messagesOf = (definition: ShapeDefinition, transaction: PgTransaction): ReadonlyArray<ShapeMessage> => {
  const operations = transaction.changes.flatMap((change, index) => operationsOf(definition, change, index))
  return operations.map(({ opPosition, operation, row, columns, headers }, index) => {
    const told = {
      ...headers,
      lsn: String(transaction.lsn),
      op_position: opPosition,
      txids: [Number(transaction.xid)],
      ...(index === operations.length - 1 ? { last: true } : {}),
    }
    return { opPosition, json: messageJson(definition, operation, row, columns, told) }
  })
}

/** A row of the snapshot. */
export const snapshotMessage = (definition: ShapeDefinition, row: ShapeRow): string =>
  messageJson(definition, 'insert', row, definition.columns)

const messageJson = (
  { table }: ShapeDefinition,
  operation: string,
  row: ShapeRow,
  columns: ReadonlyArray<string>,
  headers?: object,
): string =>
  JSON.stringify({
    key: rowKey(table, row),
    value: Object.fromEntries(columns.map((name) => [name, row.get(name) ?? null])),
    headers: { operation, relation: [table.schema, table.name], ...headers },
  })

const operationsOf = (definition: ShapeDefinition, change: PgChange, index: number): Array<ShapeOperation> => {
  if (change._tag === 'truncate' || change.oid !== definition.table.oid) return []
  const old = change._tag === 'insert' || change.old === undefined ? undefined : rowOf(definition, change.old)
  const row = change._tag === 'delete' ? undefined : rowOf(definition, change.row, old)
  const was = old !== undefined && isInShape(definition, old) ? old : undefined
  const is = row !== undefined && isInShape(definition, row) ? row : undefined
  const { columns, table } = definition
  // An update may be a delete and an insert: positions leave room for both.
  const opPosition = 2 * index
  if (was === undefined && is === undefined) return []
  if (was === undefined && is !== undefined) return [{ opPosition, operation: 'insert', row: is, columns }]
  if (was !== undefined && is === undefined) {
    return [{ opPosition, operation: 'delete', row: was, columns: table.keyColumns }]
  }
  return was === undefined || is === undefined ? [] : updatesOf(definition, was, is, opPosition)
}

const updatesOf = (
  { table, columns }: ShapeDefinition,
  was: ShapeRow,
  is: ShapeRow,
  opPosition: number,
): Array<ShapeOperation> => {
  const [from, to] = [rowKey(table, was), rowKey(table, is)]
  if (from !== to) {
    return [
      { opPosition, operation: 'delete', row: was, columns: table.keyColumns, headers: { key_change_to: to } },
      { opPosition: opPosition + 1, operation: 'insert', row: is, columns, headers: { key_change_from: from } },
    ]
  }
  const changed = columns.filter((name) => was.get(name) !== is.get(name))
  const sent = columns.filter((name) => changed.includes(name) || table.keyColumns.includes(name))
  return changed.length === 0 ? [] : [{ opPosition, operation: 'update', row: is, columns: sent }]
}

/** A large value that did not change is not sent; with the old row whole it is known. */
const rowOf = ({ table }: ShapeDefinition, tuple: PgTuple, old?: ShapeRow): ShapeRow =>
  new Map(table.columns.map(({ name }, index) => [name, tuple[index] === undefined ? old?.get(name) : tuple[index]]))
