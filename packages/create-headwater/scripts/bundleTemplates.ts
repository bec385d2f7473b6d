/**
 * Writes the templates into `dist/templates`, with the versions that this workspace has: `workspace:^` becomes the range
 * of the package as it is now, `catalog:` the catalog's. There is no second place that says them. Run after `tsc -b`.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

const packageFolder = path.join(import.meta.dirname, '..')
const workspaceRoot = path.join(packageFolder, '../..')
const templatesFolder = path.join(packageFolder, 'templates')

/** What a template takes from an example, as it is there. **Shape**  by template: sources from the workspace's root. */
const borrowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  backend: ['examples/backend-file/src/PushJudgement.ts', 'examples/backend-file/src/Cursor.ts'],
}

/** Writes all templates into `outFolder`, which it empties first. */
export const bundleTemplates = (outFolder: string): void => {
  rmSync(outFolder, { recursive: true, force: true })
  for (const file of templateFiles()) {
    const target = path.join(outFolder, file)
    mkdirSync(path.dirname(target), { recursive: true })
    cpSync(path.join(templatesFolder, file), target)
    if (path.basename(file) === 'package.json') writeFileSync(target, withVersions(readFileSync(target, 'utf8')))
  }
  for (const [template, files] of Object.entries(borrowed)) {
    for (const file of files) {
      cpSync(path.join(workspaceRoot, file), path.join(outFolder, template, 'src', path.basename(file)))
    }
  }
}

/** Tracked and new files, without what is ignored. **Shape**  paths below `templates/`. */
const templateFiles = (): ReadonlyArray<string> =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: templatesFolder,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => file !== '')

interface TemplateManifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const withVersions = (text: string): string => {
  const manifest = JSON.parse(text) as TemplateManifest
  const resolved = Object.fromEntries(
    Object.entries(manifest).map(([key, value]) => [key, /[dD]ependencies$/.test(key) ? rangesOf(value) : value]),
  )
  return `${JSON.stringify(resolved, null, 2)}\n`
}

const rangesOf = (dependencies: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(dependencies).map(([name, range]) => [name, rangeOf(name, range)]))

const rangeOf = (name: string, range: string): string => {
  if (range === 'workspace:^') return `^${workspaceVersions().get(name) ?? unknown(name)}`
  if (range !== 'catalog:') return unknown(`${name}@${range}: a template takes its versions from the workspace`)
  const version = catalog()[name] ?? unknown(name)
  // The workspace pins what an app may well take newer.
  return /^\d/.test(version) ? `^${version}` : version
}

const unknown = (what: string): never => {
  throw new Error(`no version in the workspace for ${what}`)
}

const workspaceVersions = (): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(path.join(workspaceRoot, 'packages')).map((folder) => {
      const manifest = path.join(workspaceRoot, 'packages', folder, 'package.json')
      const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string; version: string }
      return [name, version]
    }),
  )

const catalog = (): Readonly<Record<string, string>> =>
  (parse(readFileSync(path.join(workspaceRoot, 'pnpm-workspace.yaml'), 'utf8')) as { catalog: Record<string, string> })
    .catalog

if (import.meta.main) bundleTemplates(path.join(packageFolder, 'dist/templates'))
