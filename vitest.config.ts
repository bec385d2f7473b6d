import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** Folders of the workspace that may hold tests: `test/**\/*.test.ts` (`.tsx` with JSX), next to `src`. */
const folders = ['packages', 'examples', 'apps']
  .filter((parent) => existsSync(parent))
  .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
  .concat('bench', 'checks', 'demo')
  .filter((folder) => existsSync(`${folder}/test`))

/** A test that waits for a condition ends when it holds; this only bounds one that never will, on a machine however busy. */
const timeoutMs = 30_000

/** Where `.ci/run` wants the counts as JSON; unset for people. */
const json = process.env['HEADWATER_TEST_JSON']

export default defineConfig({
  test: {
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
