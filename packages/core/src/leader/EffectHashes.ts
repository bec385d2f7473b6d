import type { EventOutcome } from '../channel/LeaderMessage.ts'
import { hashChangeset } from '../sqlite/Changeset.ts'
import type { RowEffect } from './StateReplica.ts'

export interface EffectHash {
  readonly outcome: EventOutcome
  readonly hash: string
}

/** What a session that keeps up may still be told of: a few batches of 1,000. */
const hashesMax = 4096

/**
 * What the last events did to the leader's state, for sessions to compare with what they make of them.
 *
 * Holds always: an event is here only while the state has its rows. So a session that differs and takes the state instead
 * is not told to differ again.
 */
export class EffectHashes {
  readonly #byId = new Map<string, EffectHash>()

  remember(effects: ReadonlyArray<RowEffect>): void {
    for (const { id, effect } of effects)
      this.#byId.set(id, { outcome: effect.outcome, hash: hashChangeset(effect.changeset) })
    for (const id of this.#byId.keys()) {
      if (this.#byId.size <= hashesMax) return
      this.#byId.delete(id)
    }
  }

  of(id: string): EffectHash | undefined {
    return this.#byId.get(id)
  }

  /** The state was rolled back or made anew. */
  forget(): void {
    this.#byId.clear()
  }
}
