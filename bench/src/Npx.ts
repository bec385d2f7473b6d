import { spawnSync } from 'node:child_process'

/** Runs a package manager to its end. **Shape** `undefined` when it succeeded, otherwise one line that says why not. */
export const npx = (cwd: string, ...args: ReadonlyArray<string>): string | undefined => {
  const { status, stdout, stderr, error } = spawnSync('npx', ['-y', ...args], {
    cwd,
    encoding: 'utf8',
    // npx is a batch file on Windows.
    shell: process.platform === 'win32',
  })
  if (status === 0) return undefined
  if (error !== undefined) return error.message
  const lines = `${stderr}\n${stdout}`.split('\n').filter((line) => /error|ERR/.test(line))
  return lines[0]?.trim() ?? `npx ${args.join(' ')} ended with ${status}`
}

/** Installs what a folder's `package.json` asks for, as npm 11 does it, whichever npm there is. As {@link npx}. */
export const npmInstall = (folder: string): string | undefined =>
  npx(folder, 'npm@11', 'install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error')
