/** House rules as code: see CONTRIBUTING.md. What is older than a rule is in src/tidy/TidyExceptions.ts. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { deadLinks, type SourceFile } from '../src/tidy/MarkdownLinks.ts'
import { undocumentedExports } from '../src/tidy/PublicDocblocks.ts'
import { longFileExceptions, longLineExceptions, undocumentedExceptions } from '../src/tidy/TidyExceptions.ts'
import { bannedFileNames, bannedTexts, longFiles, longLines, unpinnedActions } from '../src/tidy/TidyRules.ts'
import { publishedPackages, workspaceRoot } from '../src/workspace/Workspace.ts'

const paths = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: workspaceRoot,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(path.join(workspaceRoot, file)))

const read = (file: string): SourceFile => ({
  path: file,
  text: readFileSync(path.join(workspaceRoot, file), 'utf8'),
})
const files = paths.filter((file) => /\.(tsx?|mts|mjs|md|yml|yaml|json)$/.test(file)).map(read)
/** What people write in lines; API snapshots and changelogs are made by programs, a changeset is one paragraph. */
const written = files.filter(
  ({ path: file }) => /\.(tsx?|mts|mjs|md)$/.test(file) && !/\.api\.md$|CHANGELOG|^\.changeset/.test(file),
)
const pages = written.filter(({ path: file }) => file.endsWith('.md') && !file.includes('/templates/'))

test('files are named after what they are about', () => {
  expect(paths.length).toBeGreaterThan(500)
  expect(bannedFileNames(paths)).toEqual([])
  expect(bannedFileNames(['a/src/utils.ts', 'a/helpers/X.ts', 'a/src/DataFolder.ts'])).toHaveLength(2)
})

test('files are about one thing', () => {
  expect(longFiles(written, longFileExceptions)).toEqual([])
  const long = { path: 'packages/x/src/X.ts', text: 'a\n'.repeat(401) }
  expect(longFiles([long], {})).toEqual(['packages/x/src/X.ts: 401 lines, at most 400; divide it'])
  expect(longFiles([long], { 'packages/x/src/X.ts': 600 })).toEqual([
    'packages/x/src/X.ts: shorter by now; lower its exception, or strike it out',
  ])
})

test('comments and prose fit a screen', () => {
  expect(longLines(written, longLineExceptions)).toEqual([])
  expect(longLines([{ path: 'x.ts', text: `// ${'a'.repeat(150)}` }], {})).toHaveLength(1)
  expect(longLines([{ path: 'x.ts', text: 'a' }], { 'x.ts': 1 })).toEqual([
    'x.ts: no long line is left; strike out its exception',
  ])
})

test('nothing is committed that was meant for a moment', () => {
  expect(bannedTexts(files)).toEqual([])
  expect(bannedTexts([{ path: 'x.ts', text: ['test', 'only(1)'].join('.') }])).toHaveLength(1)
})

test('links between pages lead somewhere', () => {
  expect(pages.length).toBeGreaterThan(20)
  expect(deadLinks(workspaceRoot, pages)).toEqual([])
  const page = (text: string) => [{ path: 'docs/x.md', text }]
  expect(deadLinks(workspaceRoot, page('[a](nowhere.md) [b](../README.md#no-such) [c](#here)'))).toHaveLength(3)
  expect(deadLinks(workspaceRoot, page('# Here\n\n[a](../README.md) [c](#here) `[d](e)` [f](https://g)'))).toEqual([])
})

test('what users import says what it is', () => {
  const undocumented = publishedPackages().flatMap(undocumentedExports)
  expect(undocumented.filter((name) => !undocumentedExceptions.includes(name))).toEqual([])
  // Whoever has written one of these strikes it out.
  expect(undocumentedExceptions.filter((name) => !undocumented.includes(name))).toEqual([])
})

test('workflows run what was looked at, with the least that they need', () => {
  expect(unpinnedActions(files)).toEqual([])
  const workflow = (text: string) => [{ path: '.github/workflows/x.yml', text }]
  expect(unpinnedActions(workflow('permissions: {}\n  - uses: actions/checkout@v5 # v5'))).toHaveLength(1)
  expect(unpinnedActions(workflow(''))).toHaveLength(1)
})
