/** A seeded sequence: the same seed gives the same demo, commit for commit. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly next: () => number
  /** A whole number from 0 to `below - 1`. */
  readonly int: (below: number) => number
  /** One of `items`, which is not empty. */
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  readonly chance: (probability: number) => boolean
}

/** **Source** mulberry32, by Tommy Ettinger: 32 bits of state are enough to deal cards. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    next,
    int,
    pick: (items) => {
      const picked = items[int(items.length)]
      if (picked === undefined) throw new RangeError('nothing to pick from')
      return picked
    },
    chance: (probability) => next() < probability,
  }
}

/** A number of 32 bits that depends on `text` and `seed`: which client gets a commit, or a part's own seed. */
export const seededHash = (text: string, seed: number): number => {
  // FNV-1a, with one more round of mixing because its low bits are weak.
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0
  return (hash ^ (hash >>> 16)) >>> 0
}
