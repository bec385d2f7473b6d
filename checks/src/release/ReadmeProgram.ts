/** The first program of each README: what somebody copies. It is type-checked against the installed packages, and run. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { PackedPackage } from './PackedPackage.ts'

/**
 * How it is run, which the README says behind the block's language.
 *
 * - `ts`: to its end
 * - `ts server`: until it has said its address, and is told to end
 * - `ts browser`, `tsx browser`: not here
 */
export type ReadmeKind = 'program' | 'server' | 'browser'

export interface ReadmeProgram {
  readonly name: string
  readonly kind: ReadmeKind
  /** Below a project's folder. */
  readonly file: string
  readonly text: string
}

/** Those of all packages that have one. */
export const readmePrograms = (packages: ReadonlyArray<PackedPackage>): ReadonlyArray<ReadmeProgram> =>
  packages.flatMap(({ folder, manifest: { name } }) => {
    const file = path.join(folder, 'README.md')
    // A README that is missing is a problem that is told elsewhere.
    const readme = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const block = /^```(tsx?)(?: (server|browser))?\n([^]*?)^```$/m.exec(readme)
    if (block === null) return []
    const [, language, kind = 'program', text] = block
    return [{ name, kind: kind as ReadmeKind, file: `readme/${path.basename(folder)}.${language}`, text: text! }]
  })
