/**
 * The bytes under a changeset: values with their storage class, and small counts. What they mean together is described
 * in Changeset.ts.
 *
 * | First byte | Value                                                                      |
 * | ---------- | -------------------------------------------------------------------------- |
 * | 00         | NULL                                                                       |
 * | 01         | REAL, 8 bytes follow (IEEE 754, little-endian: -0.0 and infinities as is)  |
 * | 02         | TEXT of 64 bytes or more: length (4 bytes, little-endian), UTF-8           |
 * | 03         | BLOB: length (4 bytes, little-endian), bytes                               |
 * | 04 05 06 07| INTEGER in 1, 2, 4, 8 bytes, two's complement, little-endian               |
 * | 40 … 7F    | TEXT of 0 to 63 bytes: the low 6 bits are its length, UTF-8 follows        |
 * | 80 … FF    | INTEGER 0 to 127: the low 7 bits                                           |
 *
 * Every other first byte is malformed. The writer always takes the shortest form, so equal values have equal bytes. A
 * count is a LEB128 varint of at most 5 bytes, below 2^32.
 *
 * The writer is one growing buffer of this module: a changeset is written from start to end without anything in between,
 * and a new buffer for each would cost more than all its values.
 */
import * as Data from 'effect/Data'
import type { SqliteValue } from './SqliteConnection.ts'

/** Bytes that are no changeset of this format, or not one of these tables: the base for a rebuild or a new snapshot. */
export class ChangesetMalformed extends Data.TaggedError('ChangesetMalformed')<{
  readonly detail: string
  /** Where reading stopped. **Units** bytes. */
  readonly offset: number
}> {
  override get message(): string {
    return `Malformed changeset at byte ${this.offset}: ${this.detail}`
  }
}

/** Nearly all changesets are below 1 KiB; the first few large ones pay for the growth. */
const initialSizeBytes = 4096
/** Above it the buffer is given back after use: one large import must not hold its memory for ever. */
const keptSizeBytes = 1 << 20
/** Up to this length a loop over char codes is faster than a call into TextEncoder or TextDecoder (measured, V8 13). */
const loopedTextLength = 96

const encoder = new TextEncoder()
// A byte order mark is content here, not a mark.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Changesets up to this size share a slab; larger ones are rare enough for a buffer of their own. */
const sharedSizeBytes = 512
/** A few hundred changesets; what one of them keeps alive is small. */
const slabSizeBytes = 1 << 15

let bytes = new Uint8Array(initialSizeBytes)
let slab = new Uint8Array(slabSizeBytes)
let slabUsed = 0
let view = new DataView(bytes.buffer)
let length = 0

/** Begins a new changeset; what was not taken with {@link finishWriting} is forgotten. */
export const startWriting = (): void => {
  length = 0
}

/**
 * What was written since {@link startWriting}, as a copy that nobody writes to again. Small ones share a slab: an
 * ArrayBuffer for each costs more than its bytes. So `buffer` is nobody's to transfer.
 */
export const finishWriting = (): Uint8Array => {
  if (length > sharedSizeBytes) {
    const written = bytes.slice(0, length)
    if (bytes.length > keptSizeBytes) grow(initialSizeBytes)
    return written
  }
  if (slabUsed + length > slab.length) {
    slab = new Uint8Array(slabSizeBytes)
    slabUsed = 0
  }
  const written = slab.subarray(slabUsed, (slabUsed += length))
  for (let i = 0; i < length; i++) written[i] = bytes[i]!
  return written
}

const grow = (sizeBytes: number): void => {
  const larger = new Uint8Array(sizeBytes)
  if (sizeBytes > length) larger.set(bytes.subarray(0, length))
  bytes = larger
  view = new DataView(bytes.buffer)
}

const reserve = (count: number): void => {
  const needed = length + count
  if (needed > bytes.length) grow(Math.max(needed, bytes.length * 2))
}

