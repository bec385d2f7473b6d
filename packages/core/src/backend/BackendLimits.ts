/**
 * Constants of the sync protocol, checked at commit so that nothing unpushable ever enters a log. Sizes are of the
 * UTF-8 JSON of an event on the wire.
 */

/** One event: 1 MiB. Larger facts belong into a blob store, with a reference in the event. */
export const eventBytesMax = 1024 * 1024
/** Nesting of args: far below where JSON parsers recurse into trouble. */
export const argsDepthMax = 64
/** One push: 1,000 events or 1 MiB, whichever comes first; a single larger event travels alone. */
export const batchEventsMax = 1000
export const batchBytesMax = 1024 * 1024
/** One page of a pull: 1,000 events or 4 MiB. */
export const pageEventsMax = 1000
export const pageBytesMax = 4 * 1024 * 1024
/** A live stream says something at least this often; two missed and the client reconnects. */
export const heartbeatMs = 15_000
/** `storeId`: safe in URLs and, encoded, in file names of case-insensitive file systems. */
export const storeIdPattern = /^[A-Za-z0-9_-]{1,64}$/
