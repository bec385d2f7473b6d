import type { ReferenceAction } from './Column.ts'
import type { ColumnCodec } from './ColumnCodec.ts'
import { SchemaInvalid } from './SchemaError.ts'
import { isUniqueColumn } from './TableDefinition.ts'
import type { TableDefinition } from './TableDefinition.ts'

/**
 * Foreign keys between the tables of one schema: which are possible, which scopes they may join, and in which order
 * tables are created.
 *
 * Only immediate keys exist: each statement checks its own, so no event can leave a broken one for the next event to
 * mend, and a batch fails exactly where single events would. Cycles and self references are possible (with nullable
 * columns); SQLite resolves references when rows are written, not when tables are created.
 *
 * Scopes. Synced tables must be the same on every client, client-only tables differ. Let a table be *exposed* if it is
 * client-only and references a synced table or another exposed table: what synced events do reaches it.
 *  1. A synced table references no client-only table: whether its writes succeed would depend on the client.
 *  2. A reference from a client-only table to a synced or an exposed table has an action that cannot fail, for deleting
 *     and for updating: CASCADE, or SET NULL on a nullable column. NO ACTION and RESTRICT would refuse a synced write
 *     on the clients that have such rows. The cascade changes client-only rows only, so clients stay equal.
 *
 * **Source**  spec section 2, "Scope of a table".
 */

interface ForeignKey {
  readonly child: TableDefinition
  readonly column: ColumnCodec
  readonly parent: TableDefinition
  readonly onDelete: ReferenceAction
  readonly onUpdate: ReferenceAction
}

/** **Fails with** throws `SchemaInvalid` for a key SQLite could not check, or one that joins scopes wrongly. */
export const checkForeignKeys = (tables: ReadonlyArray<TableDefinition>): void => {
  const keys = foreignKeysOf(tables)
  const exposed = exposedTables(keys)
  for (const key of keys) checkScope(key, exposed)
}

/** Tables with every referenced table before those that reference it, as far as there are no cycles; else as declared. */
export const orderByReference = (tables: ReadonlyArray<TableDefinition>): ReadonlyArray<TableDefinition> => {
  const keys = foreignKeysOf(tables)
  const ordered = new Set<TableDefinition>()
  const visiting = new Set<TableDefinition>()
  const visit = (table: TableDefinition): void => {
    if (ordered.has(table) || visiting.has(table)) return
    visiting.add(table)
    for (const key of keys) if (key.child === table) visit(key.parent)
    ordered.add(table)
  }
  for (const table of tables) visit(table)
  return [...ordered]
}

const foreignKeysOf = (tables: ReadonlyArray<TableDefinition>): ReadonlyArray<ForeignKey> =>
  tables.flatMap((child) => child.columns.flatMap((column) => foreignKeyOf(tables, child, column)))

const foreignKeyOf = (
  tables: ReadonlyArray<TableDefinition>,
  child: TableDefinition,
  column: ColumnCodec,
): ReadonlyArray<ForeignKey> => {
  const { reference } = column.definition
  if (reference === undefined) return []
  const { table, name } = reference.target()
  const text = `"${child.name}"."${column.name}" references "${table}"."${name}"`
  const parent = tables.find((candidate) => candidate.name === table)
  const key = parent?.columnByName.get(name)
  if (parent === undefined || key === undefined)
    throw new SchemaInvalid({ problem: `${text}, which is not in the schema` })
  if (!isUniqueColumn(parent, name))
    throw new SchemaInvalid({ problem: `${text}, which is neither a primary key nor unique` })
  if (key.definition.kind !== column.definition.kind)
    throw new SchemaInvalid({ problem: `${text}, a column of another kind` })
  for (const action of [reference.onDelete, reference.onUpdate]) checkAction(text, column, action)
  return [{ child, column, parent, onDelete: reference.onDelete, onUpdate: reference.onUpdate }]
}

const actions: ReadonlySet<string> = new Set<ReferenceAction>(['NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL'])

const checkAction = (text: string, column: ColumnCodec, action: string): void => {
  if (!actions.has(action)) throw new SchemaInvalid({ problem: `${text}: there is no action "${action}"` })
  if (action === 'SET NULL' && !column.definition.isNullable) {
    throw new SchemaInvalid({ problem: `${text}: SET NULL needs a nullable column` })
  }
}

const exposedTables = (keys: ReadonlyArray<ForeignKey>): ReadonlySet<TableDefinition> => {
  const exposed = new Set<TableDefinition>()
  // At most one round per table: each adds at least one or is the last.
  for (let before = -1; before < exposed.size;) {
    before = exposed.size
    for (const { child, parent } of keys) {
      if (child.isClientOnly && (!parent.isClientOnly || exposed.has(parent))) exposed.add(child)
    }
  }
  return exposed
}

const checkScope = (key: ForeignKey, exposed: ReadonlySet<TableDefinition>): void => {
  const { child, column, parent, onDelete, onUpdate } = key
  const text = `"${child.name}"."${column.name}" references "${parent.name}"`
  if (!child.isClientOnly && parent.isClientOnly) {
    throw new SchemaInvalid({
      problem: `${text}: a synced table cannot reference a client-only one, clients would diverge`,
    })
  }
  if (!child.isClientOnly || (parent.isClientOnly && !exposed.has(parent))) return
  for (const [event, action] of [
    ['onDelete', onDelete],
    ['onUpdate', onUpdate],
  ] as const) {
    if (action === 'CASCADE' || action === 'SET NULL') continue
    const problem = `${text}: ${event} must be CASCADE or SET NULL, or client-only rows could refuse what synced events do`
    throw new SchemaInvalid({ problem })
  }
}
