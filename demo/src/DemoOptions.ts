import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { backendKinds } from './DemoBackend.ts'

export interface DemoOptions {
  readonly repository: string
  /** Whether `--repo` was given. */
  readonly isRepositoryNamed: boolean
  readonly clients: number
  readonly seed: number
  readonly jsonFile: string | null
  readonly backend: string
}

/** A flag that is not understood. `message` is one line, for people. */
export class BadFlag extends Error {
  override readonly name = 'BadFlag'
}

/** One alone never meets anybody; more than this are too much work for two cores in 50 seconds. */
const clientsRange = [2, 16] as const

export const usage = `Usage: demo [flags]

  --repo PATH      git repository whose history is used, bare ones too (default: the one this is in)
  --clients N      processes that commit it, ${clientsRange[0]} to ${clientsRange[1]} (default: 8)
  --seed N         of every random choice, a whole number from 0 on (default: 1)
  --backend NAME   ${[...backendKinds.keys()].join(', ')} (default: http)
  --json FILE      writes all figures there
  --help           this

Exit code: 0 all checks passed, 1 some did not, 2 a flag is wrong.
`

/** `null`: `--help`. **Fails with** `BadFlag`. */
export const readOptions = (args: ReadonlyArray<string>): DemoOptions | null => {
  const values = parse(args)
  if (values.help === true) return null
  return {
    repository: resolve(values.repo ?? resolve(import.meta.dirname, '../..')),
    isRepositoryNamed: values.repo !== undefined,
    clients: wholeNumber('--clients', values.clients ?? '8', ...clientsRange),
    seed: wholeNumber('--seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    jsonFile: values.json === undefined ? null : writableFile(values.json),
    backend: knownBackend(values.backend ?? 'http'),
  }
}

const parse = (args: ReadonlyArray<string>) => {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      // pnpm hands on the `--` that some put before the flags.
      args: args.filter((arg) => arg !== '--'),
      options: {
        repo: text,
        clients: text,
        seed: text,
        json: text,
        backend: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new BadFlag(error instanceof Error ? (error.message.split(/[\n.] /)[0] ?? error.message) : String(error))
  }
}

const wholeNumber = (flag: string, text: string, from: number, to: number): number => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= from && value <= to) return value
  throw new BadFlag(`${flag} takes a whole number from ${from} to ${to}, not "${text}"`)
}

const knownBackend = (name: string): string => {
  if (backendKinds.has(name)) return name
  throw new BadFlag(`--backend takes ${[...backendKinds.keys()].join(' or ')}, not "${name}"`)
}

/** Found out before the work, not after it. */
const writableFile = (path: string): string => {
  const file = resolve(path)
  const existing = statSync(file, { throwIfNoEntry: false })
  if (existing?.isDirectory() === true) throw new BadFlag(`--json ${path} is a folder`)
  try {
    accessSync(existing === undefined ? dirname(file) : file, constants.W_OK)
    return file
  } catch {
    throw new BadFlag(`--json ${path} cannot be written`)
  }
}
