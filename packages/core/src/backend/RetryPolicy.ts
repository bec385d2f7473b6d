/**
 * The one retry policy of the engine: capped exponential backoff with full jitter, never sooner than the backend asked.
 *
 * | attempt (0 is the first retry) | 0   | 1   | 2   | 3   | 4   | 5 and later |
 * | ------------------------------ | --- | --- | --- | --- | --- | ----------- |
 * | upper bound, ms                | 250 | 500 | 1 s | 2 s | 4 s | 5 s         |
 *
 * The delay is drawn evenly between 0 and the bound: with n clients cut off at once, full jitter spreads their
 * reconnects best and finishes first. Every retry is for ever; giving up is nobody's decision but the app's.
 *
 * **Source**  spec section 7, "offline, timeout, 5xx"; Brooker, "Exponential Backoff And Jitter", AWS 2015.
 */

/** Long enough that a loopback restart is not hammered, short enough that nobody notices. */
export const retryBaseMs = 250
/**
 * A server that comes back is found again within this time. With the time that one request takes, everybody is idle
 * again 10 s after an outage, however long it was (`pnpm check:history`).
 */
export const retryCapMs = 5_000
/** A `Retry-After` beyond this is taken as this: a clock error of the server must not park a client for a day. */
export const retryAfterCapMs = 10 * 60_000

export interface RetryAttempt {
  /** 0 for the first retry after a failure; back to 0 after every success. */
  readonly attempt: number
  /** From the caller's random source, in [0, 1). */
  readonly random: number
  /** As asked for by the backend. */
  readonly retryAfterMs?: number | undefined
}

/**
 * How long to wait before the next attempt. Pure: the caller brings the randomness and does the waiting.
 *
 * **Units**  milliseconds, an integer. With `retryAfterMs` the answer lies in [retryAfterMs, retryAfterMs + bound], so
 * that clients that were told the same time do not come back at the same moment.
 *
 * **Fails with**  never; a negative or fractional attempt counts as 0 or is rounded down.
 *
 * **Example**
 * ```ts
 * retryDelayMs({ attempt: 3, random: 0.5 }) // => 1000
 * retryDelayMs({ attempt: 0, random: 0.5, retryAfterMs: 3000 }) // => 3125
 * ```
 *
 * @category transitions
 */
export const retryDelayMs = ({ attempt, random, retryAfterMs }: RetryAttempt): number => {
  // 2^5 * 250 is beyond the cap already; the exponent is bounded so that it never overflows.
  const exponent = Math.min(Math.max(Math.floor(attempt), 0), 5)
  const bound = Math.min(retryCapMs, retryBaseMs * 2 ** exponent)
  const jitter = Math.floor(bound * random)
  return Math.min(Math.max(retryAfterMs ?? 0, 0), retryAfterCapMs) + jitter
}
