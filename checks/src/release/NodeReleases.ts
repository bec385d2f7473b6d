/** The oldest and the newest Node that are promised, as the registry's packages bring them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runNode } from '../workspace/Command.ts'
import { npmScript } from '../workspace/PackageManagers.ts'
import { enginesNode } from './ManifestCheck.ts'

/** The newest that is tested; raised by hand, and with it the support matrix in docs/support.md. */
export const newestNode = '26.12.1'
/** The first patch of what `engines` asks for. */
export const lowestNode: string = enginesNode.replace(/^>=(\d+\.\d+)$/, '$1.0')

/** Fetches Nodes. **Shape**  the executables by version. **Fails with** `CommandFailed` where there is no such package. */
export const fetchNodes = async (
  folder: string,
  registry: string,
  versions: ReadonlyArray<string>,
): Promise<ReadonlyMap<string, string>> => {
  const nodes = new Map<string, string>()
  for (const version of versions) {
    const own = path.join(folder, version)
    mkdirSync(own, { recursive: true })
    writeFileSync(path.join(own, 'package.json'), '{"private":true}')
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
    const flags = ['--registry', registry, '--cache', path.join(folder, 'cache'), '--no-audit', '--no-fund']
    await runNode([npmScript(), 'install', `${name}@${version}`, ...flags], { cwd: own })
    nodes.set(version, path.join(own, 'node_modules', name, 'bin', 'node'))
  }
  return nodes
}
