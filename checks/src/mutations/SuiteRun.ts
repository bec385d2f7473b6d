/** Runs one vitest suite in a copy of the checkout and reads from its JSON report how it ended. */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { type Suite, suiteName } from './Mutation.ts'

/**
 * How a suite ended.
 *
 * - `passed`: at least one test ran, none failed.
 * - `failed`: a test failed; `test` is the first one.
 * - `unusable`: no test ran, the file did not load, or something else than a test failed: it says nothing about the fault.
 * - `hung`: it did not end in time. That is no catch: a suite's own timeout has to fail a test.
 */
export type SuiteOutcome =
  | { readonly _tag: 'passed'; readonly tests: number }
  | { readonly _tag: 'failed'; readonly test: string; readonly message: string }
  | { readonly _tag: 'unusable'; readonly detail: string }
  | { readonly _tag: 'hung' }

/** What is read of vitest's JSON report. */
interface Report {
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly message?: string
    readonly assertionResults: ReadonlyArray<Ran>
  }>
}

interface Ran {
  readonly status: string
  readonly title: string
  readonly ancestorTitles: ReadonlyArray<string>
  readonly failureMessages?: ReadonlyArray<string>
}

/** Longer than any suite needs on a busy machine, and than the 30 s after which a test that waits for ever has failed. */
const timeoutMs = 180_000

/** The code itself is wrong, not what it does: a fault that no compiler would let pass proves nothing. */
const notCompiled = /^(SyntaxError|ReferenceError)\b/

/** **Shape**  `folder` is the copy. It ends after the first failing test. */
export const runSuite = async (folder: string, suite: Suite): Promise<SuiteOutcome> =>
  (await runFile(folder, suite.file, [suite], ['--bail=1']))[0]!

/** Runs suites of one file at once, to their ends. **Shape**  outcomes in the order of `suites`. */
export const runSuitesOf = (
  folder: string,
  file: string,
  suites: ReadonlyArray<Suite>,
): Promise<ReadonlyArray<SuiteOutcome>> => runFile(folder, file, suites, [])

const runFile = async (
  folder: string,
  file: string,
  suites: ReadonlyArray<Suite>,
  flags: ReadonlyArray<string>,
): Promise<ReadonlyArray<SuiteOutcome>> => {
  const reportFile = path.join(folder, 'suite-report.tmp.json')
  rmSync(reportFile, { force: true })
  const { hasHung, output } = await runVitest(folder, [
    file,
    ...namePattern(suites),
    ...flags,
    '--reporter=json',
    `--outputFile=${reportFile}`,
  ])
  if (hasHung) return suites.map(() => ({ _tag: 'hung' }))
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report
    return suites.map((suite) => outcomeOf(report, suite, output))
  } catch {
    return suites.map(() => ({ _tag: 'unusable', detail: `${file} left no report: ${lastLines(output)}` }))
  }
}

/** The tests of any of them; all tests if one of them is the whole file. */
const namePattern = (suites: ReadonlyArray<Suite>): ReadonlyArray<string> => {
  const names = suites.flatMap(({ test }) => test ?? [])
  if (names.length < suites.length) return []
  const escaped = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return ['--testNamePattern', escaped.join('|')]
}

/** Whoever ends this process ends what it has started. */
const running = new Set<number>()
process.on('exit', () => running.forEach((pid) => endGroup(pid)))

const runVitest = (
  folder: string,
  args: ReadonlyArray<string>,
): Promise<{ readonly hasHung: boolean; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const vitest = path.join(folder, 'node_modules/vitest/vitest.mjs')
    // A group of its own: a suite that hangs is ended with the processes it has started.
    const child = spawn(process.execPath, [vitest, 'run', ...args], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    })
    if (child.pid !== undefined) running.add(child.pid)
    let output = ''
    let hasHung = false
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-20_000)))
    }
    const timer = setTimeout(() => {
      hasHung = true
      endGroup(child.pid)
    }, timeoutMs)
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      // What the suite may have left running.
      endGroup(child.pid)
      running.delete(child.pid ?? 0)
      resolve({ hasHung, output })
    })
  })

const endGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody of the group is left.
  }
}

/** Reads a report: the first test that failed, or why the run says nothing. */
export const outcomeOf = ({ testResults }: Report, suite: Suite, output: string): SuiteOutcome => {
  const nameOf = (ran: Ran) => [...ran.ancestorTitles, ran.title]
  const tests = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter((ran) => suite.test === undefined || nameOf(ran).join(' ').includes(suite.test))
  const failed = tests.find(({ status }) => status === 'failed')
  if (failed !== undefined) {
    const message = failed.failureMessages?.[0] ?? ''
    const test = nameOf(failed).join(' > ')
    if (notCompiled.test(message)) return { _tag: 'unusable', detail: `${test}: ${firstLine(message)}` }
    return { _tag: 'failed', test, message: firstLine(message) }
  }
  const unloaded = testResults.find(({ status, message = '' }) => status === 'failed' && message !== '')
  if (unloaded !== undefined) {
    return { _tag: 'unusable', detail: `${suiteName(suite)} did not load: ${firstLine(unloaded.message ?? '')}` }
  }
  const passed = tests.filter(({ status }) => status === 'passed').length
  if (passed === 0) return { _tag: 'unusable', detail: `${suiteName(suite)}: no test ran` }
  if (testResults.some(({ status }) => status === 'failed') || /Unhandled Errors?/.test(output)) {
    return { _tag: 'unusable', detail: `${suiteName(suite)} failed outside of its tests: ${lastLines(output)}` }
  }
  return { _tag: 'passed', tests: passed }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!.trim()

const lastLines = (text: string): string => text.trim().split('\n').slice(-5).join(' | ')
