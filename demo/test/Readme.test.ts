/** The README's example, as it is printed there, runs against the server it names and does what its comments say. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startServer } from '@headwater/server'
import { expect, test } from 'vitest'

const here = import.meta.dirname
const readme = readFileSync(join(here, '../../README.md'), 'utf8')
const example = /```ts\n(import \{ createStore[\s\S]*?)```/.exec(readme)?.[1]

test('the example of the README runs, and runs again', { timeout: 60_000 }, async () => {
  expect(example).toBeDefined()
  const folder = mkdtempSync(join(tmpdir(), 'headwater-readme-'))
  // Beside this test, so that package names resolve as they do for a user.
  const program = join(here, 'readme.tmp.ts')
  const server = await startServer({ data: join(folder, 'server'), port: 0 })
  try {
    writeFileSync(
      program,
      example!.replace('http://127.0.0.1:4800', server.url).replace("'./data'", JSON.stringify(join(folder, 'data'))),
    )
    for (const open of [0, 1]) {
      const { stdout } = await promisify(execFile)(process.execPath, [program])
      const row = String.raw`\{ id: '[-0-9a-f]{36}', text: 'hello', done: false \}`
      const rows = Array.from({ length: open + 1 }, () => row).join(', ')
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(new RegExp(`^${open} open ${open + 1} open \\[ ${rows} \\] $`))
    }
  } finally {
    rmSync(program, { force: true })
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
