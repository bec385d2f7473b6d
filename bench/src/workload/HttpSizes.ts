/** Sizes that both sides of the http workload share: their checksums must be equal. */
export const warmUpCount = 5_000
export const eventCount = 30_000
export const batchSize = 100
export const loneCount = 50
