/**
 * What the next release would be, as Changesets sees it, in a copy of the workspace that has nothing but the manifests.
 *
 * Below 1.0 a minor version is a breaking one, for npm too: `^0.1.0` does not reach 0.2.0. So a release of core that
 * leaves the range of its peers moves them, and moving a peer range breaks whoever does not move along: such a dependent
 * has to be released as a breaking change as well. Changesets alone would make a patch of it, which `^0.1.0` reaches.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { run, runNode } from '../workspace/Command.ts'
import { type Manifest, publishedPackages, workspaceRoot } from '../workspace/Workspace.ts'

export type Bump = 'none' | 'patch' | 'minor' | 'major'

export interface Release {
  readonly name: string
  readonly type: Bump
  readonly oldVersion: string
  readonly newVersion: string
}

/** A changeset: what is released and how. */
export type Changeset = Readonly<Record<string, Bump>>

/** The plan for the changesets that wait in the workspace, or for `changesets` in their place. **Shape**  no `none`. */
export const releasePlan = async (
  folder: string,
  changesets?: ReadonlyArray<Changeset>,
): Promise<ReadonlyArray<Release>> => {
  copyManifests(folder, changesets === undefined)
  changesets?.forEach((changeset, index) => {
    const lines = Object.entries(changeset).map(([name, bump]) => `'${name}': ${bump}`)
    writeFileSync(path.join(folder, `.changeset/change-${index}.md`), `---\n${lines.join('\n')}\n---\n\nA change.\n`)
  })
  // Changesets asks git which packages differ from the base branch.
  const identity = ['-c', 'user.name=check', '-c', 'user.email=check@localhost', '-c', 'commit.gpgsign=false']
  await run('git', ['init', '--quiet', '--initial-branch=main'], { cwd: folder })
  await run('git', ['add', '--all'], { cwd: folder })
  await run('git', [...identity, 'commit', '--quiet', '--message=copy'], { cwd: folder })
  const cli = createRequire(path.join(workspaceRoot, 'package.json')).resolve('@changesets/cli/bin.js')
  await runNode([cli, 'status', '--output', 'plan.json'], { cwd: folder })
  const plan = JSON.parse(readFileSync(path.join(folder, 'plan.json'), 'utf8')) as { releases: ReadonlyArray<Release> }
  return plan.releases.filter(({ type }) => type !== 'none')
}

const copyManifests = (folder: string, withChangesets: boolean): void => {
  const files = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', '.changeset/config.json']
  const manifests = publishedPackages().map((each) =>
    path.join(path.relative(workspaceRoot, each.folder), 'package.json'),
  )
  for (const file of [...files, ...manifests]) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    cpSync(path.join(workspaceRoot, file), path.join(folder, file))
  }
  if (withChangesets)
    cpSync(path.join(workspaceRoot, '.changeset'), path.join(folder, '.changeset'), { recursive: true })
}

/** Which bump a range `^x.y.z` does not reach: a minor one below 1.0, else a major one. */
const breakingBump = (version: string): Bump => (version.startsWith('0.') ? 'minor' : 'major')

const weights: Readonly<Record<Bump, number>> = { none: 0, patch: 1, minor: 2, major: 3 }

/** Whether the release is one that ranges of before do not reach. */
const isBreaking = ({ type, oldVersion }: Release): boolean => weights[type] >= weights[breakingBump(oldVersion)]

/** **Shape**  one line for each dependent whose peer range moves while its own version says that nothing broke. */
export const planProblems = (
  plan: ReadonlyArray<Release>,
  manifests: ReadonlyArray<Manifest> = publishedPackages().map(({ manifest }) => manifest),
): ReadonlyArray<string> => {
  const released = new Map(plan.map((release) => [release.name, release]))
  return manifests.flatMap((manifest) => {
    const moved = Object.keys(manifest.peerDependencies ?? {}).filter((name) => {
      const release = released.get(name)
      return release !== undefined && isBreaking(release)
    })
    const own = released.get(manifest.name)
    if (moved.length === 0 || (own !== undefined && isBreaking(own))) return []
    const needed = breakingBump(manifest.version)
    return [
      `${manifest.name} moves with its peer ${moved.join(', ')}: add '${manifest.name}': ${needed} to the changeset`,
    ]
  })
}
