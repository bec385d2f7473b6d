import type { PostgresDatabases } from './PostgresDatabases.ts'
import type { LogFault } from './Verification.ts'

export interface PlaceVerification {
  readonly faults: ReadonlyArray<LogFault>
  /** Moves that run, or were interrupted. */
  readonly moves: ReadonlyArray<LogFault>
}

/** Rows asked for at once. */
const pageMax = 1_000

/**
 * Checks that every store takes appends in one database only, and that the directory has it there. What is wrong here comes from a
 * database that was restored, or changed by hand.
 */
export const verifyPlaces = async ({ all, directory }: PostgresDatabases): Promise<PlaceVerification> => {
  const faults: Array<LogFault> = []
  const moves: Array<LogFault> = []
  const placeOf = new Map<string, string>()
  for (const { id, log, moves: known } of all) {
    for (let after = ''; ;) {
      const storeIds = await log.stores(after, pageMax)
      for (const storeId of storeIds) {
        const other = placeOf.get(storeId)
        if (other !== undefined)
          faults.push({ storeId, fault: `it takes appends in ${nameOf(all, other)} and in ${nameOf(all, id)}` })
        placeOf.set(storeId, id)
      }
      after = storeIds.at(-1) ?? ''
      if (storeIds.length < pageMax) break
    }
    for (const { storeId, move } of await known.running()) {
      const [from, to] = move.kind === 'leaving' ? [id, move.otherId] : [move.otherId, id]
      moves.push({ storeId, fault: `is being moved from ${nameOf(all, from)} to ${nameOf(all, to)}, or was` })
    }
  }
  for (let after = ''; ;) {
    const page = await directory.list(after, pageMax)
    for (const [storeId, { databaseId }] of page) {
      const place = placeOf.get(storeId)
      if (place === undefined || place === databaseId) continue
      faults.push({
        storeId,
        fault: `it is in ${nameOf(all, place)}, the directory has it in ${nameOf(all, databaseId)}`,
      })
    }
    after = page.at(-1)?.[0] ?? ''
    if (page.length < pageMax) return { faults, moves }
  }
}

const nameOf = (all: PostgresDatabases['all'], databaseId: string): string =>
  all.find(({ id }) => id === databaseId)?.name ?? databaseId
