/** Headwater on Node. */
export * from './BetterSqliteConnection.ts'
export * from './NodeVersion.ts'
export { memoryAdapter } from './MemoryAdapter.ts'
