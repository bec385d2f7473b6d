/**
 * `pnpm release:publish --repository URL`: packs every package as `release:check` does, and publishes those whose version
 * the registry does not have, with npm, which proves by OIDC where it runs. `--dry-run` does all but the upload.
 *
 * Where the repository is, nobody knows but the one who publishes from it: npm compares the address with the one in its
 * proof of provenance, so it comes into the packed manifests here, and into no file that is committed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { CommandFailed, runNode } from '../workspace/Command.ts'
import { npmScript } from '../workspace/PackageManagers.ts'
import { makeRunFolder } from '../workspace/RunFolder.ts'
import { publishedPackages, workspaceRoot } from '../workspace/Workspace.ts'
import { buildWorkspace, packAll, type PackedPackage } from './PackedPackage.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Has the manifests say where they come from, until `body` is done. */
const withRepository = async <A>(repository: string, body: () => Promise<A>): Promise<A> => {
  const files = publishedPackages().map(({ folder }) => path.join(folder, 'package.json'))
  const before = files.map((file) => readFileSync(file, 'utf8'))
  try {
    files.forEach((file, index) => writeFileSync(file, manifestWith(repository, file, before[index]!)))
    return await body()
  } finally {
    files.forEach((file, index) => writeFileSync(file, before[index]!))
  }
}

const manifestWith = (repository: string, file: string, text: string): string => {
  const directory = path.relative(workspaceRoot, path.dirname(file)).split(path.sep).join('/')
  const where = {
    homepage: `${repository}/tree/main/${directory}`,
    bugs: `${repository}/issues`,
    repository: { type: 'git', url: `git+${repository}.git`, directory },
  }
  return JSON.stringify({ ...(JSON.parse(text) as object), ...where }, null, 2)
}

const isPublished = async ({ manifest }: PackedPackage): Promise<boolean> => {
  const { name, version } = manifest
  try {
    const said = await runNode([npmScript(), 'view', `${name}@${version}`, 'version'], { cwd: workspaceRoot })
    return said.trim() !== ''
  } catch (error) {
    // The package itself is new.
    if (error instanceof CommandFailed && /\bE404\b/.test(error.output)) return false
    throw error
  }
}

const publish = async (packed: PackedPackage, isDry: boolean): Promise<void> => {
  const { name, version } = packed.manifest
  if (!isDry && (await isPublished(packed))) return say(`${name} ${version} is published already`)
  const flags = isDry ? ['--dry-run'] : ['--provenance']
  await runNode([npmScript(), 'publish', packed.tarball, '--access', 'public', ...flags], { cwd: workspaceRoot })
  say(`${name} ${version} ${isDry ? 'would be published' : 'published'}`)
}

const { values } = parseArgs({
  options: { repository: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
})
if (values.repository === undefined || !/^https:\/\/[^/]+\/.+[^/]$/.test(values.repository)) {
  process.stderr.write('release:publish: say where the repository is: --repository https://HOST/OWNER/NAME\n')
  process.exitCode = 2
} else {
  const folder = makeRunFolder('publish')
  const { repository, 'dry-run': isDry } = values
  await withRepository(repository, async () => {
    await buildWorkspace()
    for (const packed of await packAll(folder)) await publish(packed, isDry)
  })
}
