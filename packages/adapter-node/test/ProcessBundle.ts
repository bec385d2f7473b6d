import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * Entry points, and the leader's worker, as one file each: such a process starts in a third of the time, and tests that
 * kill processes start hundreds. Answers with where each file is.
 */
export const bundleProcesses = async (
  folder: string,
  entryPoints: Readonly<Record<string, URL>>,
): Promise<(name: string) => string> => {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  await build({
    entryPoints: {
      ...Object.fromEntries(Object.entries(entryPoints).map(([name, url]) => [name, fileURLToPath(url)])),
      LeaderWorker: here('../src/LeaderWorker.ts'),
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
    // The addon is found from the bundle's folder by its full path.
    banner: {
      js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(import.meta.url)});`,
    },
    plugins: [
      {
        name: 'addon',
        setup: (build_) =>
          build_.onResolve({ filter: /^better-sqlite3$/ }, () => ({
            path: pathToFileURL(createRequire(import.meta.url).resolve('better-sqlite3')).href,
            external: true,
          })),
      },
    ],
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(here('../src/bundled.js')).href) },
  })
  return (name) => join(folder, `${name}.mjs`)
}
