/** Every block of code in the pages that users read does what `src/docs/CodeBlock.ts` says of its kind. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeBlocks, placeOf } from '../src/docs/CodeBlock.ts'
import { compileProblems, emptyCodeFolder, runPrograms, runProblems } from '../src/docs/PageCode.ts'
import { shellProblems } from '../src/docs/ShellBlock.ts'
import { workspaceRoot } from '../src/workspace/Workspace.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'ARCHITECTURE.md',
  ...globSync(['docs/**/*.md', 'examples/*/README.md', 'apps/docs/**/pages/*.{md,mdx}'], { cwd: workspaceRoot }),
  ...globSync('packages/*/README.md', { cwd: workspaceRoot }),
]
  .map((page) => page.replaceAll(path.sep, '/'))
  .toSorted()
const read = (page: string): string => readFileSync(path.join(workspaceRoot, page), 'utf8')
const blocks = pages.flatMap((page) => codeBlocks(page, read(page)))

let scratch = ''
beforeAll(() => {
  emptyCodeFolder()
  scratch = mkdtempSync(path.join(tmpdir(), 'headwater-docs-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('compiles', async () => {
  expect(blocks.length).toBeGreaterThan(60)
  expect(await compileProblems(blocks)).toEqual([])
}, 120_000)

test('runs', async () => {
  const programs = runPrograms(blocks)
  expect(programs.length).toBeGreaterThan(2)
  expect(await runProblems(programs, scratch)).toEqual([])
}, 120_000)

test('commands name what exists', () => {
  expect(shellProblems(blocks)).toEqual([])
})

test('JSON parses', () => {
  for (const block of blocks.filter(({ language }) => language === 'json'))
    expect(() => JSON.parse(block.code) as unknown, placeOf(block)).not.toThrow()
})

test('a page that is wrong is found', async () => {
  const page = (text: string) => codeBlocks('docs/x.md', text)
  const fenced = (info: string, code: string): string => `\`\`\`${info}\n${code}\n\`\`\`\n`
  expect(
    shellProblems(
      page(
        fenced(
          'sh',
          'npx -y pnpm@12 nothing\nnpx -p @headwater/server headwater-server --wrong 1\nnpm install @headwater/none',
        ),
      ),
    ),
  ).toHaveLength(3)
  expect(shellProblems(page(fenced('sh', 'npx -y pnpm@12 bench --quick\nnpx headwater-server --port 1')))).toEqual([])
  const run = (code: string) => runProblems(runPrograms(page(`# X\n\n${fenced('ts run', code)}`)), scratch)
  expect(await run('const two: number = 2\ntwo // => 3')).toEqual([
    expect.stringMatching(/docs\/x.md:5: the answer is another one/),
  ])
  expect(await run("Number('1') // throws TypeError")).toEqual([expect.stringMatching(/docs\/x.md:4: does not fail/)])
  expect(await run('const one = 1 // => 1\n;({ a: [one] }) // => { a: [1] }\nnull!.x // throws TypeError')).toEqual([])
})
