import { parseArgs } from 'node:util'
import { faultKinds, faultsOf, type RoundChoice, roundNames } from './Matrix.ts'

/** A flag that is wrong, in one line. */
export class HistoryUsage extends Error {}

export interface HistoryOptions extends RoundChoice {
  readonly seed: number
  /** Rounds start until this time is over; `null`: one round. */
  readonly minutes: number | null
  /** Where the files of failed rounds go. */
  readonly keep: string | undefined
  readonly isHelp: boolean
}

export const historyHelp = `pnpm check:history [flags]: real processes, real files, faults in between; what was promised is checked from outside

  --minutes N     rounds start for that long (default 5)
  --seed N        of the whole run, or of the one round (default: drawn, and printed)
  --only A,B      only rounds of these names: ${roundNames.join(', ')}
  --round NAME    one round; any faults joined by +, of ${faultKinds.join(', ')}, or none
  --clients N     how many clients (default 5 and 10)
  --rate N        commits a second, all clients together (default 10, 20 or 40)
  --seconds N     how long a round's faults last (default 15 to 40)
  --keep DIR      keep the files of failed rounds there (default: a temporary folder, kept when a round fails)
`

/** **Fails with** `HistoryUsage`. */
export const readHistoryOptions = (args: ReadonlyArray<string>, drawSeed: () => number): HistoryOptions => {
  const flags = flagsOf(args)
  if (flags.round !== undefined && (flags.only !== undefined || flags.minutes !== undefined))
    throw new HistoryUsage('--round is one round; it goes with neither --only nor --minutes')
  const names = flags.round !== undefined ? [flags.round] : (flags.only?.split(',') ?? roundNames)
  for (const name of names) checkName(name)
  return {
    names,
    seed: flags.seed === undefined ? drawSeed() : whole('seed', flags.seed, 0, 999_999_999),
    minutes: flags.round === undefined ? minutesOf(flags.minutes ?? '5') : null,
    clients: optional('clients', flags.clients, 1, 50),
    rate: optional('rate', flags.rate, 1, 1_000),
    seconds: optional('seconds', flags.seconds, 1, 3_600),
    keep: flags.keep,
    isHelp: flags.help === true,
  }
}

const flagsOf = (args: ReadonlyArray<string>) => {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      args: [...args],
      options: {
        minutes: text,
        seed: text,
        only: text,
        round: text,
        clients: text,
        rate: text,
        seconds: text,
        keep: text,
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new HistoryUsage(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
  }
}

const checkName = (name: string): void => {
  const faults = faultsOf(name)
  if (faults === undefined)
    throw new HistoryUsage(`there is no round "${name}"; join any of ${faultKinds.join(', ')} by +, or say none`)
  if (process.platform === 'win32' && faults.includes('pause'))
    throw new HistoryUsage('Windows cannot pause a process; leave out the rounds with pause')
}

const whole = (name: string, text: string, min: number, max: number): number => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new HistoryUsage(`--${name} takes a whole number from ${min} to ${max}, not "${text}"`)
}

const optional = (name: string, text: string | undefined, min: number, max: number): number | undefined =>
  text === undefined ? undefined : whole(name, text, min, max)

const minutesOf = (text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 24 * 60) return value
  throw new HistoryUsage(`--minutes takes a number above 0 and up to ${24 * 60}, not "${text}"`)
}
