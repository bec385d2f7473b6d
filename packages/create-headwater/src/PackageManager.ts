import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { shellPath } from './ProjectFolder.ts'
import { ScaffoldRefused } from './ScaffoldRefused.ts'

export const packageManagers = ['npm', 'pnpm', 'yarn'] as const
export type PackageManager = (typeof packageManagers)[number]

/** The one that runs this program, by what it says of itself (`npm_config_user_agent`). */
export const runningPackageManager = (userAgent: string | undefined): PackageManager =>
  packageManagers.find((name) => userAgent?.startsWith(`${name}/`)) ?? 'npm'

/** **Fails with** `ScaffoldRefused`. */
export const packageManagerNamed = (name: string): PackageManager => {
  const found = packageManagers.find((each) => each === name)
  if (found !== undefined) return found
  throw new ScaffoldRefused(`"${name}" is no package manager known here: choose one of ${packageManagers.join(', ')}`)
}

/** What went wrong, in the package manager's own word: npm's code, pnpm's, or the system's. */
export const failureIn = (said: string, exitCode: number): string =>
  (/^npm (?:error|ERR!) code (\w+)/m.exec(said) ?? /\b(ERR_[A-Z_]+|E(?!RROR\b)[A-Z]+(?:_[A-Z]+)?)\b/.exec(said))?.[1] ??
  `it ended with ${exitCode}`

/**
 * Installs the project's dependencies. **Fails with** `ScaffoldRefused`: the project is whole, and what was installed of
 * its dependencies is gone again.
 */
export const installDependencies = (manager: PackageManager, folder: string): void => {
  const { status, stderr, stdout } = spawnSync(manager, ['install'], {
    cwd: folder,
    encoding: 'utf8',
    // The managers are scripts on Windows.
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true })
  const reason = status === null ? 'it could not be started' : failureIn(`${stderr}${stdout}`, status)
  const again = `cd ${shellPath(folder)} && ${manager} install`
  throw new ScaffoldRefused(`the project is complete, but ${manager} install failed (${reason}); try again: ${again}`)
}
