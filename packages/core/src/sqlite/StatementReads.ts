import type { SqliteConnection, SqliteValue } from './SqliteConnection.ts'
import { explainAll, type Instruction, readAll } from './StatementProgram.ts'

/**
 * Which columns of which tables a SELECT reads, by name as in `sqlite_schema`; `undefined` for every column.
 *
 * | Opcode                     | Says                                                                       |
 * | -------------------------- | -------------------------------------------------------------------------- |
 * | `OpenRead`, `ReopenIdx`    | cursor p1 stands on root page p2 of database p3                             |
 * | `Column`                   | column p2 of cursor p1 is read                                              |
 * | `RowData`, `RowCell`, `Offset` | the whole row of cursor p1                                              |
 *
 * An index that is opened is searched by its columns without any `Column`: all of them count as read. A table without a
 * rowid stores its columns in another order: all of them count. The rowid does not: a row that gets another one is
 * another row.
 *
 * **Source**  sqlite.org/opcode.html; a property test of live queries compares with reading again after every change.
 */
export type StatementReads = ReadonlyMap<string, ReadonlySet<string> | undefined>

/** Explains `sql`, a SELECT. **Fails with** throws `SqliteError` if it does not compile. */
export const statementReads = (
  connection: Pick<SqliteConnection, 'prepare'>,
  sql: string,
  params: ReadonlyArray<SqliteValue>,
): StatementReads => {
  const instructions = explainAll(connection, sql, params)
  const trees = treesOf(connection)
  const reads = new Map<string, Set<string> | undefined>()
  const read = (table: string, columns: ReadonlyArray<string> | undefined): void => {
    const known = reads.get(table)
    if (columns === undefined || (known === undefined && reads.has(table))) reads.set(table, undefined)
    else reads.set(table, new Set([...(known ?? []), ...columns]))
  }
  const tablesOfCursor = new Map<number, Set<Tree>>()
  for (const { p1, p2 } of instructions.filter(opensMain)) {
    const tree = trees.get(p2)
    if (tree === undefined) continue
    read(tree.table, tree.always)
    if (tree.columns !== undefined) tablesOfCursor.set(p1, (tablesOfCursor.get(p1) ?? new Set()).add(tree))
  }
  for (const { opcode, p1, p2 } of instructions) {
    const isWhole = wholeRow.has(opcode)
    if (opcode !== 'Column' && !isWhole) continue
    for (const { table, columns } of tablesOfCursor.get(p1) ?? []) {
      const name = columns![p2]
      read(table, isWhole || name === undefined ? undefined : [name])
    }
  }
  return reads
}

const wholeRow: ReadonlySet<string> = new Set(['RowData', 'RowCell', 'Offset'])

const opensMain = ({ opcode, p3 }: Instruction): boolean =>
  (opcode === 'OpenRead' || opcode === 'ReopenIdx') && p3 === 0

/** The tree at a root page. */
interface Tree {
  readonly table: string
  /** Read as soon as it is opened; `undefined`: every column. */
  readonly always: ReadonlyArray<string> | undefined
  /** What `Column` counts, of a table with a rowid. */
  readonly columns: ReadonlyArray<string> | undefined
}

const treesOf = (connection: Pick<SqliteConnection, 'prepare'>): ReadonlyMap<number, Tree> => {
  const ask = (sql: string, name?: string) => readAll(connection, sql, name === undefined ? [] : [name])
  const trees = new Map<number, Tree>()
  for (const [page, type, name, table] of ask('SELECT rootpage, type, name, tbl_name FROM main.sqlite_schema')) {
    if (Number(page) === 0) continue
    const isWithoutRowid =
      ask(`SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = ? AND wr = 1`, String(table)).length > 0
    trees.set(
      Number(page),
      isWithoutRowid ? { table: String(table), always: undefined, columns: undefined } : treeOf(ask, type, name, table),
    )
  }
  return trees
}

const treeOf = (
  ask: (sql: string, name: string) => ReadonlyArray<ReadonlyArray<SqliteValue>>,
  type: SqliteValue | undefined,
  name: SqliteValue | undefined,
  table: SqliteValue | undefined,
): Tree => {
  if (type === 'index') {
    const indexed = ask('SELECT name FROM pragma_index_info(?)', String(name)).map(([column]) => column)
    // An index over an expression names no column.
    const isPlain = indexed.every((column) => typeof column === 'string')
    return { table: String(table), always: isPlain ? indexed.map(String) : undefined, columns: undefined }
  }
  const columns = ask('SELECT name FROM pragma_table_info(?) ORDER BY cid', String(table))
  return {
    table: String(table),
    always: [],
    columns: columns.map(([column]) => String(column)),
  }
}
