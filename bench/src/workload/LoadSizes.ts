/** Sizes that all sides of the load workload share: their checksums must be equal. */
export const loadStoreCount = 100
export const loadBatchSize = 100
export const loadPushes = 2_000
/** One for each store: as many clients. */
export const loadConnections = 100
/** Of the raw program: what a server with its 10 connections uses for appends. */
export const rawConnections = 5
/** Batches in a statement, where the raw program groups them: what its stores allow, and more than the server finds as a rule. */
export const rawGroup = 10
/** Node's room for young objects, by default 16 MB twice, which a server with many readers fills once and never gives back. */
export const youngFlag = '--max-semi-space-size=8'
