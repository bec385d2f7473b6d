/**
 * What happens to one HTTP request on its way through a {@link FaultProxy}: decided when it arrives, from the seed and
 * the rates of that moment and from nothing else.
 *
 * | Fault          | The server sees           | The client sees                                             |
 * | -------------- | ------------------------- | ----------------------------------------------------------- |
 * | `delay`        | the request, later        | the answer, later                                           |
 * | `reorder`      | a later request first     | the answer, later                                           |
 * | `duplicate`    | the request twice         | the first answer                                            |
 * | `drop-request` | nothing                   | silence on an open connection, until it gives up            |
 * | `drop-answer`  | the request               | the same                                                    |
 * | `cut-request`  | the first bytes of a body | a reset connection                                          |
 * | `cut-answer`   | the request               | the first bytes of the answer, then a reset connection      |
 * | `truncate`     | the request               | the first bytes of the body, and then an end like any other |
 * | `stall`        | the request               | the first bytes of the answer, then silence                 |
 * | `fail-before`  | nothing                   | a 5xx                                                       |
 * | `fail-after`   | the request               | a 5xx                                                       |
 */

export const requestFaults = [
  'delay',
  'reorder',
  'duplicate',
  'drop-request',
  'drop-answer',
  'cut-request',
  'cut-answer',
  'truncate',
  'stall',
  'fail-before',
  'fail-after',
] as const
export type RequestFault = (typeof requestFaults)[number]

/** Share of requests that each fault hits, in [0, 1]; at most one fault hits a request, so their sum is at most 1. */
export type FaultRates = Readonly<Partial<Record<RequestFault, number>>>

/** A fault and its measures; which of these mean something depends on the fault. */
export interface FaultPlan {
  readonly fault: RequestFault | null
  /** How long `delay` waits; the longest `reorder` waits for another request. **Units** ms. */
  readonly waitMs: number
  /** Where a body is cut, as a share of it, in [0, 1). */
  readonly cutAt: number
  /** Where it is cut instead, in bytes. */
  readonly cutAfterBytes?: number | undefined
  readonly status: number
}

/** Beyond this a delay is no longer one but a stall that ends. **Units** ms. */
const waitMsMax = 1_500
const statuses = [500, 502, 503, 504] as const

/** Draws a plan: always the same count of random numbers, so that other rates leave the later requests' numbers alone. */
export const drawPlan = (random: () => number, rates: FaultRates): FaultPlan => {
  const drawn = random()
  const plan = {
    waitMs: Math.floor(waitMsMax * random() ** 2),
    cutAt: random(),
    status: statuses[Math.floor(random() * statuses.length)] ?? 500,
  }
  let upTo = 0
  const fault = requestFaults.find((name) => drawn < (upTo += rates[name] ?? 0)) ?? null
  return { ...plan, fault }
}

/** A plan for one fault as a test wants it. */
export const planOf = (fault: RequestFault, measures: Partial<Omit<FaultPlan, 'fault'>> = {}): FaultPlan => ({
  waitMs: 100,
  cutAt: 0.5,
  status: 503,
  ...measures,
  fault,
})

/** **Fails with** a `RangeError` for rates that are no shares, or are more than everything together. */
export const checkRates = (rates: FaultRates): void => {
  const values = Object.entries(rates)
  for (const [name, rate] of values) {
    if (!(requestFaults as ReadonlyArray<string>).includes(name))
      throw new RangeError(`there is no fault "${name}"; known are ${requestFaults.join(', ')}`)
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`the rate of ${name} must lie between 0 and 1, not be ${rate}`)
  }
  const sum = values.reduce((total, [, rate]) => total + rate, 0)
  if (sum > 1 + 1e-9) throw new RangeError(`the rates add up to ${sum}; a request has one fault, so 1 is the most`)
}

/**
 * Length up to which a body is let through.
 *
 * **Units**  bytes. A stream has no length: its cut is drawn evenly over the orders of magnitude from 1 byte to 4 KiB,
 * because what matters there are the first pages.
 */
export const cutOf = ({ cutAt, cutAfterBytes }: FaultPlan, length: number | undefined): number =>
  cutAfterBytes ?? Math.floor(length === undefined ? 4096 ** cutAt : length * cutAt)
