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

/** One row to be made of a figure. A side that did not run, or did not measure the figure, gives none. */
export interface Comparison {
  /** The side of ours that the row is about, where it is not the first. */
  readonly side?: string
  /** A side of the workload, or `null` when only the figure itself is reported. */
  readonly against: string | null
  readonly target?: Target
}

export interface Figure {
  /** The key in `Measurement.figures`. */
  readonly name: string
  readonly unit:
    | 'µs'
    | 'ms'
    | 's'
    | 'events/s'
    | 'appends/s'
    | 'MB'
    | 'kB'
    | 'messages'
    | 'packages'
    | 'requests'
    | 'bytes'
    | '×'
  readonly about: string
  readonly comparisons: ReadonlyArray<Comparison>
}

/** Makes one run. Its module is loaded in the run's own process only, so that a side carries nothing of the others. */
export type RunSide = () => Promise<Measurement>

/** A library that others made, a project of its own in `bench/peers`. */
export type Peer = 'livestore' | 'tanstack'

export interface Side {
  readonly name: string
  /** What is under it: `better-sqlite3`, `wa-sqlite`. */
  readonly engine: string
  readonly run: RunSide
  /** Whose it is, if not ours and not raw SQL: left out with `--peer none`, or where it can't be installed. */
  readonly peer?: Peer
  /** Takes more than 20 s: runs once, and only with `--full`. */
  readonly isSlow?: true
}

export interface Workload {
  readonly name: string
  /** Chooses all workloads that have it. */
  readonly family?: string
  readonly about: string
  /** Ours first; all of them run in this order in every round. */
  readonly sides: ReadonlyArray<Side>
  readonly figures: ReadonlyArray<Figure>
}

/** For a rate more is better: what costs twice as much shows as half the rate. */
export const isRate = (figure: Figure): boolean => figure.unit === 'events/s' || figure.unit === 'appends/s'
