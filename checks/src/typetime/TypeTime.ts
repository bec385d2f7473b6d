/** What the compiler says a program cost it, against the declarations that users get. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { runNode } from '../workspace/Command.ts'
import { workspaceRoot } from '../workspace/Workspace.ts'

export interface TypeCost {
  /** How often a generic type was worked out: the same on every machine and at every run. */
  readonly instantiations: number
  /** **Units**  seconds of type checking alone, the least of all runs. */
  readonly checkSeconds: number
  /** **Units**  seconds, with reading and parsing; the least of all runs. */
  readonly totalSeconds: number
}

/** Within the workspace, so that imports are found as in an app; ignored by git, lint and tests. */
const scratch = path.join(workspaceRoot, 'checks/.tsbuild/typetime')

const options = {
  extends: '../../../../tsconfig.base.json',
  compilerOptions: {
    noEmit: true,
    composite: false,
    incremental: false,
    rewriteRelativeImportExtensions: false,
  },
  include: ['.'],
  // By way of the reference the compiler reads core's declarations, not its source.
  references: [{ path: '../../../../packages/core' }],
}

/** **Fails with** `CommandFailed`, with the compiler's errors: the program has to be right. */
export const measureTypes = async (
  name: string,
  program: Readonly<Record<string, string>>,
  runs: number,
): Promise<TypeCost> => {
  const folder = path.join(scratch, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(program)) writeFileSync(path.join(folder, file), text)
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(options))
  const costs: Array<TypeCost> = []
  for (let run = 0; run < runs; run += 1) costs.push(await compile(folder))
  rmSync(folder, { recursive: true })
  return {
    instantiations: costs[0]!.instantiations,
    checkSeconds: Math.min(...costs.map(({ checkSeconds }) => checkSeconds)),
    totalSeconds: Math.min(...costs.map(({ totalSeconds }) => totalSeconds)),
  }
}

const compile = async (folder: string): Promise<TypeCost> => {
  const compiler = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  // One thread: several share the work by chance, and do parts of it twice.
  const flags = ['-p', folder, '--extendedDiagnostics', '--singleThreaded']
  const said = await runNode([path.join(compiler, 'bin/tsc'), ...flags], { cwd: folder })
  const read = (label: string): number => Number(new RegExp(`^${label}: +([\\d.]+)`, 'm').exec(said)?.[1])
  return {
    instantiations: read('Instantiations'),
    checkSeconds: read('Check time'),
    totalSeconds: read('Total time'),
  }
}
