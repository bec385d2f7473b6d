/** Headwater on Node. */
export * from './BetterSqliteConnection.ts'
export * from './NodeVersion.ts'
