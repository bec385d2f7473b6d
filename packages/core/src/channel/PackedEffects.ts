import type { EventOutcome, PackedEffects } from './LeaderMessage.ts'

/** What materializing one event did on one database. */
export interface EventEffect {
  readonly outcome: EventOutcome
  /** Empty unless `applied`. */
  readonly changeset: Uint8Array
  /** Why it was skipped. */
  readonly error: string | null
}

export const emptyChangeset: Uint8Array = new Uint8Array(0)

/** Packs effects into one buffer of their own, which may be transferred. */
export const packEffects = (effects: ReadonlyArray<EventEffect>): PackedEffects => {
  const ends: Array<number> = []
  let end = 0
  for (const { changeset } of effects) ends.push((end += changeset.length))
  const bytes = new Uint8Array(end)
  effects.forEach(({ changeset }, i) => bytes.set(changeset, i === 0 ? 0 : ends[i - 1]!))
  return {
    outcomes: effects.map((effect) => effect.outcome),
    ends,
    bytes,
    errors: effects.map((effect) => effect.error),
  }
}

/** The effect of event `index`. Its changeset is a view into the packed bytes. */
export const effectAt = (packed: PackedEffects, index: number): EventEffect | undefined => {
  const outcome = packed.outcomes[index]
  const end = packed.ends[index]
  if (outcome === undefined || end === undefined) return undefined
  const start = index === 0 ? 0 : packed.ends[index - 1]!
  return { outcome, changeset: packed.bytes.subarray(start, end), error: packed.errors[index] ?? null }
}
