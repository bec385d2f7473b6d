import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RunFailed } from './RunProcess.ts'

/** Inside of the workspace, where packages are found. */
const folder = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))
/** In a process of its own: a bundler leaves 30 MB behind in the one whose memory is measured. */
const bundler = fileURLToPath(new URL('bundle.ts', import.meta.url))

/**
 * Uses a module of ours, with all of ours that it needs, as plain JavaScript in one file, which is gone afterwards: what is
 * published.
 *
 * **Fails with**  `RunFailed`.
 */
export const withPublished = async <A>(entry: URL, use: (file: string) => Promise<A>): Promise<A> => {
  // A file for each run: another one may be reading it.
  const outfile = `${folder}published-${process.pid}.mjs`
  const { status, stderr } = spawnSync(process.execPath, [bundler, fileURLToPath(entry), outfile], { encoding: 'utf8' })
  if (status !== 0) throw new RunFailed(`${entry.href} cannot be bundled: ${stderr}`)
  try {
    return await use(outfile)
  } finally {
    rmSync(outfile)
  }
}

/** Imports it into this process. Sources that Node strips of their types keep some 15 MB that no user has. */
export const importPublished = (entry: URL): Promise<unknown> =>
  withPublished(entry, (file) => import(pathToFileURL(file).href))

/** `wa-sqlite.wasm`, for code that can't find it: in one file it is no longer beside it. */
export const wasmBinary = (): Uint8Array =>
  readFileSync(
    createRequire(import.meta.resolve('@headwater/sqlite-wasm')).resolve('@journeyapps/wa-sqlite/dist/wa-sqlite.wasm'),
  )
