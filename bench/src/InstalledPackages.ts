import { existsSync, lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Measurement } from './Workload.ts'

/**
 * Counts what npm has put into a `node_modules`, nested ones included. A link counts as nothing: what it leads to lies
 * elsewhere.
 *
 * **Shape** figures `size` (MB of all files as they are, whatever the disk makes of them) and `packages`; `checksum` is
 * what an app has stored that runs on them.
 */
export const measureInstall = (nodeModules: string, checksum: string): Measurement => ({
  figures: { size: bytesIn(nodeModules) / 1e6, packages: packagesIn(nodeModules).length },
  checksum,
})

const foldersIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => path.join(folder, name))

/** A package is a folder of `node_modules`, or of a scope in it, and may hold a `node_modules` of its own. */
const packagesIn = (nodeModules: string): ReadonlyArray<string> =>
  foldersIn(nodeModules)
    .flatMap((folder) => (path.basename(folder).startsWith('@') ? foldersIn(folder) : folder))
    .flatMap((folder) => {
      const nested = path.join(folder, 'node_modules')
      return [folder, ...(existsSync(nested) ? packagesIn(nested) : [])]
    })

const bytesIn = (folder: string): number => {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) bytes += bytesIn(file)
    else if (entry.isFile()) bytes += lstatSync(file).size
  }
  return bytes
}
