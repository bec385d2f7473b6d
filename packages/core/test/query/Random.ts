/** A seeded stream of numbers in [0, 1): mulberry32, enough for tests and the same everywhere. */
export interface Random {
  readonly seed: number
  readonly int: (below: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
}

export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  return { seed, int, pick: (items) => items[int(items.length)] as (typeof items)[number] }
}
