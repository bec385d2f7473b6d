import { median, pairedRatios, relativeSpread } from './Statistics.ts'
import { type Figure, type Measurement, type Side, type Target, type Workload, isRate } from './Workload.ts'

/** One row of `--json` and of the table. */
export interface BenchResult {
  /** `commit/median`: workload and figure. */
  readonly workload: string
  /** What is under ours. */
  readonly engine: string
  readonly against: string | null
  /** What is under the other. */
  readonly otherEngine: string | null
  /** Median over the rounds of what ours costs over what the other costs (`gain` targets: the inverse); `null` without another. */
  readonly ratio: number | null
  /** As text, `median <= 20 µs` or `cost <= 2 ×`; `null` where only the figure is wanted. */
  readonly target: string | null
  readonly met: boolean | null
  /** What every side and every run had stored in the end. */
  readonly checksum: string
  readonly median: number
  /** (largest - smallest) / median over the runs of ours. */
  readonly spread: number
  readonly unit: string
  /** Median of the other side, in the same unit. */
  readonly other: number | null
  /** Of ours. */
  readonly runs: number
  /** Of the other: 1 for a side that is too slow to run in every round. */
  readonly otherRuns: number | null
}

/** Measurements of one workload by side, one per round, in the order of rounds. A side that did not run is not in it. */
export type Rounds = ReadonlyMap<string, ReadonlyArray<Measurement>>

/** Two sides, or two runs of one, did not store the same: no figure of the workload counts. */
export class ChecksumMismatch extends Error {
  override readonly name = 'ChecksumMismatch'
}

/**
 * The rows of one workload: none for a side that did not run, or does not measure the figure.
 *
 * **Fails with**  `ChecksumMismatch`; `RangeError` for a figure that ours or only some runs did not measure.
 */
export const makeResults = (workload: Workload, rounds: Rounds): ReadonlyArray<BenchResult> => {
  const checksum = agreedChecksum(workload, rounds)
  return workload.figures.flatMap((figure) =>
    figure.comparisons.flatMap((comparison) => {
      const ours = measured(workload, rounds, comparison.side ?? workload.sides[0]!.name, figure)
      const other = comparison.against === null ? null : measured(workload, rounds, comparison.against, figure)
      if (ours === undefined || other === undefined) return []
      return [makeResult(`${workload.name}/${figure.name}`, figure, comparison.target, checksum, ours, other)]
    }),
  )
}

const agreedChecksum = (workload: Workload, rounds: Rounds): string => {
  const sides = [...rounds].flatMap(([side, runs]) => runs.map(({ checksum }) => ({ side, checksum })))
  const first = sides[0]
  if (first === undefined) throw new RangeError(`${workload.name} was not run`)
  const other = sides.find(({ checksum }) => checksum !== first.checksum)
  if (other === undefined) return first.checksum
  throw new ChecksumMismatch(
    `${workload.name}: ${first.side} stored ${first.checksum}, ${other.side} stored ${other.checksum}`,
  )
}

/** What one side measured of one figure, one value per run. */
interface Measured {
  readonly side: Side
  readonly values: ReadonlyArray<number>
}

const measured = (workload: Workload, rounds: Rounds, name: string, figure: Figure): Measured | undefined => {
  const side = workload.sides.find((candidate) => candidate.name === name)
  if (side === undefined) throw new RangeError(`${workload.name} has no side "${name}"`)
  const runs = rounds.get(name) ?? []
  const values = runs.flatMap(({ figures }) => figures[figure.name] ?? [])
  if (values.length === 0 && (runs.length === 0 || side !== workload.sides[0])) return undefined
  if (values.length < runs.length) throw new RangeError(`side "${name}" did not measure "${figure.name}"`)
  return { side, values }
}

const makeResult = (
  name: string,
  figure: Figure,
  target: Target | undefined,
  checksum: string,
  ours: Measured,
  other: Measured | null,
): BenchResult => {
  const cost = other === null ? null : costOf(figure, ours.values, other.values)
  const ratio = cost !== null && target?.of === 'gain' ? 1 / cost : cost
  const figureMedian = median(ours.values)
  const judged = target?.of === 'median' ? figureMedian : ratio
  return {
    workload: name,
    engine: ours.side.engine,
    against: other === null ? null : other.side.name,
    otherEngine: other === null ? null : other.side.engine,
    ratio,
    target: target === undefined ? null : targetText(target, figure),
    met: target === undefined || judged === null ? null : isMet(target, judged),
    checksum,
    median: figureMedian,
    spread: relativeSpread(ours.values),
    unit: figure.unit,
    other: other === null ? null : median(other.values),
    runs: ours.values.length,
    otherRuns: other === null ? null : other.values.length,
  }
}

/** Round by round; where one side ran once, every run of the other is compared with that one. */
const costOf = (figure: Figure, ours: ReadonlyArray<number>, other: ReadonlyArray<number>): number => {
  const length = Math.max(ours.length, other.length)
  const [a, b] = [ours, other].map((values) =>
    values.length === 1 ? Array.from({ length }, () => values[0]!) : values,
  ) as [ReadonlyArray<number>, ReadonlyArray<number>]
  return median(isRate(figure) ? pairedRatios(b, a) : pairedRatios(a, b))
}

const isMet = ({ is, value }: Target, judged: number): boolean => (is === '<=' ? judged <= value : judged >= value)

const targetText = ({ of, is, value }: Target, { unit }: Figure): string =>
  `${of} ${is} ${value.toLocaleString('en')} ${of === 'median' ? unit : '×'}`
