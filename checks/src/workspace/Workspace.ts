/** The workspace as its files say it is: which packages are published, and what each says of itself. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Folder of the workspace that this file is in. */
export const workspaceRoot: string = path.resolve(import.meta.dirname, '../../..')

/** What is read of a package.json. In the workspace `exports` lead to the source, in a packed one to `dist`. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly description?: string
  readonly license?: string
  readonly type?: string
  readonly sideEffects?: boolean | ReadonlyArray<string>
  readonly files?: ReadonlyArray<string>
  readonly keywords?: ReadonlyArray<string>
  readonly bin?: string | Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | { readonly types?: string; readonly default?: string }>>
  readonly engines?: { readonly node?: string }
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly publishConfig?: { readonly access?: string; readonly exports?: object }
}

export interface PublishedPackage {
  readonly manifest: Manifest
  /** Absolute. */
  readonly folder: string
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest

/** Every package of `packages/` that is not private, by name: a new one is checked without being listed anywhere. */
export const publishedPackages = (root: string = workspaceRoot): ReadonlyArray<PublishedPackage> =>
  readdirSync(path.join(root, 'packages'))
    .toSorted()
    .map((name) => path.join(root, 'packages', name))
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .map((folder) => ({ manifest: readManifest(folder), folder }))
    .filter(({ manifest }) => manifest.private !== true)

/** Peers that an app has to install: those that are not optional. **Shape**  names, sorted. */
export const requiredPeers = ({ peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): ReadonlyArray<string> =>
  Object.keys(peerDependencies)
    .filter((name) => peerDependenciesMeta[name]?.optional !== true)
    .toSorted()

/** Entry points that are code. **Shape**  `.`, `./adapter`, …; not `./package.json`. */
export const entryPoints = ({ exports = {} }: Manifest): ReadonlyArray<string> =>
  Object.keys(exports).filter((entry) => !entry.endsWith('.json'))

/** `@headwater/core` and `./adapter` are `@headwater/core/adapter`. */
export const specifierOf = (name: string, entry: string): string => (entry === '.' ? name : `${name}/${entry.slice(2)}`)
