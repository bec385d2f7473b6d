/** What the harness does with numbers. Nothing here knows what they mean. */

/**
 * The value at `fraction` of the sorted values, between two of them by linear interpolation (type 7 of Hyndman and Fan,
 * what R and NumPy do).
 *
 * **Fails with**  `RangeError` for no values, or a fraction outside 0–1.
 */
export const quantile = (values: ReadonlyArray<number>, fraction: number): number => {
  if (values.length === 0) throw new RangeError('no values')
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`${fraction} is no fraction`)
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(place)]!
  const above = sorted[Math.ceil(place)]!
  return below + (above - below) * (place - Math.floor(place))
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

/** **Fails with** `RangeError` for no values. */
export const mean = (values: ReadonlyArray<number>): number => {
  if (values.length === 0) throw new RangeError('no values')
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** (largest - smallest) / median: 0.1 says that all runs lie within 10 % of the median of each other. */
export const relativeSpread = (values: ReadonlyArray<number>): number => {
  const middle = median(values)
  const [low, high] = [quantile(values, 0), quantile(values, 1)]
  return middle === 0 ? (high === low ? 0 : Infinity) : (high - low) / Math.abs(middle)
}

/** `ours[i] / theirs[i]`: the two sides of one round, which ran directly behind each other on the same machine. */
export const pairedRatios = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): ReadonlyArray<number> => {
  if (ours.length !== theirs.length) throw new RangeError('pairs of unequal length')
  return ours.map((value, i) => value / theirs[i]!)
}
