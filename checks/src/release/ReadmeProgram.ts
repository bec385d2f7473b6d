/** The first program of each README: what somebody copies. It is type-checked against the installed packages, and run. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { PackedPackage } from './PackedPackage.ts'

/**
 * How it is run, which the README says behind the block's language.
 *
 * - `ts`: to its end
 * - `ts server`: until it has said its address, and is told to end
 * - `ts browser`: not here
 */
export type ReadmeKind = 'program' | 'server' | 'browser'

export interface ReadmeProgram {
  readonly name: string
  readonly kind: ReadmeKind
  /** Below a project's folder. */
  readonly file: string
  readonly text: string
}

/** Those of all packages that have one. JSX is part of an app, which has tests of its own. */
export const readmePrograms = (packages: ReadonlyArray<PackedPackage>): ReadonlyArray<ReadmeProgram> =>
  packages.flatMap(({ folder, manifest: { name } }) => {
    const file = path.join(folder, 'README.md')
    // A README that is missing is a problem that is told elsewhere.
    const readme = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const block = /^```ts(?: (server|browser))?\n([^]*?)^```$/m.exec(readme)
    if (block === null) return []
    const kind = (block[1] ?? 'program') as ReadmeKind
    return [{ name, kind, file: `readme/${path.basename(folder)}.ts`, text: block[2]! }]
  })
