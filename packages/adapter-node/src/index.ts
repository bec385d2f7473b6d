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
export { holdEventlog, makeEventlog } from './HeldEventlog.ts'
export type { HeldEventlog, HeldStore } from './HeldEventlog.ts'
export { listStores, openStoreFiles, storeHolder } from './StoreReader.ts'
export type { OpenStoreFiles, StoreFolder } from './StoreReader.ts'
