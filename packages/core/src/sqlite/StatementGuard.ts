import { foldCase } from '../schema/Identifier.ts'
import { nonDeterminism } from './NonDeterminism.ts'
import type { SqliteConnection, SqliteValue } from './SqliteConnection.ts'
import { sqlTokens } from './SqlToken.ts'
import type { SqlToken } from './SqlToken.ts'
import { explain } from './StatementProgram.ts'
import type { StatementProgram } from './StatementProgram.ts'
import { type StatementReads, statementReads } from './StatementReads.ts'
import { StatementRefused } from './StatementRefused.ts'

/**
 * What an SQL text does, found out before it runs, and refused if it may not.
 *
 * Two looks. The *text* decides what kind of statement it is: some do their work already while being compiled (PRAGMA),
 * so nothing that is not SELECT, INSERT, UPDATE or DELETE reaches SQLite at all. The *byte code* (`EXPLAIN`) then says
 * which b-trees it opens (`OpenRead`, `OpenWrite`, `Clear`; their root pages name tables through `sqlite_schema`) and
 * which functions it calls, whatever the text looks like.
 *
 * Behind the main program EXPLAIN lists sub-programs, each counting addresses from 0 again: foreign-key actions and
 * Headwater's own capture triggers. Of those only the app's tables they write are reported, as `cascades`. Tables that
 * the main program opens for checking foreign keys are told apart by not being named in the text.
 *
 * | Purpose   | For                              | Must be                                                          |
 * | --------- | -------------------------------- | ---------------------------------------------------------------- |
 * | `'write'` | what a materializer answers      | INSERT, UPDATE or DELETE of declared tables, deterministic        |
 * | `'read'`  | what a materializer asks         | SELECT of declared tables, deterministic                          |
 * | `'query'` | `store.query`, live queries      | SELECT; anything goes that does not write                         |
 *
 * Statements of the table builder need no look: their tables are known and they call no functions.
 *
 * **Source**  spec section 6, last paragraph; sqlite.org/opcode.html.
 */
export interface StatementGuard {
  /**
   * What `sql` does. Remembered by text and purpose.
   *
   * **Shape**  `params` as the statement will be run: EXPLAIN is a statement with the same parameters.
   *
   * **Fails with**  throws `StatementRefused`, or `SqliteError` for a text that does not compile.
   */
  readonly inspect: (sql: string, params: ReadonlyArray<SqliteValue>, purpose: StatementPurpose) => StatementInspection
  /** Tables and columns that a query reads: what a live query waits for. **Fails with** as `inspect`. */
  readonly readsOf: (sql: string, params: ReadonlyArray<SqliteValue>) => StatementReads
}

export type StatementPurpose = 'write' | 'read' | 'query'

/** **Shape** names of tables as declared, sorted, each once. */
export interface StatementInspection {
  /** Tables that the statement reads, also through an index. */
  readonly reads: ReadonlyArray<string>
  /** Tables that it changes itself. */
  readonly writes: ReadonlyArray<string>
  /** Tables that foreign-key actions of its writes change or look at. */
  readonly cascades: ReadonlyArray<string>
  readonly isReader: boolean
}

/** Texts remembered: as many as there are prepared statements, a few times over. */
const inspectionsMax = 1000

/** A guard for one connection, whose `tables` have been created. */
export const makeStatementGuard = (
  connection: Pick<SqliteConnection, 'prepare'>,
  tables: Iterable<string>,
): StatementGuard => {
  const declared = new Map([...tables].map((name) => [foldCase(name), name]))
  const known = new Map<string, StatementInspection>()
  const knownReads = new Map<string, StatementReads>()
  const inspectOnce: StatementGuard['inspect'] = (sql, params, purpose) =>
    remember(known, `${purpose} ${sql}`, () => inspect(connection, declared, sql, params, purpose))
  return {
    inspect: inspectOnce,
    readsOf: (sql, params) => {
      inspectOnce(sql, params, 'query')
      return remember(knownReads, sql, () => statementReads(connection, sql, params))
    },
  }
}

const remember = <A>(known: Map<string, A>, key: string, make: () => A): A => {
  const remembered = known.get(key)
  if (remembered !== undefined) return remembered
  const made = make()
  if (known.size >= inspectionsMax) known.clear()
  known.set(key, made)
  return made
}

