/**
 * What {@link FaultyBackend} does to calls, streams and pages. Probabilities are in [0, 1], each drawn for itself; what is
 * not named is 0.
 *
 * | Fault           | Of each       | The client sees                                   | The backend sees                      |
 * | --------------- | ------------- | ------------------------------------------------- | ------------------------------------- |
 * | `loseRequest`   | call, stream  | `TimedOut` after `timeoutMs`                      | nothing                               |
 * | `lateRequest`   | push          | `TimedOut` after `timeoutMs`                      | the push, up to `holdMs` after that   |
 * | `loseAnswer`    | ping, push    | `TimedOut` after `timeoutMs`                      | the call                              |
 * | `fail`          | call, stream  | a retryable reason, at once                       | nothing                               |
 * | `duplicatePush` | push          | its answer                                        | it again, up to `holdMs` later        |
 * | `cutStream`     | stream, page  | `Unreachable`, between two pages or in silence    | a reader that left                    |
 * | `holdPage`      | page          | it, and all behind it, up to `holdMs` later       | a slow reader                         |
 */
export interface BackendFaults {
  readonly loseRequest?: number
  readonly lateRequest?: number
  readonly loseAnswer?: number
  readonly fail?: number
  readonly duplicatePush?: number
  readonly cutStream?: number
  readonly holdPage?: number
  /** **Units** ms; every request, answer and page takes up to so long. Default 0. */
  readonly latencyMs?: number
  /** **Units** ms; after which a lost message is noticed. Default 3,000. */
  readonly timeoutMs?: number
  /** **Units** ms; how late at most what is held back arrives. Default 1,000. */
  readonly holdMs?: number
}

export const backendFaultKinds = [
  'loseRequest',
  'lateRequest',
  'loseAnswer',
  'fail',
  'duplicatePush',
  'cutStream',
  'holdPage',
] as const
export type BackendFaultKind = (typeof backendFaultKinds)[number]

/** **Fails with** a `RangeError` that names the first value that is none. */
export const checkFaults = (faults: BackendFaults): void => {
  for (const [name, value] of Object.entries(faults)) {
    const isProbability = (backendFaultKinds as ReadonlyArray<string>).includes(name)
    const max = isProbability ? 1 : Infinity
    if (!(value >= 0 && value <= max && value < Infinity)) {
      throw new RangeError(`faultyBackend: ${name} must be ${isProbability ? 'in [0, 1]' : 'at least 0'}, not ${value}`)
    }
  }
}
