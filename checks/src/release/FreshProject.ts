/** An empty folder, and what each package manager makes of it when somebody installs everything that we publish. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { CommandFailed, run, runNode } from '../workspace/Command.ts'
import { npmScript, pnpmCommand, yarnClassicScript, yarnScript } from '../workspace/PackageManagers.ts'
import type { PackedPackage } from './PackedPackage.ts'
import { readmePrograms } from './ReadmeProgram.ts'
import { entryPoints, type Manifest, readManifest, requiredPeers, specifierOf } from '../workspace/Workspace.ts'

export interface Installer {
  readonly name: string
  /** Also what the packages have as optional peers, so that every entry point can be loaded. */
  readonly isComplete: boolean
  readonly configure: (folder: string, registry: string) => void
  /** **Fails with** `CommandFailed`, also for an unmet peer. */
  readonly install: (folder: string) => Promise<void>
}

/** The workspace's own compiler. */
const currentTypeScript = readManifest(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
).version

/** The oldest that is promised: the last but one that was written in JavaScript. */
const lowestTypeScript = '5.9.3'

/** The compilers that a project is checked with: what is installed is the same, so one project with both is enough. */
export const typeScriptsOf = ({ isComplete }: Installer): ReadonlyArray<string> =>
  isComplete ? [currentTypeScript, lowestTypeScript] : [currentTypeScript]

const write = (folder: string, file: string, text: string): void => writeFileSync(path.join(folder, file), text)

/** Fails for a warning about a peer, which these managers do not fail for themselves. */
const mustBeQuiet = (said: string): void => {
  const warnings = said.split('\n').filter((line) => /peer dep|YN0002|YN0060|YN0086/i.test(line))
  if (warnings.length > 0) throw new CommandFailed('install', warnings.join('\n'))
}

export const installers: ReadonlyArray<Installer> = [
  {
    name: 'npm',
    isComplete: false,
    configure: (folder, registry) =>
      write(folder, '.npmrc', `registry=${registry}\ncache=${folder}/.cache\nstrict-peer-deps=true\n`),
    install: async (folder) =>
      mustBeQuiet(await runNode([npmScript(), 'install', '--no-audit', '--no-fund'], { cwd: folder })),
  },
  {
    name: 'pnpm',
    isComplete: true,
    configure: (folder, registry) => {
      write(folder, '.npmrc', `registry=${registry}\n`)
      // What was published a moment ago is what is to be installed.
      const settings = [
        'minimumReleaseAge: 0',
        'strictPeerDependencies: true',
        'autoInstallPeers: false',
        'strictDepBuilds: false',
      ]
      write(folder, 'pnpm-workspace.yaml', [...settings, `storeDir: ${folder}/.store`, 'packages: []', ''].join('\n'))
    },
    install: async (folder) => {
      const { program, args } = pnpmCommand()
      mustBeQuiet(await run(program, [...args, 'install', '--dir', folder, '--no-frozen-lockfile'], { cwd: folder }))
    },
  },
  {
    name: 'yarn 1',
    isComplete: false,
    configure: (folder, registry) => write(folder, '.yarnrc', `registry "${registry}"\ncache-folder "./.cache"\n`),
    install: async (folder) =>
      mustBeQuiet(await runNode([yarnClassicScript(), 'install', '--non-interactive'], { cwd: folder })),
  },
  {
    name: 'yarn 4',
    isComplete: false,
    configure: (folder, registry) => {
      const settings = [
        `npmRegistryServer: "${registry}"`,
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        'enableGlobalCache: false',
        'enableTelemetry: false',
        'npmMinimalAgeGate: 0',
        // What it remembers of packages it keeps by the registry's name, without the port: another run's is dead.
        'globalFolder: ./.yarn-global',
        'nodeLinker: node-modules',
      ]
      write(folder, '.yarnrc.yml', `${settings.join('\n')}\n`)
      write(folder, 'yarn.lock', '')
    },
    install: async (folder) => mustBeQuiet(await runNode([yarnScript(), 'install', '--no-immutable'], { cwd: folder })),
  },
]

/** Makes a project that depends on all of `packages`, and installs it. **Shape**  its folder. */
export const makeProject = async (
  installer: Installer,
  parent: string,
  registry: string,
  packages: ReadonlyArray<PackedPackage>,
): Promise<string> => {
  const manifests = packages.map(({ manifest }) => manifest)
  const folder = path.join(parent, `project-${installer.name.replace(' ', '-')}`)
  mkdirSync(folder)
  write(folder, 'package.json', JSON.stringify(projectManifest(manifests, installer), null, 2))
  write(folder, 'imports.ts', importsOf(manifests, installer.isComplete))
  for (const resolution of ['bundler', 'nodenext']) {
    write(folder, `tsconfig.${resolution}.json`, JSON.stringify(typeCheckOptions(resolution, installer.isComplete)))
  }
  mkdirSync(path.join(folder, 'readme'))
  if (installer.isComplete) for (const { file, text } of readmePrograms(packages)) write(folder, file, text)
  cpSync(path.join(import.meta.dirname, 'consumer/Smoke.ts'), path.join(folder, 'smoke.ts'))
  installer.configure(folder, registry)
  await installer.install(folder)
  return folder
}

const projectManifest = (manifests: ReadonlyArray<Manifest>, installer: Installer): object => {
  const ranges: Record<string, string> = {}
  for (const { name, version } of manifests) ranges[name] = `^${version}`
  for (const manifest of manifests) {
    const names = installer.isComplete ? Object.keys(manifest.peerDependencies ?? {}) : requiredPeers(manifest)
    for (const name of names) ranges[name] ??= manifest.peerDependencies![name]!
  }
  return {
    name: 'fresh-project',
    version: '1.0.0',
    private: true,
    type: 'module',
    // Programs of READMEs are whole apps.
    dependencies: installer.isComplete ? { ...ranges, 'react-dom': '^19.0.0' } : ranges,
    devDependencies: {
      ...Object.fromEntries(
        typeScriptsOf(installer).map((version) => [`typescript-${version}`, `npm:typescript@${version}`]),
      ),
      '@types/node': '^24.0.0',
      '@types/react': '^19.0.0',
      '@types/react-dom': '^19.0.0',
    },
  }
}

/** A program that loads every entry point, or those that need no optional peer: the main ones. */
const importsOf = (manifests: ReadonlyArray<Manifest>, isComplete: boolean): string => {
  const specifiers = manifests.flatMap((manifest) =>
    entryPoints(manifest)
      .filter((entry) => typeof manifest.exports![entry] !== 'string')
      .filter((entry) => isComplete || entry === '.')
      .map((entry) => specifierOf(manifest.name, entry)),
  )
  const lines = specifiers.map((specifier, index) => `import * as module${index} from '${specifier}'`)
  const names = specifiers.map((_, index) => `module${index}`).join(', ')
  return `${lines.join('\n')}\n\nconsole.log([${names}].length, 'entry points loaded')\n`
}

const typeCheckOptions = (resolution: string, isComplete: boolean): object => ({
  compilerOptions: {
    target: 'es2023',
    lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable', 'WebWorker.ImportScripts'],
    module: resolution === 'bundler' ? 'esnext' : resolution,
    moduleResolution: resolution,
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    // Our declarations are checked, too; without their optional peers some of them cannot be whole.
    skipLibCheck: !isComplete,
    types: ['node'],
    noEmit: true,
  },
  include: ['imports.ts', 'smoke.ts', 'readme'],
})
