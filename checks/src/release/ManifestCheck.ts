/** What a packed package has to have and to say, beyond what publint and attw look for. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { entryPoints, type Manifest, requiredPeers } from '../workspace/Workspace.ts'
import type { PackedPackage } from './PackedPackage.ts'

/** What every package runs on; Node's lowest version is the one that Effect's platform packages ask for. */
export const enginesNode = '>=22.19'

/** **Shape**  one line per problem, none if it may be published. */
export const manifestProblems = ({ manifest, folder, files, source }: PackedPackage): ReadonlyArray<string> => [
  ...fieldProblems(manifest),
  ...entryProblems(manifest, folder),
  ...peerProblems(manifest),
  ...rangeProblems(manifest),
  ...fileProblems(files, source.manifest),
  ...readmeProblems(manifest, path.join(folder, 'README.md')),
]

const fieldProblems = (manifest: Manifest): ReadonlyArray<string> => {
  const expected: ReadonlyArray<readonly [string, boolean]> = [
    ['"description" is missing', (manifest.description ?? '') !== ''],
    ['"license" must be MIT', manifest.license === 'MIT'],
    ['"type" must be module', manifest.type === 'module'],
    ['"sideEffects" is missing: a bundler would keep everything', manifest.sideEffects !== undefined],
    [`"engines" must ask for node ${enginesNode}`, manifest.engines?.node === enginesNode],
    ['"keywords" are missing', (manifest.keywords ?? []).length > 0],
    ['"publishConfig.access" must be public', manifest.publishConfig?.access === 'public'],
    ['neither "exports" nor "bin"', manifest.exports !== undefined || manifest.bin !== undefined],
  ]
  return expected.filter(([, holds]) => !holds).map(([problem]) => problem)
}

const entryProblems = (manifest: Manifest, folder: string): ReadonlyArray<string> =>
  entryPoints(manifest).flatMap((entry) => {
    const target = manifest.exports![entry]!
    // A script without declarations is one that is only ever started: a worker's entry.
    const paths = typeof target === 'string' ? [target] : [target.types, target.default]
    return paths.flatMap((file) => {
      if (file === undefined) return [`exports["${entry}"] needs "types" and "default"`]
      return existsSync(path.join(folder, file)) ? [] : [`exports["${entry}"]: ${file} is not in the package`]
    })
  })

/** One third-party peer, `effect`, and the framework that bindings are named after. */
const peerProblems = (manifest: Manifest): ReadonlyArray<string> => {
  const framework = manifest.name.replace(/^@headwater\//, '')
  return requiredPeers(manifest)
    .filter((name) => !name.startsWith('@headwater/') && name !== 'effect' && name !== framework)
    .map((name) => `${name} is a required peer: only effect may be one (make it optional, or a dependency)`)
}

const rangeProblems = (manifest: Manifest): ReadonlyArray<string> => {
  const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = manifest
  const all = [dependencies, peerDependencies, optionalDependencies].flatMap((each) => Object.entries(each))
  const isCoreBundled = '@headwater/core' in dependencies
  return [
    ...all
      .filter(([, range]) => /^(workspace|catalog|file|link):/.test(range))
      .map(([name, range]) => `${name}: ${range} is not a range that a registry knows`),
    ...(isCoreBundled ? ['@headwater/core must be a peer: an app has one copy of it'] : []),
  ]
}

const fileProblems = (files: ReadonlyArray<string>, manifest: Manifest): ReadonlyArray<string> => [
  ...['README.md', 'LICENSE'].filter((file) => !files.includes(file)).map((file) => `${file} is not in the package`),
  // Written by the first `changeset version`; packers leave it out unless it is named.
  ...(manifest.files?.includes('CHANGELOG.md') === true ? [] : ['"files" must name CHANGELOG.md']),
  ...files
    .filter((file) => /\.tsbuildinfo$|^test\/|(^|\/)node_modules\//.test(file))
    .map((file) => `${file} is packed`),
]

/** What it is, how to install it, code to run, and where to read on. */
const readmeProblems = (manifest: Manifest, file: string): ReadonlyArray<string> => {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const isInstalled = /npm (install|create)|npx /.test(text)
  return [
    ...(text.startsWith(`# ${manifest.name}\n`) ? [] : [`README.md must begin with "# ${manifest.name}"`]),
    ...(isInstalled ? [] : ['README.md does not say how to install it']),
    ...(/```(ts|tsx)\b/.test(text) || manifest.exports === undefined ? [] : ['README.md has no program']),
    ...(/\]\([^)]+\)/.test(text) ? [] : ['README.md links to nothing']),
  ]
}
