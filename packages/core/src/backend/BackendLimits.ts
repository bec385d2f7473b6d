import { argsDepthMax, eventBytesMax } from '../event/EventLimits.ts'
import type { BackendEvent } from './SyncBackend.ts'

/**
 * Constants of the sync protocol, checked at commit so that nothing unpushable ever enters a log. Sizes are of the
 * UTF-8 JSON of an event on the wire.
 */

export { argsDepthMax, eventBytesMax }
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

/**
 * Size of an event on the wire, which the limits above count.
 *
 * **Units**  bytes of the UTF-8 JSON of `event`. JSON escapes lone surrogates, so every surrogate in the text is half of a pair.
 */
export const eventSizeBytes = (event: BackendEvent): number => {
  const json = JSON.stringify(event)
  let sizeBytes = json.length
  for (let i = 0; i < json.length; i += 1) {
    const unit = json.charCodeAt(i)
    // Two bytes up to U+07FF, three up to U+FFFF; a surrogate pair is two units and four bytes, so two for each half.
    if (unit > 0x7f) sizeBytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return sizeBytes
}

/** Whether a batch keeps the limits; if not, why. **Shape** `sizesBytes`: one {@link eventSizeBytes} per event. */
export const batchExcess = (sizesBytes: ReadonlyArray<number>): string | undefined => {
  const largest = sizesBytes.reduce((a, b) => Math.max(a, b), 0)
  const total = sizesBytes.reduce((a, b) => a + b, 0)
  if (largest > eventBytesMax) return `an event of ${largest} bytes, at most ${eventBytesMax} are taken`
  if (sizesBytes.length > batchEventsMax) return `${sizesBytes.length} events, at most ${batchEventsMax} are taken`
  if (sizesBytes.length > 1 && total > batchBytesMax) return `${total} bytes, at most ${batchBytesMax} are taken`
  return undefined
}
