/** A few fault points of each kind of `check:anomalies`, and that the check can fail. */
import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { DeviceKind } from '../src/anomalies/AnomalyDevice.ts'
import { anomalyChoices, tasksOf } from '../src/anomalies/AnomalyLoop.ts'
import { readOptions, WrongFlag } from '../src/anomalies/AnomalyOptions.ts'
import { runPoint } from '../src/anomalies/AnomalyRun.ts'
import { fileAnomalies, runFileAnomaly } from '../src/anomalies/FileAnomalies.ts'
import { nodeDevice } from '../src/anomalies/NodeDevice.ts'
import { wasmDevice } from '../src/anomalies/WasmDevice.ts'
import { writePaths } from '../src/anomalies/WritePaths.ts'

let points = 0
afterAll(() => process.stdout.write(`PROOF anomalies_sampled_points=${points}\n`))

/** Every path, at every so many operations: all of them are `check:anomalies`. */
const samples = [
  { kind: wasmDevice, fault: 'io', duration: 'once', step: 17 },
  { kind: wasmDevice, fault: 'full', duration: 'lasting', step: 29 },
  { kind: nodeDevice, fault: 'nomem', duration: 'lasting', step: 61 },
] as const

for (const { kind, fault, duration, step } of samples)
  describe(`${fault} ${duration}, on ${kind.name}`, () => {
    for (const [name, path] of Object.entries(writePaths)) {
      test(name, { timeout: 120_000 }, async () => {
        // Each path begins elsewhere, so that together they meet operations of every remainder.
        for (let n = 1 + (name.length % step); ; n += step) {
          const where = await runPoint({ path, kind, fault, duration, n })
          if (where === null) break
          points++
        }
      })
    }
  })

/** Each limit is a process of its own: from a store that cannot be made to one that takes a while to be full. */
const everyLimit = 4

describe('real files', () => {
  for (const name of Object.keys(fileAnomalies))
    test(name, { timeout: 120_000 }, async () => {
      const { held, violations } = await runFileAnomaly(name, name === 'file-size-limit' ? everyLimit : 1)
      expect(violations).toEqual([])
      points += held
    })
})

describe('the check itself', () => {
  test('fails when what was promised is lost', { timeout: 60_000 }, async () => {
    // A device that forgets an acknowledged event whenever it is looked at.
    const lossy: DeviceKind = {
      ...wasmDevice,
      make: () => {
        const inner = wasmDevice.make()
        return {
          storage: () => inner.storage(),
          openDatabase: (image) => inner.openDatabase(image),
          arm: (...fault) => inner.arm(...fault),
          repair: () => inner.repair(),
          hit: () => inner.hit(),
          spoilEventlog: (text) => inner.spoilEventlog(text),
          removeState: () => inner.removeState(),
          dispose: () => inner.dispose(),
          look: (look) =>
            inner.look((files) => {
              files.eventlog.exec('DELETE FROM eventlog WHERE seqNumGlobal = 1')
              return look(files)
            }),
        }
      },
    }
    const point = { path: writePaths['commit']!, kind: lossy, fault: 'io', duration: 'once', n: 1 } as const
    await expect(runPoint(point)).rejects.toThrow('P1')
  })

  const main = fileURLToPath(new URL('../src/anomalies/main.ts', import.meta.url))

  test('runs one point by its flags', { timeout: 60_000 }, () => {
    const flags = ['--driver', 'wasm', '--path', 'commit', '--fault', 'full', '--duration', 'once', '--n', '1']
    expect(execFileSync(process.execPath, [main, ...flags], { encoding: 'utf8' })).toContain(
      'PROOF anomalies_points=1 anomalies_points_wasm=1 anomalies_points_node=0 anomalies_paths=1 anomalies_violations=0',
    )
  })

  test.each([
    [['--driver', 'oracle'], /^--driver is one of wasm, node, not "oracle"$/u],
    [['--n', '0'], /^--n is a whole number from 1 on, not "0"$/u],
    [['--jobs', 'all'], /^--jobs is a whole number from 1 on, not "all"$/u],
    [['--nonsense'], /^Unknown option '--nonsense'; there are --driver, [^\n]*$/u],
  ])('a flag that makes no sense is one line: %j', (flags, line) => {
    expect(() => readOptions(flags, anomalyChoices)).toThrow(WrongFlag)
    expect(() => readOptions(flags, anomalyChoices)).toThrow(line)
  })

  test('flags that leave nothing to do', () => {
    expect(tasksOf(readOptions(['--driver', 'wasm', '--path', 'damaged-state'], anomalyChoices))).toEqual([])
  })

  test('what makes no sense ends with exit code 2', { timeout: 60_000 }, () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, '--n', '0'], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toBe('check:anomalies: --n is a whole number from 1 on, not "0"\n')
  })
})
