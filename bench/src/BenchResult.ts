import { median, pairedRatios, relativeSpread } from './Statistics.ts'
import { type Comparison, type Figure, type Measurement, type Target, type Workload, isRate } from './Workload.ts'

/** One row of `--json` and of the table. */
export interface BenchResult {
  /** `commit/median`: workload and figure. */
  readonly workload: string
  readonly engine: string
  readonly against: string | null
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
  readonly runs: number
}

/** Measurements of one workload by side, one per round, in the order of rounds. */
export type Rounds = ReadonlyMap<string, ReadonlyArray<Measurement>>

/** Two sides, or two runs of one, did not store the same: no figure of the workload counts. */
export class ChecksumMismatch extends Error {
  override readonly name = 'ChecksumMismatch'
}

/** The rows of one workload. **Fails with** `ChecksumMismatch`; `RangeError` for a figure or a side that was not measured. */
export const makeResults = (workload: Workload, rounds: Rounds): ReadonlyArray<BenchResult> => {
  const checksum = agreedChecksum(workload, rounds)
  return workload.figures.flatMap((figure) =>
    figure.comparisons.map((comparison) => makeResult(workload, figure, comparison, rounds, checksum)),
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

const makeResult = (
  workload: Workload,
  figure: Figure,
  { against, target }: Comparison,
  rounds: Rounds,
  checksum: string,
): BenchResult => {
  const [ours] = workload.sides
  if (ours === undefined) throw new RangeError(`${workload.name} has no sides`)
  const values = valuesOf(rounds, ours.name, figure)
  const others = against === null ? null : valuesOf(rounds, against, figure)
  const cost =
    others === null ? null : median(isRate(figure) ? pairedRatios(others, values) : pairedRatios(values, others))
  const ratio = cost !== null && target?.of === 'gain' ? 1 / cost : cost
  const figureMedian = median(values)
  const judged = target?.of === 'median' ? figureMedian : ratio
  return {
    workload: `${workload.name}/${figure.name}`,
    engine: ours.engine,
    against,
    ratio,
    target: target === undefined ? null : targetText(target, figure),
    met: target === undefined || judged === null ? null : isMet(target, judged),
    checksum,
    median: figureMedian,
    spread: relativeSpread(values),
    unit: figure.unit,
    other: others === null ? null : median(others),
    runs: values.length,
  }
}

const valuesOf = (rounds: Rounds, side: string, figure: Figure): ReadonlyArray<number> => {
  const runs = rounds.get(side)
  if (runs === undefined || runs.length === 0) throw new RangeError(`side "${side}" was not run`)
  return runs.map(({ figures }) => {
    const value = figures[figure.name]
    if (value === undefined) throw new RangeError(`side "${side}" did not measure "${figure.name}"`)
    return value
  })
}

const isMet = ({ is, value }: Target, judged: number): boolean => (is === '<=' ? judged <= value : judged >= value)

const targetText = ({ of, is, value }: Target, { unit }: Figure): string =>
  `${of} ${is} ${value.toLocaleString('en')} ${of === 'median' ? unit : '×'}`
