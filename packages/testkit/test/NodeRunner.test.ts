/** The suites know no test runner: nothing imports one, and what passes here passes under node:test too. */
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { syncBackendCases } from '@headwater/testkit'
import { expect, test } from 'vitest'

/** What node:test printed, whether it passed or not. */
const runNodeTest = async (file: string): Promise<string> => {
  const program = ['--test', '--test-reporter=tap', join(import.meta.dirname, file)]
  const { stdout } = await promisify(execFile)(process.execPath, program, { maxBuffer: 2 ** 26 }).catch(
    (error: { readonly stdout: string }) => error,
  )
  return stdout
}

/** The package of an import that is no file of ours, and no example in a comment. */
const bareImport = /^(?! \*).*?(?:from |import |import\()'((?:@[^/']+\/)?[^./'][^/']*)[^']*'/gm

const count = (tap: string, name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1])

test('the backend suite and the SQLite suite pass under node:test, and say what they skip', async () => {
  const tap = await runNodeTest('NodeRunner.suite.ts')
  expect(count(tap, 'fail'), tap).toBe(0)
  const skipped = syncBackendCases.filter(({ needs }) => needs.some((need) => need !== 'restart'))
  // Those of the SQLite suite that need files come on top.
  expect(count(tap, 'skipped')).toBeGreaterThan(skipped.length)
  for (const { name, needs } of skipped) expect(tap).toContain(`${name} (needs ${needs.join(', ')})`)
  expect(count(tap, 'pass')).toBeGreaterThan(syncBackendCases.length - skipped.length)
  process.stdout.write(
    `PROOF node_test_passed=${count(tap, 'pass')} node_test_skipped=${count(tap, 'skipped')} backend_cases=${syncBackendCases.length}\n`,
  )
}, 120_000)

test('a case that fails says what was expected and what came; one that waits for ever says so', async () => {
  const tap = await runNodeTest('NodeRunnerFailing.suite.ts')
  expect(count(tap, 'fail')).toBeGreaterThan(20)
  expect(tap).toContain('number of events in the log: expected 3, got 0')
  expect(tap).toMatch(/not over after 2000 ms: the case waits for what the backend never delivers/)
}, 120_000)

test('what is published imports no test runner, and nothing else that its users do not install with it', () => {
  const folder = join(import.meta.dirname, '../src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const sources = files.map((file) => readFileSync(join(folder, file), 'utf8'))
  const imported = new Set(sources.flatMap((source) => [...source.matchAll(bareImport)].map((match) => match[1]!)))
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
  )
  // Types of a peer come with no import.
  const isTypes = (name: string): boolean => name.startsWith('@types/')
  const installed = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !isTypes(name))
  expect(installed).not.toContain('vitest')
  expect([...imported].filter((name) => !name.startsWith('node:')).toSorted()).toEqual(installed.toSorted())
  expect([...imported]).not.toContain('node:test')
})
