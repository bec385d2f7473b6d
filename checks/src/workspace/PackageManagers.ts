/** The package managers that are checked, each by the version that `checks/package.json` pins. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { readManifest } from './Workspace.ts'

const resolve = createRequire(import.meta.url).resolve

/** The script behind a command of an installed package. */
const scriptOf = (name: string, command: string): string => {
  const folder = path.dirname(resolve(`${name}/package.json`))
  const { bin } = readManifest(folder)
  const script = typeof bin === 'string' ? bin : bin?.[command]
  if (script === undefined) throw new Error(`${name} has no command ${command}`)
  return path.join(folder, script)
}

export const npmScript = (): string => scriptOf('npm', 'npm')
export const yarnClassicScript = (): string => scriptOf('yarn', 'yarn')
export const yarnScript = (): string => scriptOf('@yarnpkg/cli-dist', 'yarn')
export const attwScript = (): string => scriptOf('@arethetypeswrong/cli', 'attw')

/** The pnpm that runs this script, or the one that `npx` brings: the workspace has none of its own. */
export const pnpmCommand = (): { readonly program: string; readonly args: ReadonlyArray<string> } => {
  const running = process.env['npm_execpath'] ?? ''
  const isPnpm = path.basename(running).startsWith('pnpm')
  if (!isPnpm) return { program: 'npx', args: ['-y', 'pnpm@12'] }
  return /\.[cm]?js$/.test(running) ? { program: process.execPath, args: [running] } : { program: running, args: [] }
}
