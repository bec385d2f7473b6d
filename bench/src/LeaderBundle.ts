import { mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const entry = fileURLToPath(import.meta.resolve('@headwater/adapter-node/LeaderWorker'))
/** Inside of the workspace, where the addon is found. */
const folder = fileURLToPath(new URL('../node_modules/.cache', import.meta.url))

/** The leader's worker as it is published, one file: from sources it takes thrice as long to start. Answers where it is. */
export const leaderBundle = async (): Promise<URL> => {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'LeaderWorker.mjs')
  const fresh = `${file}.${process.pid}`
  await build({
    entryPoints: [entry],
    outfile: fresh,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.19',
    external: ['better-sqlite3'],
    logLevel: 'warning',
  })
  // Another run may be reading the last one.
  renameSync(fresh, file)
  return pathToFileURL(file)
}
