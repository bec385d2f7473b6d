/** mulberry32: the same numbers in [0, 1) for the same seed, on every machine. */
export const seededRandom = (seed: number): (() => number) => {
  // Neighbouring seeds must not give neighbouring sequences.
  let state = Math.imul(seed, 2654435761) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
