/**
 * Bundles the workers' entries into one file each, over those that `tsc -b` has written, with SQLite's WebAssembly beside:
 * a page without a bundler can start them (import maps do not reach workers), and one in development loads one file
 * instead of hundreds. Bundlers take the two copies of the WebAssembly for one file, by its content. Run after `tsc -b`.
 */
import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const inPackage = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

await build({
  entryPoints: [inPackage('src/LeaderWorker.ts'), inPackage('src/BrokerWorker.ts')],
  outdir: inPackage('dist'),
  bundle: true,
  platform: 'browser',
  format: 'esm',
  // Web Locks, OPFS and module workers are younger than this.
  target: 'es2022',
  logLevel: 'warning',
  legalComments: 'none',
})

const { resolve } = createRequire(createRequire(import.meta.url).resolve('@headwater/sqlite-wasm'))
copyFileSync(resolve('@journeyapps/wa-sqlite/dist/wa-sqlite.wasm'), inPackage('dist/wa-sqlite.wasm'))
