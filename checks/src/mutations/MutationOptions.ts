import { statSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Mutation } from './Mutation.ts'
import { mutations } from './Mutations.ts'

export interface MutationOptions {
  readonly mutations: ReadonlyArray<Mutation>
  readonly jobs: number
  /** Where the table goes as a page. */
  readonly writeTo: string | undefined
  readonly isList: boolean
  readonly isHelp: boolean
}

/** The command line makes no sense; the message says what to do. */
export class MutationUsage extends Error {
  override readonly name = 'MutationUsage'
}

const jobsDefault = 2
const jobsMax = 64

export const mutationHelp = (): string => `pnpm check:mutations [--only NAME,…] [--jobs N] [--write FILE] [--list]

Puts ${mutations.length} faults into copies of this checkout, one at a time, and runs the suite that has to fail.

  --only NAMES  mutations to run, separated by commas (default all; --list has the names)
  --jobs N      copies that work side by side (default ${jobsDefault})
  --write FILE  writes the table as a Markdown page, too; rows of mutations that did not run stay
  --list        names and files, and nothing is run
  --help

Exit code 1 if a mutation survived or proved nothing, 2 for a command line that makes no sense.
`

/** **Fails with** `MutationUsage`. */
export const readMutationOptions = (args: ReadonlyArray<string>): MutationOptions => {
  const values = parse(args)
  return {
    mutations: values.only === undefined ? mutations : [...new Set(values.only.split(','))].map(named),
    jobs: values.jobs === undefined ? jobsDefault : readJobs(values.jobs),
    writeTo: values.write === undefined ? undefined : readTarget(values.write),
    isList: values.list,
    isHelp: values.help,
  }
}

const parse = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        jobs: { type: 'string' },
        write: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new MutationUsage(`${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)} (try --help)`)
  }
}

const named = (name: string): Mutation => {
  const mutation = mutations.find((candidate) => candidate.name === name)
  if (mutation === undefined) throw new MutationUsage(`there is no mutation "${name}"; --list has the names`)
  return mutation
}

/** Found out before minutes of work, not after. */
const readTarget = (file: string): string => {
  const isFolderThere = statSync(path.dirname(path.resolve(file)), { throwIfNoEntry: false })?.isDirectory() === true
  if (!isFolderThere) throw new MutationUsage(`--write ${file}: there is no such folder`)
  return file
}

const readJobs = (text: string): number => {
  const jobs = Number(text)
  if (!Number.isSafeInteger(jobs) || jobs < 1 || jobs > jobsMax)
    throw new MutationUsage(`--jobs takes a whole number from 1 to ${jobsMax}, not "${text}"`)
  return jobs
}
