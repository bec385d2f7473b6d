/** Headwater's self-hosted sync server: handler, Node listener, storage, and all of it at once. */
export type { Authorize, AuthorizeContext, Principal, Refusal } from './Authorization.ts'
export type { CorsOrigins } from './Cors.ts'
export { DataFolderError } from './DataFolder.ts'
export type { Validate, ValidateContext } from './EventValidation.ts'
export type { ElectricOptions } from './ElectricService.ts'
export { type HandlerOptions, makeHandler } from './Handler.ts'
export type {
  AppendAnswer,
  AppendRequest,
  KnownAnswer,
  LogStorage,
  OtherLog,
  ReadAnswer,
  ReadRequest,
} from './LogStorage.ts'
export { StorageFailed } from './LogStorage.ts'
export { ListenFailed, type NodeListener, type NodeListenerOptions, listen } from './NodeListener.ts'
export { DatabaseError } from './PostgresError.ts'
export { type PostgresLogStorageOptions, postgresLogStorage } from './PostgresLogStorage.ts'
export { type KnownJudgement, type LogView, batchFault, holds, judgeKnown, judgeParent } from './PushJudgement.ts'
export { type RunningServer, type ServerOptions, ServerRefused, startServer } from './Server.ts'
export type { ServerLimits } from './ServerContext.ts'
export { type ServerLogRecord, type ServerLogger, jsonLogger } from './ServerLog.ts'
export { authorizeTokens } from './TokenAuthorization.ts'
export { type LogFault, type Verification, verifyLogs } from './Verification.ts'
export { type SqliteLogStorage, type SqliteLogStorageOptions, sqliteLogStorage } from './SqliteLogStorage.ts'
