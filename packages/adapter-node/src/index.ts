/** Headwater on Node. */
export * from './BetterSqliteConnection.ts'
export * from './NodeVersion.ts'
export { memoryAdapter } from './MemoryAdapter.ts'
export type { Durability } from './FileLeaderStorage.ts'
export { nodeAdapter } from './NodeAdapter.ts'
export type { NodeAdapterOptions } from './NodeAdapter.ts'
export {
  DirectoryUnusable,
  LeaderLost,
  LeaderNotStarted,
  LeaderUnresponsive,
  StoreExists,
  StoreLocked,
  StoreNotFound,
} from './NodeAdapterError.ts'
export type { LeaderHolder } from './NodeAdapterError.ts'
export { openStoreFiles } from './StoreReader.ts'
export type { OpenStoreFiles } from './StoreReader.ts'
