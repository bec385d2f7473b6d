import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Folders of the workspace that may hold tests: `test/**\/*.test.ts` (`.tsx` with JSX), next to `src`. */
const folders = ['packages', 'examples', 'apps']
  .filter((parent) => existsSync(parent))
  .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
  .concat('bench', 'checks', 'demo')
  .filter((folder) => existsSync(`${folder}/test`))

/** A test that waits for a condition ends when it holds; this only bounds one that never will, on a machine however busy. */
const timeoutMs = 30_000

// Tests start hundreds of threads and processes that load the same sources: compiled once, they start in half the CPU time.
process.env['NODE_COMPILE_CACHE'] ??= resolve('node_modules/.cache/compiled')

/** Vitest leaves one core to itself; much of what tests do is waiting, and on two cores that left one file at a time. */
const maxWorkers = Math.max(2, availableParallelism() - 1)

/** Where `.ci/run` wants the counts as JSON; unset for people. */
const json = process.env['HEADWATER_TEST_JSON']

export default defineConfig({
  test: {
    maxWorkers,
    reporters: json === undefined ? ['default'] : ['default', ['json', { outputFile: json }]],
    projects: folders.map((folder) => ({
      test: {
        name: folder.replace('packages/', ''),
        root: folder,
        include: ['test/**/*.test.{ts,tsx}'],
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
      },
    })),
  },
})
