/** What is asked of a fresh project: it type-checks, every entry point loads, and the first program works. */
import path from 'node:path'
import { CommandFailed, run, runNode } from '../workspace/Command.ts'
import { startNode } from '../workspace/Background.ts'
import type { PackedPackage } from './PackedPackage.ts'
import { type ReadmeProgram, readmePrograms } from './ReadmeProgram.ts'
import { type Installer, makeProject, typeScriptsOf } from './FreshProject.ts'

export interface ProjectCheckOptions {
  readonly parent: string
  readonly registry: string
  readonly packages: ReadonlyArray<PackedPackage>
  /** Executables by version. */
  readonly nodes: ReadonlyMap<string, string>
  readonly say: (line: string) => void
}

/** **Shape**  one line per problem. */
export const checkProject = async (
  installer: Installer,
  options: ProjectCheckOptions,
): Promise<ReadonlyArray<string>> => {
  const { parent, registry, packages, nodes, say } = options
  const problems: Array<string> = []
  const attempt = async (what: string, body: () => Promise<unknown>): Promise<boolean> => {
    try {
      await body()
      say(`${installer.name}: ${what}`)
      return true
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      problems.push(`${installer.name}, ${what}: ${error.message}`)
      return false
    }
  }
  let folder = ''
  const isInstalled = await attempt('installed, no peer missing or twice', async () => {
    folder = await makeProject(installer, parent, registry, packages)
  })
  if (!isInstalled) return problems
  for (const version of typeScriptsOf(installer)) {
    for (const resolution of ['bundler', 'nodenext']) {
      const what = `types, TypeScript ${version}, moduleResolution ${resolution}`
      await attempt(what, () => typeCheck(folder, version, resolution))
    }
  }
  for (const [version, node] of nodes) {
    await attempt(`entry points on Node ${version}`, () => run(node, ['imports.ts'], { cwd: folder }))
    await attempt(`smoke program on Node ${version}`, () => run(node, ['smoke.ts'], { cwd: folder, timeoutMs: 60_000 }))
  }
  if (installer.isComplete) {
    for (const program of readmePrograms(packages)) {
      if (program.kind !== 'browser') await attempt(`README of ${program.name}`, () => runReadme(folder, program))
    }
  }
  return problems
}

/** A server says its address when it is ready, and goes on until it is told to end. */
const runReadme = async (folder: string, { file, kind }: ReadmeProgram): Promise<void> => {
  if (kind === 'program') return void (await runNode([file], { cwd: folder, timeoutMs: 60_000 }))
  const server = await startNode([file], { cwd: folder, ready: /^http:\S+$/m })
  const code = await server.end()
  if (code !== 0) throw new CommandFailed(file, `ended with ${code} on SIGTERM`)
}

const typeCheck = (folder: string, version: string, resolution: string): Promise<string> => {
  const compiler = path.join(folder, 'node_modules', `typescript-${version}`, 'bin/tsc')
  return runNode([compiler, '-p', `tsconfig.${resolution}.json`], { cwd: folder })
}
