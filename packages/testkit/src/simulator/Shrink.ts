/** Makes a failing schedule shorter: leaves out steps for as long as the same law breaks. */
import type { SeedReport } from './SeedPool.ts'
import { makeSchedule } from './Schedule.ts'

export interface Shrunk {
  /** Indexes of the steps that are left. */
  readonly steps: ReadonlyArray<number>
  readonly result: SeedReport
  readonly runs: number
}

/** Enough for a schedule of 150 steps; a shorter one is a comfort, not a proof. */
const runsMax = 400

/** The law: what stands before the first colon. */
const lawOf = (failure: string | null): string | undefined => failure?.split(':')[0]

/** Leaves out ever smaller parts, from the end, until no single step can go. `run` runs the seed with these steps only. */
export const shrink = async (
  failed: SeedReport,
  run: (steps: ReadonlySet<number>) => Promise<SeedReport>,
): Promise<Shrunk> => {
  let steps: ReadonlyArray<number> = makeSchedule(failed.seed).map(({ index }) => index)
  let result = failed
  let runs = 0
  for (let size = Math.ceil(steps.length / 2); size >= 1 && runs < runsMax;) {
    let isShorter = false
    for (let end = steps.length; end > 0 && runs < runsMax; end -= size) {
      const fewer = [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)]
      const attempt = await run(new Set(fewer))
      runs++
      if (lawOf(attempt.failure) !== lawOf(failed.failure)) continue
      steps = fewer
      result = attempt
      isShorter = true
    }
    if (size === 1 && !isShorter) break
    if (!isShorter || size > steps.length) size = Math.max(1, Math.min(size - 1, Math.floor(size / 2)))
  }
  return { steps, result, runs }
}

/** **Shape**  `3,7-9,40`; what `--steps` takes. */
export const formatSteps = (steps: ReadonlyArray<number>): string => {
  const ranges: Array<[number, number]> = []
  for (const step of steps) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === step - 1) last[1] = step
    else ranges.push([step, step])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join()
}

/** The inverse of {@link formatSteps}; `undefined` if the text is none. */
export const parseSteps = (text: string): ReadonlySet<number> | undefined => {
  const steps = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/u.exec(part.trim())
    if (match === null) return undefined
    const from = Number(match[1])
    const to = Number(match[2] ?? from)
    if (to < from || to - from > 100_000) return undefined
    for (let step = from; step <= to; step++) steps.add(step)
  }
  return steps
}
