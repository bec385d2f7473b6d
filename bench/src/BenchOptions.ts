import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { hasBenchMarkers, markersHint } from './BenchDocs.ts'
import { workloadNamed, workloads } from './Workloads.ts'
import type { Workload } from './Workload.ts'

export interface BenchOptions {
  readonly workloads: ReadonlyArray<Workload>
  /** Some were named: pages keep what they say of others. */
  readonly isPart: boolean
  readonly rounds: number
  readonly jsonFile: string | undefined
  /** A Markdown file between whose markers the table is put. */
  readonly docsFile: string | undefined
  readonly isQuick: boolean
  /** Also the sides that are too slow for every day, once. */
  readonly isFull: boolean
  /** Whether anything runs that others made. */
  readonly hasPeers: boolean
  /** Profile one run of ours of every workload instead of measuring. */
  readonly isProfile: boolean
  readonly isHelp: boolean
}

/** The command line makes no sense; the message says what to do. */
export class BenchUsage extends Error {
  override readonly name = 'BenchUsage'
}

const roundsDefault = 5
const roundsQuick = 1

export const benchHelp =
  (): string => `pnpm bench [--only NAME,…] [--rounds N] [--quick | --full] [--peer none|livestore] [--json FILE] [--docs FILE] [--profile]

  --only NAMES    workloads to run, separated by commas (default all)
  --rounds N      runs of each side, interleaved (default ${roundsDefault}, with --quick ${roundsQuick})
  --quick         one round, for orientation only: the whole set in under 3 minutes
  --full          also what takes a side more than 20 s: it runs once, and its rows say so
  --peer NAME     livestore (default): peers run, too, and are installed into bench/peers when they are not there yet;
                  none: only ours and raw SQL
  --json FILE     writes the rows as a JSON array
  --docs FILE     writes machine, versions and the table between the markers of a Markdown file (docs/benchmarks.md);
                  with --only the sections of those, and what it says of others stays
  --profile       instead of measuring: one profiled run of ours each, and where its time went
  --help

Every run is a process of its own. A workload whose sides did not store the same fails the whole run (exit code 1);
a target that is missed does not.

Workloads:
${workloads.map(({ name, about }) => `  ${name.padEnd(nameWidth)}  ${about}`).join('\n')}
`

const nameWidth = Math.max(...workloads.map(({ name }) => name.length))

/** **Fails with** `BenchUsage`. */
export const readBenchOptions = (args: ReadonlyArray<string>): BenchOptions => {
  const values = parse(args)
  if (values.quick && values.full) throw new BenchUsage('--quick leaves out what --full adds: give one of them')
  return {
    workloads: values.only === undefined ? workloads : [...new Set(values.only.split(',').flatMap(chosen))],
    isPart: values.only !== undefined,
    rounds: values.rounds === undefined ? (values.quick ? roundsQuick : roundsDefault) : readRounds(values.rounds),
    jsonFile: values.json === undefined ? undefined : readJsonFile(values.json),
    docsFile: values.docs === undefined ? undefined : readDocsFile(values.docs),
    isQuick: values.quick,
    isFull: values.full,
    hasPeers: readPeer(values.peer),
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
        docs: { type: 'string' },
        peer: { type: 'string', default: 'livestore' },
        quick: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new BenchUsage(`${error instanceof Error ? error.message : String(error)}; see pnpm bench --help`)
  }
}

/** One, or all of a family. */
const chosen = (text: string): ReadonlyArray<Workload> => {
  const name = text.trim()
  const family = workloads.filter((workload) => workload.family === name)
  if (family.length > 0) return family
  const workload = workloadNamed(name)
  if (workload !== undefined) return [workload]
  throw new BenchUsage(`no workload "${name}"; there are ${workloads.map((known) => known.name).join(', ')}`)
}

const readRounds = (text: string): number => {
  const rounds = Number(text)
  if (Number.isSafeInteger(rounds) && rounds >= 1 && rounds <= 100) return rounds
  throw new BenchUsage(`--rounds takes a number from 1 to 100, not "${text}"`)
}

const readPeer = (text: string): boolean => {
  if (text === 'livestore' || text === 'none') return text !== 'none'
  throw new BenchUsage(`--peer takes livestore or none, not "${text}"`)
}

// Both files are looked at before minutes of measuring are lost.

const readJsonFile = (file: string): string => {
  if (file !== '' && existsSync(path.dirname(file))) return file
  throw new BenchUsage(`--json ${file}: there is no folder ${path.dirname(file)}`)
}

const readDocsFile = (file: string): string => {
  if (!existsSync(file)) throw new BenchUsage(`--docs ${file}: there is no such file; ${markersHint}`)
  if (hasBenchMarkers(readFileSync(file, 'utf8'))) return file
  throw new BenchUsage(`--docs ${file}: it has no place for the table; ${markersHint}`)
}
