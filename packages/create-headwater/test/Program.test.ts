/** What scripts and new users meet: every template by flags alone, and every mistake answered with one line. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { failureIn } from '../src/PackageManager.ts'
import { type Ended, InstalledProgram } from './InstalledProgram.ts'

const program = new InstalledProgram()
afterAll(() => program.remove())
beforeEach(() => program.enterNewFolder())

const at = (...names: ReadonlyArray<string>): string => path.join(program.folder, ...names)
const read = (...names: ReadonlyArray<string>): string => readFileSync(at(...names), 'utf8')

/** One line on standard error, and the folder as it was. */
const expectRefused = ({ code, stderr, stdout }: Ended, line: RegExp, left: ReadonlyArray<string> = []): void => {
  expect(stderr).toMatch(line)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(stdout).toBe('')
  expect(code).toBe(1)
  expect(readdirSync(program.folder)).toEqual(left)
}

describe.each(['react-web', 'node-service', 'backend'])('%s', (template) => {
  test('is a whole project with its name and the versions of the workspace', () => {
    const { code, stdout, stderr } = program.run(['apps/My App', '--template', template])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain('cd "apps/My App"\n  npm install\n')
    const files = readdirSync(at('apps/My App'), { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    )
    for (const file of files) {
      const text = readFileSync(path.join(file.parentPath, file.name), 'utf8')
      expect(text, file.name).not.toMatch(/\{\{|workspace:|catalog:/)
    }
    expect(readdirSync(at('apps'))).toEqual(['My App'])
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['.gitignore', 'README.md', 'tsconfig.json']))
    const manifest = JSON.parse(read('apps/My App/package.json')) as {
      name: string
      devDependencies: Record<string, string>
      dependencies?: Record<string, string>
    }
    expect(manifest.name).toBe('my-app')
    const core = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../core/package.json'), 'utf8')) as {
      version: string
    }
    const ranges = { ...manifest.devDependencies, ...manifest.dependencies }
    expect(ranges['@headwater/core']).toBe(`^${core.version}`)
    expect(ranges['effect']).toMatch(/^\^\d+\.\d+\.\d+$/)
  })
})

test('a new backend gets what the example has, as it is', () => {
  program.run(['store', '--template', 'backend'])
  const example = path.join(import.meta.dirname, '../../../examples/backend-file/src')
  for (const file of ['PushJudgement.ts', 'Cursor.ts'])
    expect(read('store/src', file)).toBe(readFileSync(path.join(example, file), 'utf8'))
})

test('the folder that it stands in, and one that is there but empty', () => {
  mkdirSync(at('here'))
  expect(program.run(['.', '-t', 'backend', '--name', '@me/log'], { cwd: at('here') }).code).toBe(0)
  expect(JSON.parse(read('here/package.json'))).toMatchObject({ name: '@me/log' })
  mkdirSync(at('empty'))
  expect(program.run(['empty', '-t', 'backend']).code).toBe(0)
  expect(readdirSync(program.folder)).toEqual(['empty', 'here'])
})

test('a folder that is not empty', () => {
  mkdirSync(at('app'))
  writeFileSync(at('app/mine.txt'), 'mine')
  const ended = program.run(['app', '--template', 'react-web'])
  expectRefused(ended, /app is not empty: choose another name, or empty it/, ['app'])
  expect(readdirSync(at('app'))).toEqual(['mine.txt'])
})

test('a file in its place', () => {
  writeFileSync(at('app'), '')
  expectRefused(program.run(['app', '-t', 'backend']), /app is there and no folder/, ['app'])
})

test('a template that there is not', () => {
  const ended = program.run(['app', '--template', 'vue'])
  expectRefused(ended, /no template "vue": choose one of backend, node-service, react-web/)
})

test.each([
  [['app'], /say --template backend\|node-service\|react-web/],
  [['--template', 'backend'], /say a folder/],
  [['app', '--yes'], /say --template backend\|node-service\|react-web: --yes asks nothing/],
  [['app', 'other', '-t', 'backend'], /one folder at a time/],
  [['app', '-t', 'backend', '--name', 'My App'], /"My App" is no name for a package/],
  [['app', '-t', 'backend', '--package-manager', 'bun'], /"bun" is no package manager known here/],
  [['app', '--templat', 'backend'], /Unknown option '--templat'; --help/],
  [['app', '--template'], /argument missing; --help/],
] as const)('%j', (args, line) => {
  expectRefused(program.run(args), line)
})

test('a Node that is too old is told before anything is loaded that it cannot read', () => {
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.4' } })`
  const ended = program.run(['app', '-t', 'backend'], { nodeFlags: ['--import', `data:text/javascript,${old}`] })
  expectRefused(ended, /needs Node 22\.19 or newer, this is 20\.19\.4: install a current Node/)
})

// Root may write anywhere.
test.skipIf(process.getuid?.() === 0)('a folder that may not be written', () => {
  mkdirSync(at('closed'))
  chmodSync(at('closed'), 0o500)
  expectRefused(program.run(['closed/deep/app', '-t', 'backend']), /EACCES/, ['closed'])
})

test('no network: the project is whole, nothing half-installed is left, and the line says how to go on', () => {
  // Port 9 discards, where it is open at all.
  const env = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0', npm_config_user_agent: '' }
  const { code, stderr } = program.run(['app', '-t', 'backend', '--install'], { env })
  expect(stderr).toMatch(/complete, but npm install failed \(ECONNREFUSED\); try again: cd app && npm install\n$/)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(code).toBe(1)
  expect(existsSync(at('app/README.md'))).toBe(true)
  expect(existsSync(at('app/node_modules'))).toBe(false)
})

test.each([
  ['npm error code EAI_AGAIN\nnpm error errno EAI_AGAIN', 'EAI_AGAIN'],
  ['npm warn EBADENGINE ignored\nnpm error code E404\nnpm error 404 Not Found', 'E404'],
  [' ERR_PNPM_META_FETCH_FAIL  GET http://127.0.0.1:9/lit: request failed', 'ERR_PNPM_META_FETCH_FAIL'],
  ['error An unexpected error occurred: "https://r/lit: getaddrinfo ENOTFOUND r".', 'ENOTFOUND'],
  ['ERROR Something else', 'it ended with 3'],
])('a package manager that said %j', (said, reason) => {
  expect(failureIn(said, 3)).toBe(reason)
})

test('--help and --version', () => {
  expect(program.run(['--help']).stdout).toContain('--template NAME')
  expect(program.run(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
