/**
 * Limits that hold for every event, whatever the backend, checked at commit so that nothing unpushable ever enters a
 * log. `backend/BackendLimits.ts` hands the first two on, with the limits of the wire.
 */

/** One event as UTF-8 JSON on the wire: 1 MiB. Larger facts belong into a blob store, with a reference in the event. */
export const eventBytesMax = 1024 * 1024

/** Nesting of args, the args object itself being level 1: far below where JSON parsers recurse into trouble. */
export const argsDepthMax = 64

/** Length of an event name: it is stored and sent with every event, and has to fit the allowance below. */
export const eventNameLengthMax = 128

/**
 * What an event on the wire needs besides its args: field names and punctuation (126), three positions (48) and a
 * timestamp (16), the name (128), event id and parent id (2 × 38), client and session id (2 × 66) make 526; doubled
 * for what a backend's own protocol puts around it.
 */
export const eventEnvelopeBytes = 1024
