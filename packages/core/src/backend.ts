/** What a sync backend implements and may rely on: the port, its errors, the protocol's limits. */
export * from './backend/BackendLimits.ts'
export * from './backend/RetryPolicy.ts'
export * from './backend/SyncBackend.ts'
export * from './backend/SyncBackendError.ts'
export { isSameEvent } from './event/EventEnvelope.ts'
