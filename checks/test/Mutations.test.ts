/** Keeps the list of seeded faults alive while the code changes. The faults themselves: `pnpm check:mutations`. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkout } from '../src/mutations/CheckoutCopy.ts'
import { mutate } from '../src/mutations/Mutation.ts'
import { MutationUsage, readMutationOptions } from '../src/mutations/MutationOptions.ts'
import { mutationPage } from '../src/mutations/MutationTable.ts'
import { mutatedText } from '../src/mutations/MutationRun.ts'
import { mutations } from '../src/mutations/Mutations.ts'
import { outcomeOf } from '../src/mutations/SuiteRun.ts'

const texts = new Map<string, string>()

/** What a test's name may be written in: the files beside its suite, and the cases of testkit. */
const sourcesOf = (folder: string): string => {
  const read = (from: string) =>
    globSync('**/*.{ts,tsx}', { cwd: path.join(checkout, from) }).map((file) =>
      readFileSync(path.join(checkout, from, file), 'utf8'),
    )
  const known = texts.get(folder) ?? [...read(folder), ...read('packages/testkit/src')].join('\n')
  texts.set(folder, known)
  return known
}

describe('the list', () => {
  test('every `find` occurs exactly once, and what comes out is still TypeScript', () => {
    for (const mutation of mutations) {
      const mutated = mutatedText(mutation)
      expect(mutated, mutation.name).not.toBe(readFileSync(path.join(checkout, mutation.file), 'utf8'))
      expect(() => stripTypeScriptTypes(mutated), mutation.name).not.toThrow()
    }
  })

  test('every name is unique, and every suite is there with the test that is named', () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
    for (const { name, caughtBy } of mutations) {
      expect(existsSync(path.join(checkout, caughtBy.file)), `${name}: ${caughtBy.file}`).toBe(true)
      const sources = sourcesOf(path.dirname(caughtBy.file))
      expect(sources.includes(caughtBy.test ?? ''), `${name}: no test is called "${caughtBy.test}"`).toBe(true)
    }
  })

  test('at least 30 faults, most of them in core', () => {
    expect(mutations.length).toBeGreaterThanOrEqual(30)
    const inCore = mutations.filter(({ file }) => file.startsWith('packages/core/'))
    expect(inCore.length * 2).toBeGreaterThan(mutations.length)
  })
})

describe('a fault', () => {
  const fault = { name: 'x', why: '', file: 'a.ts', find: 'one', replace: 'two', caughtBy: { file: 'a.test.ts' } }

  test('goes where its text is, and nowhere else', () => {
    expect(mutate('let one = 1', fault)).toBe('let two = 1')
    expect(() => mutate('let uno = 1', fault)).toThrow('x: `find` does not occur in a.ts')
    expect(() => mutate('let one = one', fault)).toThrow('x: `find` occurs more than once in a.ts')
  })
})

describe('a report', () => {
  const suite = { file: 'a.test.ts', test: 'b' }
  const ran = (status: string, message: string) => ({
    testResults: [
      {
        status: status === 'failed' ? 'failed' : 'passed',
        assertionResults: [{ status, title: 'b', ancestorTitles: ['a'], failureMessages: [message] }],
      },
    ],
  })

  test('is a catch only if a test failed by what the code does', () => {
    expect(outcomeOf(ran('failed', 'AssertionError: 1 is not 2\n at b'), suite, '')).toEqual({
      _tag: 'failed',
      test: 'a > b',
      message: 'AssertionError: 1 is not 2',
    })
    expect(outcomeOf(ran('failed', 'ReferenceError: c is not defined'), suite, '')._tag).toBe('unusable')
    expect(outcomeOf(ran('passed', ''), suite, '')).toEqual({ _tag: 'passed', tests: 1 })
  })

  test('says nothing if no test ran, the file did not load, or something beside the tests failed', () => {
    expect(outcomeOf(ran('skipped', ''), suite, '')).toEqual({
      _tag: 'unusable',
      detail: 'a.test.ts -t "b": no test ran',
    })
    const unloaded = { testResults: [{ status: 'failed', message: 'Unexpected token', assertionResults: [] }] }
    expect(outcomeOf(unloaded, suite, '')).toMatchObject({ _tag: 'unusable', detail: expect.stringContaining('load') })
    expect(outcomeOf(ran('passed', ''), suite, 'Unhandled Errors')._tag).toBe('unusable')
  })
})

describe('the page', () => {
  const caught = (name: string, test: string) => ({
    mutation: { ...mutations[0]!, name },
    seconds: 1,
    outcome: { _tag: 'caught' as const, test },
  })
  const survived = { ...caught('b', ''), outcome: { _tag: 'survived' as const, tests: 3 } }

  test('has the rows of those that ran, in order; those that did not keep theirs, and all are counted', () => {
    const names = ['a', 'b', 'c']
    const page = mutationPage([caught('c', 'x | y'), survived], names)
    expect(page).toContain('mutations=2 mutations_caught=1 mutations_survived=1')
    const again = mutationPage([caught('b', 'now'), caught('a', 'first')], names, page)
    const rows = again.split('\n').filter((line) => /^\| [abc] /.test(line))
    expect(rows.map((row) => row.split(' | ')[3]?.trim())).toEqual(['first', 'now', 'x \\| y'])
    expect(again).toContain('mutations=3 mutations_caught=3 mutations_survived=0')
    expect(mutationPage([caught('a', 'first')], ['a'], again)).not.toContain('now')
  })
})

describe('the command line', () => {
  test('takes names and jobs', () => {
    const { name } = mutations[3]!
    expect(readMutationOptions(['--only', name, '--jobs', '3'])).toMatchObject({ mutations: [{ name }], jobs: 3 })
    expect(readMutationOptions([]).mutations).toBe(mutations)
  })

  test.each([
    ['--only', 'nothing'],
    ['--jobs', '0'],
    ['--jobs', 'x'],
    ['--write', '/nowhere/at/all.md'],
    ['--what'],
    ['more'],
  ])('refuses %s %s in one line', (...args) => {
    expect(() => readMutationOptions(args.filter((arg) => arg !== undefined))).toThrow(MutationUsage)
    expect(() => readMutationOptions(args)).toThrow(/^[^\n]+$/)
  })
})