/** **Units** `count` is an integer from 0 to 2^32 - 1. */
export const writeCount = (count: number): void => {
  reserve(5)
  let rest = count
  while (rest > 127) {
    bytes[length++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[length++] = rest
}

/** Where the next byte goes: for {@link setByte}. */
export const writeZeros = (count: number): number => {
  reserve(count)
  bytes.fill(0, length, length + count)
  length += count
  return length - count
}

/** Sets bits in a byte already written. */
export const setBits = (offset: number, bits: number): void => {
  bytes[offset]! |= bits
}

/** Drops what was written from `offset` on. */
export const truncateTo = (offset: number): void => {
  length = offset
}

export const writtenLength = (): number => length

export const writeValue = (value: SqliteValue): void => {
  if (typeof value === 'string') writeText(value)
  else if (typeof value === 'bigint') writeInteger(value)
  else if (value === null) {
    reserve(1)
    bytes[length++] = 0
  } else if (typeof value === 'number') {
    reserve(9)
    bytes[length] = 1
    view.setFloat64(length + 1, value, true)
    length += 9
  } else writeBlob(value)
}

const writeInteger = (value: bigint): void => {
  reserve(9)
  // Rounding beyond 2^53 does no harm: the value is far outside 32 bits then, whatever it is rounded to.
  const rounded = Number(value)
  if (rounded >= 0 && rounded <= 127) bytes[length++] = 128 | rounded
  else if (rounded >= -128 && rounded <= 127) {
    bytes[length] = 4
    view.setInt8(length + 1, rounded)
    length += 2
  } else if (rounded >= -32768 && rounded <= 32767) {
    bytes[length] = 5
    view.setInt16(length + 1, rounded, true)
    length += 3
  } else if (rounded >= -2147483648 && rounded <= 2147483647) {
    bytes[length] = 6
    view.setInt32(length + 1, rounded, true)
    length += 5
  } else {
    bytes[length] = 7
    view.setBigInt64(length + 1, value, true)
    length += 9
  }
}

const writeText = (text: string): void => {
  const units = text.length
  if (units > loopedTextLength || !writeAscii(text, units)) writeEncoded(encoder.encode(text))
}

/** `false`, and nothing written, when there is anything but ASCII in it. */
const writeAscii = (text: string, units: number): boolean => {
  reserve(5 + units)
  const start = length + (units < 64 ? 1 : 5)
  for (let index = 0; index < units; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 127) return false
    bytes[start + index] = unit
  }
  writeTextHead(units)
  length = start + units
  return true
}

/** The first byte and, where it does not hold it, the size; behind it is room for them. */
const writeTextHead = (size: number): void => {
  if (size < 64) {
    bytes[length++] = 64 | size
    return
  }
  bytes[length] = 2
  view.setUint32(length + 1, size, true)
  length += 5
}

const writeEncoded = (utf8: Uint8Array): void => {
  reserve(5 + utf8.length)
  writeTextHead(utf8.length)
  bytes.set(utf8, length)
  length += utf8.length
}

const writeBlob = (blob: Uint8Array): void => {
  reserve(5 + blob.length)
  bytes[length] = 3
  view.setUint32(length + 1, blob.length, true)
  bytes.set(blob, length + 5)
  length += 5 + blob.length
}

/** Reads what the functions above wrote. Each step **fails with** `ChangesetMalformed`. */
export interface ChangesetReader {
  readonly isAtEnd: () => boolean
  readonly readByte: () => number
  readonly readCount: () => number
  readonly readValue: () => SqliteValue
  readonly malformed: (detail: string) => ChangesetMalformed
}

export const makeChangesetReader = (source: Uint8Array): ChangesetReader => {
  const sourceView = new DataView(source.buffer, source.byteOffset, source.byteLength)
  let offset = 0
  const malformed = (detail: string): ChangesetMalformed => new ChangesetMalformed({ detail, offset })
  /** Steps over `count` bytes and returns where they begin. */
  const take = (count: number): number => {
    if (offset + count > source.length) throw malformed(`${count} bytes expected, ${source.length - offset} left`)
    offset += count
    return offset - count
  }
  const readByte = (): number => source[take(1)]!

  const readCount = (): number => {
    let count = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = readByte()
      count += (byte & 127) * 2 ** shift
      if (byte < 128 && count < 2 ** 32) return count
    }
    throw malformed('a count beyond 2^32')
  }

  const readText = (size: number): string => {
    const start = take(size)
    if (size <= loopedTextLength) {
      let text = ''
      let index = start
      for (; index < start + size; index++) {
        const byte = source[index]!
        if (byte > 127) break
        text += String.fromCharCode(byte)
      }
      if (index === start + size) return text
    }
    try {
      return decoder.decode(source.subarray(start, start + size))
    } catch {
      throw malformed('text that is not UTF-8')
    }
  }

  const readValue = (): SqliteValue => {
    const tag = readByte()
    if (tag >= 128) return BigInt(tag & 127)
    if (tag >= 64) return readText(tag & 63)
    switch (tag) {
      case 0:
        return null
      case 1:
        return sourceView.getFloat64(take(8), true)
      case 2:
        return readText(sourceView.getUint32(take(4), true))
      case 3: {
        const size = sourceView.getUint32(take(4), true)
        const start = take(size)
        return source.slice(start, start + size)
      }
      case 4:
        return BigInt(sourceView.getInt8(take(1)))
      case 5:
        return BigInt(sourceView.getInt16(take(2), true))
      case 6:
        return BigInt(sourceView.getInt32(take(4), true))
      case 7:
        return sourceView.getBigInt64(take(8), true)
      default:
        throw malformed(`no value begins with byte ${tag}`)
    }
  }

  return { isAtEnd: () => offset === source.length, readByte, readCount, readValue, malformed }
}
