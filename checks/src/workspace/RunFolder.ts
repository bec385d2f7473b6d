import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A folder for one run of a check, outside of the workspace. It goes when the process ends, Ctrl-C included. */
export const makeRunFolder = (check: string): string => {
  // On macOS the temp folder is behind a link, and modules are known by their real path.
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), `headwater-${check}-`)))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  return folder
}

export const makeSubfolder = (folder: string, name: string): string => {
  const made = path.join(folder, name)
  mkdirSync(made)
  return made
}
