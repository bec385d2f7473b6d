import type { SqliteConnection, SqliteValue } from './SqliteConnection.ts'

/**
 * A statement's byte code as `EXPLAIN` lists it, reduced to what it opens and calls.
 *
 * EXPLAIN answers one row per instruction: `addr, opcode, p1, p2, p3, p4, p5, comment`. Sub-programs (foreign-key
 * actions, triggers) follow the main program, each counting `addr` from 0.
 *
 * | Opcode                            | Says                                                              |
 * | --------------------------------- | ----------------------------------------------------------------- |
 * | `OpenRead`, `OpenWrite`           | root page p2 of database p3 (0 main, 1 temp) is read or written    |
 * | `Clear`                           | root page p1 of database p2 is emptied (DELETE without WHERE)      |
 * | `Transaction`                     | p2 is 0 for a statement that only reads                            |
 * | `VOpen`                           | a virtual table or table-valued function                           |
 * | `Function`, `PureFunc`, `Agg…`    | p4 is `name(arguments)`                                            |
 *
 * **Source**  sqlite.org/opcode.html. The opcodes are no promise of SQLite's: the tests of the guard tell when a new
 * version names them otherwise.
 */
export interface StatementProgram {
  readonly main: OpenedTrees
  readonly subprograms: OpenedTrees
  readonly isReader: boolean
  readonly usesVirtualTable: boolean
  /** Functions that the main program calls, lower case. */
  readonly functions: ReadonlySet<string>
}

/** Names of tables, as in `sqlite_schema`; a tree of another database is `temp.…`. */
export interface OpenedTrees {
  readonly reads: ReadonlySet<string>
  readonly writes: ReadonlySet<string>
}

/** Explains `sql`. **Fails with** throws `SqliteError` if it does not compile. */
export const explain = (
  connection: Pick<SqliteConnection, 'prepare'>,
  sql: string,
  params: ReadonlyArray<SqliteValue>,
): StatementProgram => {
  const instructions = explainAll(connection, sql, params)
  const mainEnd = instructions.findIndex((instruction, index) => index > 0 && instruction.addr === 0)
  const main = mainEnd < 0 ? instructions : instructions.slice(0, mainEnd)
  const tables = tableByRootPage(connection)
  return {
    main: openedTrees(main, tables),
    subprograms: openedTrees(instructions.slice(main.length), tables),
    isReader: !main.some(({ opcode, p2 }) => opcode === 'Transaction' && p2 !== 0),
    usesVirtualTable: main.some(({ opcode }) => opcode === 'VOpen'),
    functions: new Set(main.flatMap(calledFunction)),
  }
}

/** One instruction of a program. */
export interface Instruction {
  readonly addr: number
  readonly opcode: string
  readonly p1: number
  readonly p2: number
  readonly p3: number
  readonly p4: string
}

/** Every instruction of `sql`, sub-programs included. **Fails with** throws `SqliteError` if it does not compile. */
export const explainAll = (
  connection: Pick<SqliteConnection, 'prepare'>,
  sql: string,
  params: ReadonlyArray<SqliteValue>,
): ReadonlyArray<Instruction> => readAll(connection, `EXPLAIN ${sql}`, params).map(toInstruction)

const toInstruction = ([addr, opcode, p1, p2, p3, p4]: ReadonlyArray<SqliteValue>): Instruction => ({
  addr: Number(addr),
  opcode: String(opcode),
  p1: Number(p1),
  p2: Number(p2),
  p3: Number(p3),
  p4: String(p4 ?? ''),
})

/** Prepares, runs and forgets a statement. **Fails with** throws `SqliteError`. */
export const readAll = (
  connection: Pick<SqliteConnection, 'prepare'>,
  sql: string,
  params: ReadonlyArray<SqliteValue>,
): ReadonlyArray<ReadonlyArray<SqliteValue>> => {
  const statement = connection.prepare(sql)
  try {
    return statement.all(params)
  } finally {
    statement.finalize()
  }
}

/** Root pages of tables and of their indexes; page 1 is `sqlite_schema` itself. */
const tableByRootPage = (connection: Pick<SqliteConnection, 'prepare'>): ReadonlyMap<number, string> => {
  const rows = readAll(connection, 'SELECT rootpage, tbl_name FROM main.sqlite_schema WHERE rootpage > 0', [])
  return new Map([[1, 'sqlite_schema'], ...rows.map(([page, name]) => [Number(page), String(name)] as const)])
}

const openedTrees = (instructions: ReadonlyArray<Instruction>, tables: ReadonlyMap<number, string>): OpenedTrees => {
  const reads = new Set<string>()
  const writes = new Set<string>()
  const nameOf = (page: number, database: number): string =>
    database === 0 ? (tables.get(page) ?? `root page ${page}`) : `temp.${page}`
  for (const { opcode, p1, p2, p3 } of instructions) {
    if (opcode === 'OpenRead' || opcode === 'ReopenIdx') reads.add(nameOf(p2, p3))
    if (opcode === 'OpenWrite') writes.add(nameOf(p2, p3))
    if (opcode === 'Clear') writes.add(nameOf(p1, p2))
  }
  return { reads, writes }
}

const calledFunction = ({ opcode, p4 }: Instruction): ReadonlyArray<string> => {
  if (opcode !== 'Function' && opcode !== 'PureFunc' && !opcode.startsWith('Agg')) return []
  const parenthesis = p4.indexOf('(')
  return parenthesis > 0 ? [p4.slice(0, parenthesis).toLowerCase()] : []
}
