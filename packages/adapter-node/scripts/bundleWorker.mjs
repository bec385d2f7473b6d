/**
 * Bundles the leader's worker entry into one file, over the one that `tsc -b` has written: a worker that reads one file
 * starts in less than half the time. Run after `tsc -b`.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** @param {string} outfile */
export const bundleWorker = (outfile) =>
  build({
    entryPoints: [fileURLToPath(new URL('../src/LeaderWorker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.19',
    external: ['better-sqlite3'],
    logLevel: 'warning',
    legalComments: 'none',
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundleWorker(fileURLToPath(new URL('../dist/LeaderWorker.js', import.meta.url)))
}
