/**
 * SHA-256 (FIPS 180-4) in plain JavaScript: synchronous and the same on every platform, where Web Crypto is
 * asynchronous and Node's is Node's. For short texts: a schema is hashed once per start.
 */

/** The digest of the UTF-8 bytes of `text`, as 64 hexadecimal digits. */
export const sha256Hex = (text: string): string => {
  const state = Uint32Array.from(initialState)
  const message = pad(new TextEncoder().encode(text))
  const schedule = new Uint32Array(64)
  for (let at = 0; at < message.length; at += blockBytes) compress(state, message, at, schedule)
  return [...state].map((word) => word.toString(16).padStart(8, '0')).join('')
}

const blockBytes = 64

/** The message, a 1 bit, zeros, and the length in bits as 64-bit big endian, to a multiple of a block. */
const pad = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / blockBytes) * blockBytes)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n)
  return padded
}

/** First 32 bits of the fractional parts of `root(p)` for the first `count` primes: where FIPS 180-4's constants come from. */
const primeConstants = (count: number, root: (prime: number) => number): ReadonlyArray<number> => {
  const primes: Array<number> = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return primes.map((prime) => ((root(prime) % 1) * 2 ** 32) >>> 0)
}

const initialState = primeConstants(8, Math.sqrt)
const roundConstants = primeConstants(64, Math.cbrt)

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

const word = (words: ArrayLike<number>, index: number): number => words[index] ?? 0

const fillSchedule = (message: Uint8Array, at: number, schedule: Uint32Array): void => {
  const view = new DataView(message.buffer, message.byteOffset + at, blockBytes)
  for (let i = 0; i < 16; i++) schedule[i] = view.getUint32(i * 4)
  for (let i = 16; i < 64; i++) {
    const [w15, w2] = [word(schedule, i - 15), word(schedule, i - 2)]
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)
    schedule[i] = word(schedule, i - 16) + s0 + word(schedule, i - 7) + s1
  }
}

const compress = (state: Uint32Array, message: Uint8Array, at: number, schedule: Uint32Array): void => {
  fillSchedule(message, at, schedule)
  let [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => word(state, index)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + word(roundConstants, i) + word(schedule, i)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0]
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) state[index] = word(state, index) + value
}
