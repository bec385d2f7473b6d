import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export interface AnomalyOptions {
  /** `null`: each of them. The same for all below. */
  readonly driver: string | null
  readonly path: string | null
  readonly fault: string | null
  readonly duration: string | null
  /** The one operation to fail. **Shape** counts from 1. */
  readonly n: number | null
  readonly isQuick: boolean
  /** Threads. */
  readonly jobs: number
}

/** What can be asked for. */
export interface AnomalyChoices {
  readonly drivers: ReadonlyArray<string>
  readonly paths: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
}

/** A flag that makes no sense; the message is one line for people. */
export class WrongFlag extends Error {
  override readonly name = 'WrongFlag'
}

/** Reads the command line. **Fails with** `WrongFlag`. */
export const readOptions = (args: ReadonlyArray<string>, choices: AnomalyChoices): AnomalyOptions => {
  const { driver, path, fault, duration, n, quick, jobs } = parse(args)
  return {
    driver: oneOf('driver', driver, choices.drivers),
    path: oneOf('path', path, choices.paths),
    fault: oneOf('fault', fault, choices.faults),
    duration: oneOf('duration', duration, ['once', 'lasting']),
    n: n === undefined ? null : count('n', n),
    isQuick: quick === true,
    jobs: jobs === undefined ? availableParallelism() : count('jobs', jobs),
  }
}

const parse = (args: ReadonlyArray<string>) => {
  const text = { type: 'string' } as const
  const options = {
    driver: text,
    path: text,
    fault: text,
    duration: text,
    n: text,
    jobs: text,
    quick: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new WrongFlag(
      `${String(error instanceof Error ? error.message : error).split('. ')[0]}; there are --driver, --path, --fault, --duration, --n, --quick, --jobs`,
    )
  }
}

const oneOf = (flag: string, value: string | undefined, known: ReadonlyArray<string>): string | null => {
  if (value === undefined) return null
  if (!known.includes(value)) throw new WrongFlag(`--${flag} is one of ${known.join(', ')}, not "${value}"`)
  return value
}

const count = (flag: string, text: string): number => {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1) throw new WrongFlag(`--${flag} is a whole number from 1 on, not "${text}"`)
  return n
}
