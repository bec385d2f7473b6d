/** An int64 crosses the module's boundary as two int32, the low word first. */

/** 2^32: what one of the high word stands for. */
const highUnit = 2 ** 32
/** High words up to here leave a safe integer: 2^53 / 2^32. */
const safeHigh = 2 ** 21

export const fitsInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value

export const lowWord = (value: bigint): number => Number(BigInt.asIntN(32, value))

export const highWord = (value: bigint): number => Number(value >> 32n)

export const joinWords = (low: number, high: number): bigint =>
  high >= -safeHigh && high < safeHigh
    ? BigInt(high * highUnit + (low >>> 0))
    : (BigInt(high) << 32n) | BigInt(low >>> 0)
