/**
 * What a workload is. One run is one process that does one side of one workload once and prints a {@link Measurement};
 * everything that is said about it (medians, ratios, targets) is worked out from the runs by `BenchResult.ts`.
 *
 * A workload measures several figures at once. A figure is compared with any number of sides, or with nothing, and each
 * such pair becomes one row of the answer.
 */

/** What one run prints, as JSON, on its last line. */
export interface Measurement {
  /** By figure name, in the figure's unit. */
  readonly figures: Readonly<Record<string, number>>
  /** Of what was stored in the end: equal on every side and in every run, or nothing counts. */
  readonly checksum: string
}

/** `ours`: the figure itself. `cost`: how many times as dear ours is. `gain`: how many times as dear the other is. */
export type TargetOf = 'median' | 'cost' | 'gain'

export interface Target {
  readonly of: TargetOf
  readonly is: '<=' | '>='
  readonly value: number
}

/** One row to be made of a figure. */
export interface Comparison {
  /** A side of the workload, or `null` when only the figure itself is reported. */
  readonly against: string | null
  readonly target?: Target
}

export interface Figure {
  /** The key in `Measurement.figures`. */
  readonly name: string
  readonly unit: 'µs' | 'ms' | 's' | 'events/s' | 'MB' | '×'
  readonly about: string
  readonly comparisons: ReadonlyArray<Comparison>
}

/** Makes one run. Its module is loaded in the run's own process only, so that a side carries nothing of the others. */
export type RunSide = () => Promise<Measurement>

export interface Workload {
  readonly name: string
  readonly about: string
  /** Ours first; the others run in between, in this order, in every round. `engine` names what is under it. */
  readonly sides: ReadonlyArray<{ readonly name: string; readonly engine: string; readonly run: RunSide }>
  readonly figures: ReadonlyArray<Figure>
}

/** For a rate more is better: what costs twice as much shows as half the rate. */
export const isRate = (figure: Figure): boolean => figure.unit === 'events/s'
