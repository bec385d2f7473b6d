/**
 * `pnpm test:browser`: the tests that run in a real Chromium; vitest's options are passed on.
 *
 * `pnpm test:browser --recovery 20`: how long tabs are without a leader after what can happen to one, 20 runs each;
 * `--relay` the same without SharedWorker, `--only stop` one kind. Fails if a bound is exceeded.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { measureRecovery } from './RecoveryTable.ts'

if (process.argv.includes('--recovery')) {
  const { values } = parseArgs({
    options: { recovery: { type: 'string' }, relay: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  const isWithin = await measureRecovery(Number(values.recovery), { isRelay: values.relay, only: values.only })
  process.exitCode = isWithin ? 0 : 1
} else {
  const args = ['vitest', 'run', '--project', 'adapter-web', ...process.argv.slice(2)]
  const { status } = spawnSync('pnpm', ['exec', ...args], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
