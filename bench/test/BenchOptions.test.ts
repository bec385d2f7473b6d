import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { benchDocs, withGenerated, withUpdated } from '../src/BenchDocs.ts'
import { BenchUsage, benchHelp, readBenchOptions } from '../src/BenchOptions.ts'
import type { BenchResult } from '../src/BenchResult.ts'
import { workloads } from '../src/Workloads.ts'

const page =
  'By hand.\n\n<!-- bench: generated from here on -->\n\nold\n\n<!-- bench: until here -->\n\nAlso by hand.\n'

describe('the command line', () => {
  it('reads what is asked for', () => {
    expect(readBenchOptions([])).toMatchObject({ workloads, rounds: 5, hasPeers: true, isFull: false, isQuick: false })
    expect(readBenchOptions(['--quick', '--peer', 'none'])).toMatchObject({ rounds: 1, hasPeers: false, isQuick: true })
    expect(readBenchOptions(['--full', '--rounds', '7', '--peer', 'livestore'])).toMatchObject({
      rounds: 7,
      hasPeers: true,
      isFull: true,
    })
    const { workloads: chosen } = readBenchOptions(['--only', 'batch, commit,batch'])
    expect(chosen.map(({ name }) => name)).toEqual(['batch', 'commit'])
  })

  it.each([
    [['--frobnicate'], /frobnicate/],
    [['stray'], /stray/],
    [['--only', 'nothing'], /no workload "nothing"; there are .*commit/],
    [['--rounds', '0'], /from 1 to 100, not "0"/],
    [['--rounds', '2.5'], /not "2.5"/],
    [['--peer', 'zero'], /--peer takes livestore or none, not "zero"/],
    [['--quick', '--full'], /give one of them/],
    [['--json', '/nowhere/at/all.json'], /no folder \/nowhere\/at/],
    [['--docs', '/nowhere/at/all.md'], /no such file/],
  ])('refuses %j in one line', (args, message) => {
    expect(() => readBenchOptions(args)).toThrow(message)
    expect(() => readBenchOptions(args)).toThrow(BenchUsage)
    expect(() => readBenchOptions(args)).not.toThrow(/\n/)
  })

  it('refuses a page without markers before anything is measured', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'headwater-bench-test-'))
    try {
      const file = path.join(folder, 'page.md')
      writeFileSync(file, '# Nothing\n')
      expect(() => readBenchOptions(['--docs', file])).toThrow(/no place for the table/)
      writeFileSync(file, page)
      expect(readBenchOptions(['--docs', file]).docsFile).toBe(file)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('names every workload in its help', () => {
    for (const { name } of workloads) expect(benchHelp()).toContain(`  ${name} `)
  })
})

const row: BenchResult = {
  workload: 'commit/median',
  engine: 'better-sqlite3',
  against: null,
  otherEngine: null,
  ratio: null,
  target: null,
  met: null,
  checksum: 'c',
  median: 12.34,
  spread: 0.1,
  unit: 'µs',
  other: null,
  runs: 5,
  otherRuns: null,
}
const beside = (more: Partial<BenchResult>): BenchResult => ({ ...row, against: 'raw', otherEngine: 'e', ...more })

describe('the page', () => {
  const generated = benchDocs(['2026-01-01', 'a machine'], workloads, [
    row,
    beside({ ratio: 1.5, other: 8.2, otherRuns: 5, target: 'cost <= 2 ×', met: true }),
    beside({ against: 'livestore', ratio: 50, other: 617, otherRuns: 1, target: 'gain >= 60 ×', met: false }),
  ])

  it('keeps what was written by hand, and can be written again', () => {
    const once = withGenerated(page, 'new')
    expect(once).toBe(page.replace('old', 'new'))
    expect(withGenerated(once, 'new')).toBe(once)
  })

  it('shows targets, met or missed, and in bold what costs more than at the other', () => {
    expect(generated).toContain('- a machine')
    expect(generated).toContain('1 of 2 targets are met')
    expect(generated).toMatch(/gain >= 60 × +\| 50 × \(livestore\) +\| \*\*missed\*\*/)
    expect(generated).toMatch(/raw +\| 8.2 µs +\| \*\*1.5 × more\*\*/)
    expect(generated).toMatch(/LiveStore +\| 617 µs \(one run\) +\| 50 × less/)
    expect(generated).toContain('- `median`: median of 4,000 commits')
    expect(generated).not.toContain('## batch')
  })

  it('takes some workloads anew, with when that was, and leaves what it says of others', () => {
    const names = workloads.map(({ name }) => name)
    const full = withGenerated(page, generated)
    const batch = beside({ workload: 'batch/median', ratio: 1, other: 9, target: 'cost <= 1.8 ×', met: true })
    const updated = withUpdated(full, { header: ['2026-02-02', 'quiet'], workloads, results: [batch], names })
    expect(updated).toContain('- 2026-01-01\n- a machine\n\n## Targets')
    expect(updated).toContain('2 of 3 targets are met')
    expect(updated).toMatch(/## batch[^#]*_Measured by itself: 2026-02-02;\nquiet._/)
    const commit = (text: string): string => text.slice(text.indexOf('## commit'), text.indexOf('after every 200'))
    expect(commit(updated)).toBe(commit(full))
    const again = withUpdated(updated, { header: ['later'], workloads, results: [{ ...batch, met: false }], names })
    expect(again).toContain('1 of 3 targets are met')
    expect(again).not.toContain('quiet')
    expect(again.match(/^## /gm)?.length).toBe(3)
  })
})
