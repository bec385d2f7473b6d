import { parseArgs } from 'node:util'
import { workloadNamed, workloads } from './Workloads.ts'
import type { Workload } from './Workload.ts'

export interface BenchOptions {
  readonly workloads: ReadonlyArray<Workload>
  readonly rounds: number
  readonly jsonFile: string | undefined
  readonly isQuick: boolean
  /** Profile one run of ours of every workload instead of measuring. */
  readonly isProfile: boolean
  readonly isHelp: boolean
}

/** The command line makes no sense; the message says what to do. */
export class BenchUsage extends Error {
  override readonly name = 'BenchUsage'
}

const roundsFull = 5
const roundsQuick = 3

export const benchHelp = (): string => `pnpm bench [--only NAME,…] [--rounds N] [--json FILE] [--quick] [--profile]

  --only NAMES    workloads to run, separated by commas (default all)
  --rounds N      runs of each side, interleaved (default ${roundsFull}, with --quick ${roundsQuick})
  --json FILE     writes the rows as a JSON array
  --quick         fewer rounds; figures for orientation only
  --profile       instead of measuring: one profiled run of ours each, and where its time went
  --help

Every run is a process of its own. A workload whose sides did not store the same fails the whole run (exit code 1);
a target that is missed does not.

Workloads:
${workloads.map(({ name, about }) => `  ${name.padEnd(14)}  ${about}`).join('\n')}
`

/** **Fails with** `BenchUsage`. */
export const readBenchOptions = (args: ReadonlyArray<string>): BenchOptions => {
  const values = parse(args)
  return {
    workloads: values.only === undefined ? workloads : values.only.split(',').map(chosen),
    rounds: values.rounds === undefined ? (values.quick ? roundsQuick : roundsFull) : readRounds(values.rounds),
    jsonFile: values.json,
    isQuick: values.quick,
    isProfile: values.profile,
    isHelp: values.help,
  }
}

const parse = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string' },
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new BenchUsage(`${error instanceof Error ? error.message : String(error)}; see pnpm bench --help`)
  }
}

const chosen = (name: string): Workload => {
  const workload = workloadNamed(name.trim())
  if (workload !== undefined) return workload
  throw new BenchUsage(`no workload "${name}"; there are ${workloads.map((known) => known.name).join(', ')}`)
}

const readRounds = (text: string): number => {
  const rounds = Number(text)
  if (Number.isSafeInteger(rounds) && rounds >= 1 && rounds <= 100) return rounds
  throw new BenchUsage(`--rounds takes a number from 1 to 100, not "${text}"`)
}