const inspect = (
  connection: Pick<SqliteConnection, 'prepare'>,
  declared: ReadonlyMap<string, string>,
  sql: string,
  params: ReadonlyArray<SqliteValue>,
  purpose: StatementPurpose,
): StatementInspection => {
  const tokens = sqlTokens(sql)
  const refuseIf = (why: string | undefined): void => {
    if (why !== undefined) throw new StatementRefused({ sql, why })
  }
  refuseIf(textProblem(tokens))
  const program = explain(connection, sql, params)
  refuseIf(purposeProblem(program, purpose))
  if (purpose !== 'query') {
    refuseIf(undeclaredTable(program, declared))
    refuseIf(nonDeterminism(program.functions, tokens))
    if (program.usesVirtualTable) refuseIf(virtualTableProblem(tokens))
  }
  // UPDATE … RETURNING compiles to a statement with columns; a plain write has none.
  if (purpose === 'write' && answersRows(connection, sql)) refuseIf('RETURNING answers rows that nobody reads')
  return inspectionOf(program, declared, tokens)
}

const firstWords: ReadonlySet<string> = new Set(['select', 'with', 'values', 'insert', 'replace', 'update', 'delete'])

/** Why the text may not even be compiled. */
const textProblem = (tokens: ReadonlyArray<SqlToken>): string | undefined => {
  const words = tokens.map((token) => (token.kind === 'word' ? foldCase(token.text) : ''))
  if (!firstWords.has(words[0] ?? '')) return 'only SELECT, INSERT, UPDATE and DELETE may be used'
  for (const [index, word] of words.entries()) {
    if (word !== 'or' || (words[index - 1] !== 'insert' && words[index - 1] !== 'update')) continue
    if (words[index + 1] === 'rollback') return 'OR ROLLBACK would end the transaction that the event is part of'
    if (words[index + 1] === 'fail') return 'OR FAIL would leave half of a statement behind'
  }
  return undefined
}

const purposeProblem = ({ isReader }: StatementProgram, purpose: StatementPurpose): string | undefined => {
  if (purpose === 'write') return isReader ? 'it changes nothing; read with context.query' : undefined
  return isReader ? undefined : 'it changes the database, which only a materializer may'
}

const undeclaredTable = ({ main }: StatementProgram, declared: ReadonlyMap<string, string>): string | undefined => {
  const name = [...main.writes, ...main.reads].find((table) => !declared.has(foldCase(table)))
  return name === undefined ? undefined : `"${name}" is no table of the schema`
}

/** Table-valued functions whose answer depends on their arguments only. */
const pureTableFunctions: ReadonlySet<string> = new Set(['json_each', 'json_tree', 'jsonb_each', 'jsonb_tree'])

/**
 * Byte code does not name a virtual table. Its name stands in the text, behind FROM, JOIN or a comma; so every name
 * that could be one of SQLite's own others is refused.
 */
const virtualTableProblem = (tokens: ReadonlyArray<SqlToken>): string | undefined => {
  const names = tokens.filter(({ kind }) => kind === 'word' || kind === 'name').map(({ text }) => foldCase(text))
  const other = names.find((name) => name.startsWith('pragma_') || otherTableFunctions.has(name))
  if (other !== undefined) return `"${other}" tells about the database file, not about the tables`
  return names.some((name) => pureTableFunctions.has(name)) ? undefined : 'it reads a virtual table'
}

const otherTableFunctions: ReadonlySet<string> = new Set([
  'dbstat',
  'sqlite_dbpage',
  'sqlite_stmt',
  'bytecode',
  'tables_used',
  'sqlite_memstat',
  'completion',
  'generate_series',
])

const answersRows = (connection: Pick<SqliteConnection, 'prepare'>, sql: string): boolean => {
  const statement = connection.prepare(sql)
  const { length } = statement.columns
  statement.finalize()
  return length > 0
}

const inspectionOf = (
  { main, subprograms, isReader }: StatementProgram,
  declared: ReadonlyMap<string, string>,
  tokens: ReadonlyArray<SqlToken>,
): StatementInspection => {
  const named = new Set(
    tokens.filter(({ kind }) => kind === 'word' || kind === 'name').map(({ text }) => foldCase(text)),
  )
  const isNamed = (table: string): boolean => named.has(foldCase(table))
  const names = (tables: Iterable<string>): ReadonlyArray<string> =>
    [...new Set([...tables].map((table) => declared.get(foldCase(table)) ?? table))].sort()
  const opened = [...main.reads, ...main.writes, ...subprograms.reads, ...subprograms.writes]
  return {
    isReader,
    reads: names([...main.reads].filter((table) => isReader || isNamed(table))),
    writes: names([...main.writes].filter(isNamed)),
    cascades: names(opened.filter((table) => !isReader && !isNamed(table) && declared.has(foldCase(table)))),
  }
}
