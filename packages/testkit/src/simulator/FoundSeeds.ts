/**
 * Seeds that have found a defect, and go first whenever seeds run in CI. A seed means another schedule once steps, weights
 * or dice change: then the entry goes, and the case that the defect got where it was fixed remains.
 */
export interface FoundSeed {
  readonly seed: number
  readonly found: string
}

export const foundSeeds: ReadonlyArray<FoundSeed> = []
