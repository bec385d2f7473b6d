/**
 * Event ids: UUIDv7 (RFC 9562), made at commit, an event's identity for its whole life.
 *
 * | Bits | Field    | Here                                                             |
 * | ---- | -------- | ---------------------------------------------------------------- |
 * | 48   | unix_ts  | milliseconds since 1970                                          |
 * | 4    | version  | 7                                                                |
 * | 12   | rand_a   | a counter within one millisecond, starting at 11 random bits     |
 * | 2    | variant  | 2                                                                |
 * | 62   | rand_b   | random                                                           |
 *
 * Ids of one generator ascend strictly, also when the clock stands still or goes back: the counter goes on in the last
 * millisecond used, and steps into the next one when it is full (2,048 ids or more later).
 */

/** Random bytes one id takes: 8 for rand_b, 2 to start the counter. */
export const eventIdRandomBytes = 10

/**
 * Makes one id. **Units** `nowMs`: wall clock, milliseconds since 1970; `random`: at least {@link eventIdRandomBytes}
 * cryptographically random bytes, from `randomAt` on. Clock and randomness are arguments so that a seed decides both.
 */
export type EventIdGenerator = (nowMs: number, random: Uint8Array, randomAt?: number) => string

/**
 * A generator of strictly ascending ids: one per session.
 *
 * **Example**
 * ```ts
 * const nextEventId = makeEventIdGenerator()
 * nextEventId(1_763_000_000_000, crypto.getRandomValues(new Uint8Array(eventIdRandomBytes)))
 * // => '019a7b1d-7e00-7…'
 * ```
 */
export const makeEventIdGenerator = (): EventIdGenerator => {
  let lastMs = -1
  let counter = 0
  let [timeMs, time] = [-1, '']
  return (nowMs, random, randomAt = 0) => {
    const ms = Number.isFinite(nowMs) ? Math.min(Math.max(Math.floor(nowMs), 0), timestampMax) : 0
    if (ms > lastMs) {
      lastMs = ms
      counter = ((byte(random, randomAt) << 8) | byte(random, randomAt + 1)) & 0x7ff
    } else if (++counter > 0xfff) {
      lastMs++
      counter = 0
    }
    // Many events of one millisecond: a batch, a loop.
    if (timeMs !== lastMs) [timeMs, time] = [lastMs, formatTime(lastMs)]
    return time + format(counter, random, randomAt + 2)
  }
}

/** The largest timestamp that leaves room to step forward: the year 10889. */
const timestampMax = 2 ** 48 - 2 ** 20

const hexOfByte: ReadonlyArray<string> = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

const byte = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0

const hex = (value: number): string => hexOfByte[value & 0xff] ?? '00'

const formatTime = (ms: number): string => {
  const high = Math.floor(ms / 2 ** 32)
  const low = ms >>> 0
  return `${hex(high >> 8)}${hex(high)}${hex(low >>> 24)}${hex(low >>> 16)}-${hex(low >>> 8)}${hex(low)}`
}

const format = (counter: number, random: Uint8Array, at: number): string =>
  `-${hex(0x70 | (counter >> 8))}${hex(counter)}` +
  `-${hex(0x80 | (byte(random, at) & 0x3f))}${hex(byte(random, at + 1))}` +
  `-${hex(byte(random, at + 2))}${hex(byte(random, at + 3))}${hex(byte(random, at + 4))}` +
  `${hex(byte(random, at + 5))}${hex(byte(random, at + 6))}${hex(byte(random, at + 7))}`
