/** The one command of this example, run from here too: its suites are node:test's. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const count = (tap: string, name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1])

for (const suite of ['FileBackend', 'Crash']) {
  test(`${suite}.suite.ts passes under node:test`, { timeout: 240_000 }, async () => {
    const program = ['--test', '--test-reporter=tap', join(import.meta.dirname, `${suite}.suite.ts`)]
    // Fewer kills than the example's own command has.
    const options = { maxBuffer: 2 ** 26, env: { ...process.env, HEADWATER_KILLS: '3' } }
    const { stdout } = await promisify(execFile)(process.execPath, program, options).catch(
      (error: { readonly stdout: string }) => error,
    )
    expect(count(stdout, 'fail'), stdout).toBe(0)
    expect(count(stdout, 'pass')).toBeGreaterThan(0)
    for (const [line] of stdout.matchAll(/PROOF .*/g)) process.stdout.write(`${line}\n`)
    process.stdout.write(
      `PROOF node_suite=${suite} passed=${count(stdout, 'pass')} skipped=${count(stdout, 'skipped')}\n`,
    )
  })
}
