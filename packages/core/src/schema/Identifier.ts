/**
 * Names of tables, columns and indexes in SQL text.
 */

/** `"name"`, safe for any text, also one with quotes and for SQL's keywords. */
export const quoteIdentifier = (name: string): string =>
  // Almost no name has a quote, and looking is ten times cheaper than replacing.
  name.includes('"') ? `"${name.replaceAll('"', '""')}"` : `"${name}"`

/** SQL text of a string. Only for DDL, whose values cannot be bound. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Letters of any alphabet, digits, underscore. Long enough for everybody, short enough for error messages. */
const namePattern = /^[\p{L}_][\p{L}\p{N}_]{0,127}$/u

/** Names SQLite and Headwater keep for themselves. SQLite compares ASCII letters without case. */
const reservedPattern = /^(?:__headwater_|sqlite_|pragma_)/i

/** Other names of a rowid: a column of that name would hide the real one from changeset capture and from ordering. */
const rowidNames: ReadonlySet<string> = new Set(['rowid', 'oid', '_rowid_'])

/** Why `name` cannot name a table, or `undefined`. */
export const tableNameProblem = (name: unknown): string | undefined => {
  if (typeof name !== 'string' || !namePattern.test(name)) {
    return 'a name is 1 to 128 letters, digits and underscores and does not start with a digit'
  }
  if (reservedPattern.test(name)) return 'names that start with "__headwater_", "sqlite_" or "pragma_" are reserved'
  return name === '__proto__' ? '"__proto__" cannot be a key of a plain object' : undefined
}

/** Why `name` cannot name a column, or `undefined`. */
export const columnNameProblem = (name: unknown): string | undefined =>
  typeof name === 'string' && rowidNames.has(foldCase(name))
    ? `"${name}" would hide SQLite's own row id`
    : tableNameProblem(name)

/** SQLite's idea of the same name: ASCII letters without case, everything else exactly. */
export const foldCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
