/** Conformance suites and test doubles for Headwater's ports. */
export * from './MemoryBackend.ts'
