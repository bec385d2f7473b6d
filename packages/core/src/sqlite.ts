/** What a SQLite driver implements: the port and the one place where result codes become reasons. */
export * from './sqlite/DatabaseImage.ts'
export * from './sqlite/SqliteConnection.ts'
export * from './sqlite/SqliteError.ts'
