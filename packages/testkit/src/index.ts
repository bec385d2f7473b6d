/** Conformance suites and test doubles for Headwater's ports. */
export * from './CrashingConnection.ts'
export * from './MemoryBackend.ts'
export * from './SqliteConnectionSuite.ts'
export * from './SqliteDump.ts'
export type { BackendUnderTest, SyncBackendCapability, SyncBackendCase } from './SyncBackendCase.ts'
export * from './SyncBackendSuite.ts'
export { fillImage } from './sqlite/ImageFixture.ts'
