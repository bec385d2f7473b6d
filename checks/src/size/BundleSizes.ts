import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { eachMapping, TraceMap } from '@jridgewell/trace-mapping'
import { build, type Rolldown } from 'vite'
import type { BundlePart } from './SizeBudgets.ts'

/** **Units** bytes after gzip. */
export type BundleSizes = Readonly<Record<BundlePart, number>>

const entry = fileURLToPath(new URL('MinimalApp.ts', import.meta.url))

/**
 * Builds the minimal app as a user's production build does, with Vite and no configuration, and measures its files.
 *
 * **Shape**  `page` is every script that the page loads; `ours`, `effect` and `glue` (wa-sqlite's JavaScript) are what
 * comes from there, each compressed alone, so that together they are a little more than `page`.
 */
export const measureSizes = async (): Promise<BundleSizes> => {
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, sourcemap: true, rolldownOptions: { input: entry } },
  })) as Rolldown.RolldownOutput
  const scripts = output.filter((file) => file.type === 'chunk')
  const assets = output.filter((file) => file.type === 'asset')
  const assetSize = (name: RegExp): number => gzipped(one(assets, name).source)
  const origins = { ours: '', effect: '', glue: '' }
  for (const script of scripts) addOrigins(script, origins)
  return {
    page: scripts.reduce((sum, { code }) => sum + gzipped(code), 0),
    ours: gzipped(origins.ours),
    effect: gzipped(origins.effect),
    glue: gzipped(origins.glue),
    worker: assetSize(/LeaderWorker-.*\.js$/),
    broker: assetSize(/BrokerWorker-.*\.js$/),
    wasm: assetSize(/\.wasm$/),
  }
}

const gzipped = (content: string | Uint8Array): number => gzipSync(content, { level: 9 }).length

/** Two files by such a name, or none, would be measured as something they are not. */
const one = (assets: ReadonlyArray<Rolldown.OutputAsset>, name: RegExp): Rolldown.OutputAsset => {
  const found = assets.filter(({ fileName }) => name.test(fileName))
  if (found.length !== 1) throw new Error(`the build has ${found.length} files like ${name}, not one`)
  return found[0]!
}

/** Whose code a source file is. */
const originOf = (source: string): 'ours' | 'effect' | 'glue' => {
  if (source.includes('/wa-sqlite/')) return 'glue'
  return source.includes('/effect/') ? 'effect' : 'ours'
}

/** Adds each piece of the script to its origin's text; what the bundler itself has written is ours. */
const addOrigins = ({ code, map }: Rolldown.OutputChunk, origins: Record<string, string>): void => {
  const lines = code.split('\n')
  let piece = { line: 1, column: 0, origin: 'ours' }
  const endAt = (line: number, column: number): void => {
    const text =
      line === piece.line
        ? lines[line - 1]!.slice(piece.column, column)
        : [
            lines[piece.line - 1]!.slice(piece.column),
            ...lines.slice(piece.line, line - 1),
            lines[line - 1]!.slice(0, column),
          ].join('\n')
    origins[piece.origin] += text
  }
  eachMapping(new TraceMap(map as never), ({ generatedLine: line, generatedColumn: column, source }) => {
    endAt(line, column)
    piece = { line, column, origin: originOf(source ?? '') }
  })
  endAt(lines.length, lines.at(-1)!.length)
}
